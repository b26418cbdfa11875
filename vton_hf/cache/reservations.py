"""Who uses what of a cache: each process writes down the names, and that counts until the process has ended.

A lock would tell as much only where the file system passes locks on to other machines, and would cost a descriptor for
each dataset that a process has loaded.
"""

import atexit
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from filelock import FileLock

from vton_hf._core.files import atomic_write
from vton_hf.cache.owners import Owner, myself

WEEK: Final = 7 * 24 * 3600.0
"""So long a build that was stopped keeps what it has finished, and a process of another machine is believed to run."""

_LONGEST: Final = 10.0
"""Seconds to wait for a lock, which is held for milliseconds."""

_USE: Final = ".json"
_BUILD: Final = ".build.json"


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a process uses.

    Attributes:
        path: Its own file.
        names: Of files and directories in the cache.
        owner: The process.
    """

    path: Path
    names: frozenset[str]
    owner: Owner

    def is_live(self, last_used: float) -> bool:
        """Whether its process may still be at work.

        Args:
            last_used: When what is reserved was last opened, in seconds since 1970.
        """
        return self.owner.may_run(seen=max(last_used, modified(self.path)), within=WEEK)

    def is_resumable(self) -> bool:
        """Whether it is of a build that was stopped not long ago, which goes on with what it had finished."""
        return self.path.name.endswith(_BUILD) and time.time() - modified(self.path) <= WEEK


_own: dict[tuple[int, Path, str, str], Reservation] = {}
"""The reservations of this process, and of those that forked it."""


@contextmanager
def undisturbed(directory: Path, *, longest: float = _LONGEST) -> Iterator[None]:
    """Let no other process reserve anything, or decide what is in use, before the block ends.

    Args:
        directory: Where the reservations lie.
        longest: Seconds after which all goes on without the lock.

    Raises:
        OSError: If it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / ".lock", mode=0o666, timeout=longest)
    with ExitStack() as held:
        # On a file server without locks: whoever prunes looks again at what it took, so that none is needed.
        with suppress(OSError, NotImplementedError):
            held.enter_context(lock)
        yield


def reserve(directory: Path, what: str, names: Iterable[str]) -> None:
    """Keep what this process uses from being removed until it has ended, or reserves other names for the same.

    Where the directory takes no file nothing is reserved: few could remove anything there.

    Args:
        directory: Where the reservations lie.
        what: Tells what the names are used for, in characters that a file name may have.
        names: Of files and directories in the cache.
    """
    _reserve(directory, what, _USE, frozenset(names))


@contextmanager
def building(directory: Path, what: str, names: Iterable[str]) -> Iterator[None]:
    """Reserve what is about to be built, and use it once it is; a build that is stopped keeps what it has finished.

    Args:
        directory: Where the reservations lie.
        what: Tells what is built; earlier builds of the same need not go on.
        names: Of files and directories in the cache.
    """
    wanted = frozenset(names)
    _reserve(directory, what, _BUILD, wanted)
    yield
    _reserve(directory, what, _USE, wanted)
    with suppress(OSError):
        for each in all_reservations(directory):
            if each.path.match(f"{what}-*{_BUILD}") and (each.owner == myself() or not each.is_live(0.0)):
                each.path.unlink(missing_ok=True)


def _reserve(directory: Path, what: str, kind: str, names: frozenset[str]) -> None:
    key = os.getpid(), directory, what, kind
    former = _own.get(key)
    if former is not None and former.names == names and former.path.exists():
        return
    new = Reservation(directory / f"{what}-{uuid4().hex}{kind}", names, myself())
    with suppress(OSError), undisturbed(directory):
        with atomic_write(new.path) as scratch:
            scratch.write_text(json.dumps({"names": sorted(names), "owner": asdict(new.owner)}), encoding="utf-8")
        _own[key] = new
        if former is not None:
            former.path.unlink(missing_ok=True)


def all_reservations(directory: Path) -> list[Reservation]:
    """All that there are, those of processes that have ended included."""
    readable = (_read(path) for path in children(directory, f"*{_USE}"))
    return [each for each in readable if each is not None]


def children(directory: Path, pattern: str = "*") -> list[Path]:
    """What lies in a directory, sorted; nothing where it is gone, as it may be at any moment."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return sorted(path for path in directory.iterdir() if path.match(pattern))
    return []


def modified(path: Path) -> float:
    """When a file was last written, in seconds since 1970; 0 if it is gone."""
    try:
        return path.stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return 0.0


def _read(path: Path) -> Reservation | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Reservation(path, frozenset(values["names"]), Owner(**values["owner"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


@atexit.register
def _leave() -> None:
    """Reservations end with their process in any case; this spares the next one to look."""
    for (pid, _, _, kind), each in _own.items():
        if pid == os.getpid() and kind == _USE:
            with suppress(OSError):
                each.path.unlink()
