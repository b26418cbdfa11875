"""`vton-hf`."""

import sys

from vton_hf.cli import main

sys.exit(main(sys.argv[1:]))
