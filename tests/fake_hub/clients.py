"""Real clients, in processes of their own."""

import subprocess  # noqa: TC003
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.python import PYTHON, Program, Python


def run_python(
    code: str, env: Mapping[str, str], *arguments: str, cwd: Path | None = None, python: Python = PYTHON
) -> "subprocess.CompletedProcess[str]":
    """Run a client's script to its end; what it said on stderr is shown with a test that fails."""
    done = python.run(code, env, *arguments, cwd=cwd)
    sys.stderr.write(done.stderr)
    return done


def start_python(code: str, env: Mapping[str, str], *arguments: str, python: Python = PYTHON) -> Program:
    """Start a client's script, to be killed."""
    return python.start(code, env, *arguments)
