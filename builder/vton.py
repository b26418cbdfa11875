#!/usr/bin/env python
"""Build a mix of Virtual Try-On triplets into the cache of `datasets`.

    python builder/vton.py hard --s3-prefix s3://bucket/dataset_ultimate/ --num-proc 8

`load_dataset("builder/vton.py", "hard", ...)` works as well, once `vton_hf` has been imported.
"""

import sys

from vton_hf.builder import VTON
from vton_hf.cli import main

__all__ = ["VTON"]

if __name__ == "__main__":
    sys.exit(main(["build", *sys.argv[1:]]))
