"""Throwing away what no dataset uses any more, beside others that build, load and prune."""

import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from vton_hf.cache.chunks.files import INCOMPLETE, LOCK, REPLACED
from vton_hf.cache.reservations import children

_UNFINISHED: Final = re.compile(rf"(\.[0-9a-f]{{32}})?{re.escape(INCOMPLETE)}$|{re.escape(LOCK)}$")
"""What stands behind the name of a file or directory that is being written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One directory or file below the chunks' or manifests' directory.

    Attributes:
        path: Where it lies.
        bytes: What it takes on disk.
        used: Whether a dataset that was prepared refers to it, or a process is at work on it.
    """

    path: Path
    bytes: int
    used: bool


def entries(
    directory: Path, used: set[str] | frozenset[str], under_way: set[str] | frozenset[str] = frozenset()
) -> list[Entry]:
    """What lies in the directory, by name.

    Args:
        directory: The chunks', the manifests' or the listings'.
        used: The names that are referred to.
        under_way: Those of them that a process may be writing.
    """
    return [Entry(path, _weight(path), _is_used(path, used, under_way)) for path in children(directory)]


def prune(unused: Iterable[Entry], removed: Path) -> int:
    """Take entries out of the cache; datasets that have them open keep reading what they mapped.

    They are renamed, which takes no time in which others would have to wait; `clear` deletes them.

    Args:
        unused: What to take; what is gone by now is no matter.
        removed: Where to, a directory of the same disk.

    Returns:
        How many were taken.
    """
    removed.mkdir(parents=True, exist_ok=True)
    gone = 0
    for entry in unused:
        with suppress(FileNotFoundError):
            entry.path.rename(removed / uuid4().hex)
            gone += 1
    return gone


def clear(removed: Path) -> None:
    """Delete what was taken, also by a process that was stopped before it did."""
    for path in children(removed):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_used(path: Path, used: set[str] | frozenset[str], under_way: set[str] | frozenset[str]) -> bool:
    unfinished = _UNFINISHED.search(path.name)
    if unfinished:
        return path.name[: unfinished.start()] in under_way
    if path.suffix == REPLACED:
        return path.stem in under_way or (path.stem in used and not path.with_suffix("").exists())
    return path.name in used


def _weight(path: Path) -> int:
    if not path.is_dir():
        return _size(path)
    return sum(_weight(child) for child in children(path))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
