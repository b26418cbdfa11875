"""`python -m vton_hf.cli` is `vton-hf`."""

import sys

from vton_hf.cli import main

sys.exit(main())
