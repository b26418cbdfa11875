"""Nothing stays of what was on its way: neither of an export that failed nor of one that was killed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.python import program
from vton_hf.exports.staging import staging_directory

KILLED = program("killed_while_staging")


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def write_half() -> None:
        with staging_directory(tmp_path) as folder:
            (folder / "half").write_text("a shard")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_what_was_killed_is_swept_away_by_the_next_and_what_runs_is_not(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False).returncode < 0
    assert [path.name for path in tmp_path.rglob("half")] == ["half"]
    with staging_directory(tmp_path) as first:
        (first / "mine").touch()
        with staging_directory(tmp_path):
            assert [path.name for path in tmp_path.rglob("*") if path.is_file()].count("mine") == 1
            assert list(tmp_path.rglob("half")) == []
    assert list(tmp_path.iterdir()) == []
