"""Real clients, in processes of their own."""

import subprocess  # noqa: TC003
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.python import PYTHON, Program


def run_python(
    code: str, env: Mapping[str, str], *arguments: str, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a client's script to its end; what it said on stderr is shown with a test that fails."""
    done = PYTHON.run(code, env, *arguments, cwd=cwd)
    sys.stderr.write(done.stderr)
    return done


def start_python(code: str, env: Mapping[str, str], *arguments: str) -> Program:
    """Start a client's script, to be killed."""
    return PYTHON.start(code, env, *arguments)
