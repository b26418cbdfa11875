"""What the tests' forkserver imports once, so that none of its children has to."""

import pytest  # noqa: F401

import tests.pushing
import tests.s3  # noqa: F401
import vton_hf.builder
import vton_hf.cli.commands
import vton_hf.loader
import vton_hf.transforms.api  # noqa: F401
from tests.python import freeze

freeze()
