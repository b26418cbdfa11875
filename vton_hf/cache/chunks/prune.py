"""Throwing away what no dataset uses any more, beside others that build, load and prune."""

import re
import shutil
from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from vton_hf.cache.chunks.files import INCOMPLETE, LOCK, REPLACED
from vton_hf.cache.reservations import children

_UNFINISHED: Final = re.compile(rf"(\.(?P<id>[0-9a-f]{{32}}))?(\.tar)?{re.escape(INCOMPLETE)}$|{re.escape(LOCK)}$")
"""What stands behind the name of a file or directory that is being written, and whose it is."""


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
    directory: Path,
    used: set[str] | frozenset[str],
    under_way: set[str] | frozenset[str] = frozenset(),
    ended: set[str] | frozenset[str] = frozenset(),
) -> list[Entry]:
    """What lies in the directory, by name.

    Args:
        directory: The chunks', the manifests' or the listings'.
        used: The names that are referred to.
        under_way: Those of them that a process may be writing.
        ended: Processes that are gone, as scratch names hold them.
    """
    return [Entry(path, _weight(path), _is_used(path, used, under_way, ended)) for path in children(directory)]


def prune(unused: Iterable[Entry], removed: Path, still_used: Callable[[], Container[str]]) -> int:
    """Take entries out of the cache; datasets that have them open keep reading what they mapped.

    They are renamed, which takes no time in which others would have to wait; `clear` deletes them.

    Args:
        unused: What to take; what is gone by now is no matter.
        removed: Where to, a directory of the same disk.
        still_used: Names that are in use. Whoever began to use something meanwhile either said so before this looks,
            and is given it back, or finds it gone, and makes it anew: so no lock is needed.

    Returns:
        How many were taken.
    """
    removed.mkdir(parents=True, exist_ok=True)
    taken: list[tuple[Path, Path]] = []
    for entry in unused:
        with suppress(FileNotFoundError):
            taken.append((entry.path, entry.path.rename(removed / uuid4().hex)))
    used = still_used() if taken else ()
    wanted = [(path, aside) for path, aside in taken if path.name in used]
    for path, aside in wanted:
        if not path.exists():
            with suppress(OSError):
                aside.rename(path)
    return len(taken) - len(wanted)


def clear(removed: Path) -> None:
    """Delete what was taken, also by a process that was stopped before it did."""
    for path in children(removed):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_used(
    path: Path,
    used: set[str] | frozenset[str],
    under_way: set[str] | frozenset[str],
    ended: set[str] | frozenset[str],
) -> bool:
    unfinished = _UNFINISHED.search(path.name)
    if unfinished:
        return path.name[: unfinished.start()] in under_way and unfinished["id"] not in ended
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
