"""A temporary directory for files that are being uploaded; those of dead processes are removed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from filelock import FileLock, Timeout

_FOLDER: Final = ".outgoing"
_LOCK: Final = ".lock"


@contextmanager
def staging_directory(root: Path) -> Iterator[Path]:
    """Give an empty folder below `root` until the block ends; remove those of processes that are gone."""
    home = root / _FOLDER
    home.mkdir(parents=True, exist_ok=True)
    own = home / uuid4().hex
    with FileLock(own.with_suffix(_LOCK)):
        _sweep(home)
        own.mkdir()
        try:
            yield own
        finally:
            shutil.rmtree(own, ignore_errors=True)
            own.with_suffix(_LOCK).unlink(missing_ok=True)
            with suppress(OSError):  # others are on their way
                home.rmdir()


def _sweep(home: Path) -> None:
    for lock in home.glob(f"*{_LOCK}"):
        try:
            with FileLock(lock, blocking=False):
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
        except Timeout:
            continue
