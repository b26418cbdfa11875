"""What the tests' forkserver, and what forks the test workers, import once, so that none of their children has to."""

import pytest  # noqa: F401

import tests.pushing
import tests.s3  # noqa: F401
import vton_hf.builder
import vton_hf.cli.commands
import vton_hf.loader
import vton_hf.transforms.api  # noqa: F401
from tests.python import freeze

freeze()
