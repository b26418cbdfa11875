"""All tests, collected: workers that are forked from a process that has imported this have their modules already."""

import contextlib
import os
from pathlib import Path

import pytest

with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
    pytest.main(["--collect-only", "-p", "no:cacheprovider", "-p", "no:xdist"])
