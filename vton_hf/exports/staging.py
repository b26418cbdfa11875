"""A temporary directory for files that are being uploaded; those of dead processes are removed."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final
from uuid import uuid4

from vton_hf.cache import DAY, UNKNOWN, Owner, modified, myself

_FOLDER: Final = ".outgoing"
_OWNER: Final = ".owner.json"
_TRIES: Final = 9


@contextmanager
def staging_directory(root: Path) -> Iterator[Path]:
    """Give an empty folder below `root` until the block ends; remove those of processes that are gone.

    Raises:
        OSError: If the disk takes none.
    """
    home = root / _FOLDER
    _sweep(home)
    own = _made(home)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        with suppress(OSError):  # others are on their way
            home.rmdir()


def _made(home: Path) -> Path:
    own = home / uuid4().hex
    for attempt in range(1, _TRIES + 1):
        try:
            own.mkdir(parents=True)
            break
        except FileNotFoundError:
            # Another, who was the last, has just removed the folder that all are in.
            if attempt == _TRIES:
                raise
    (own / _OWNER).write_text(json.dumps(asdict(myself())), encoding="utf-8")
    return own


def _sweep(home: Path) -> None:
    with suppress(OSError):
        for path in home.iterdir():
            if not _is_in_use(path):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _is_in_use(path: Path) -> bool:
    """Whether its process may be at work: of one that cannot be asked as long as the folder is not a day old."""
    owner = UNKNOWN  # until it has said who it is
    with suppress(OSError, ValueError, TypeError):
        owner = Owner(**json.loads((path / _OWNER).read_text(encoding="utf-8")))
    return owner.may_run(seen=modified(path), within=DAY)
