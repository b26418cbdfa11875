"""Progress bars: whole keys, and none where nobody looks."""

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

from tests.bucket import Bucket
from tests.python import program

SCRIPT = program("load_with_progress")


def test_bars_on_a_terminal_count_whole_keys(bucket: Bucket, tmp_path: Path) -> None:
    here, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    command = [sys.executable, "-c", SCRIPT, bucket.fill(2).prefix, str(tmp_path / "cache")]
    with subprocess.Popen(command, stderr=terminal) as running:
        os.close(terminal)
        said = b""
        while part := _read(here):
            said += part
    os.close(here)
    assert running.returncode == 0
    seen, quiet = said.decode().split("quiet from here")
    assert re.search(r"\rListing: 36 keys \[00:\d\d, ", seen)
    assert not re.search(r"\d\.\d+ keys \[", seen)
    assert "Building hard: 100%" in seen
    assert quiet.strip() == ""


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""
