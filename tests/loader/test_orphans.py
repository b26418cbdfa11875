"""Workers end with the process that trains, whenever that is killed; other processes are left alone."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.python import TRAINERS, Program

ROOT = Path(__file__).parents[2]
CASES = [("fork", "beginning"), ("spawn", "unpickling"), ("forkserver", "unpickling"), ("forkserver", "training")]


def wait_until(done: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 120
    while not done():
        assert time.monotonic() < until, f"not so: {what}"
        time.sleep(0.1)


def lives(pid: int) -> bool:
    """Whether it does, and is no mere entry that its parent has yet to collect."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def started(case: tuple[str, str], folder: Path) -> Program:
    folder.mkdir()
    code = "from tests.loader.orphaned import main; main()"
    with (folder / "said").open("wb") as said:
        return TRAINERS.start(code, os.environ, *case, str(folder), stderr=said, cwd=ROOT)


def pids(folder: Path, trainer: Program) -> dict[str, int]:
    """Of the worker, which waits in the midst of something, and of a process that is none."""
    files = {who: folder / f"{who}.pid" for who in ("worker", "bystander")}
    wait_until(
        lambda: all(file.exists() for file in files.values()) or trainer.poll() is not None, f"{folder.name} has begun"
    )
    assert trainer.poll() is None, (folder / "said").read_text()
    return {who: int(file.read_text()) for who, file in files.items()}


@pytest.mark.timeout(600)  # processes import torch
@pytest.mark.skipif(sys.platform != "linux", reason="/proc says which processes live")
def test_workers_end_when_their_trainer_is_killed_and_others_do_not(tmp_path: Path) -> None:
    trainers = {tmp_path / "-".join(case): started(case, tmp_path / "-".join(case)) for case in CASES}
    found: dict[Path, dict[str, int]] = {}
    try:
        for folder, trainer in trainers.items():
            found[folder] = pids(folder, trainer)
            trainer.kill()
            trainer.wait()
            (folder / "worker.go").touch()
        for folder, of in found.items():
            wait_until(lambda of=of: not lives(of["worker"]), f"the worker of {folder.name} has ended")  # type: ignore[misc]
        assert all(lives(of["bystander"]) for of in found.values())
    finally:
        for folder, trainer in trainers.items():
            trainer.kill()
            for who in ("worker", "bystander"):
                (folder / f"{who}.go").touch()
        for pid in [pid for of in found.values() for pid in of.values() if lives(pid)]:
            os.kill(pid, signal.SIGKILL)
