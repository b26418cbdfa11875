"""Progress bars: whole keys, and none where nobody looks."""

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

from tests.bucket import Bucket

SCRIPT = """
import sys
import datasets
import vton_hf

prefix, cache = sys.argv[1:]
def load(config):
    vton_hf.load(config, s3_prefixes=[prefix], cache_dir=cache, epoch_size="min")
load("hard")
print("quiet from here", file=sys.stderr, flush=True)
datasets.disable_progress_bars()
load("easy")
"""


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
