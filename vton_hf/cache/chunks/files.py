"""A chunk on disk: a directory that is either whole or absent, and what it says of itself."""

import ctypes
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from vton_hf.cache.leases import FOLDER, Leases, leases_in
from vton_hf.cache.reservations import children, modified
from vton_hf.images import Notice, Noticed
from vton_hf.naming import ROLES
from vton_hf.triplets import Source

DATA: Final = "data.arrow"
REPORT: Final = "report.json"
SOURCES: Final = "sources.json"
STATISTICS: Final = "statistics"
INCOMPLETE: Final = ".incomplete"
REPLACED: Final = ".replaced"
LOCK: Final = ".lock"
"""What earlier versions wrote beside a chunk that they were building."""

_POLL: Final = 0.2
"""Seconds between two looks at a chunk that another process is at work on: a chunk takes one to thirty."""

_TRIES: Final = 5
_OWN: Final = frozenset({DATA, REPORT, SOURCES})
UNLISTED: Final = "since it was listed"
"""Part of what the store says of objects that went or changed."""

ImageGroup = tuple[tuple[str, ...], tuple[Source, ...]]
"""Roles, and the objects that their images are made of."""


@dataclass(frozen=True, slots=True)
class SkippedTriplet:
    """A triplet that was listed whole and is not in the data.

    Attributes:
        key: The triplet's key.
        uri: The object at fault.
        reason: What is wrong with it.
        passing: Whether it could not be read, which may pass; bytes that are no usable image stay so.
    """

    key: str
    uri: str
    reason: str
    passing: bool

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "SkippedTriplet":
        """As a report says it; those of earlier versions do not say what may pass."""
        return cls(**{"passing": item["reason"].startswith("Cannot read "), **item})


@dataclass(frozen=True, slots=True)
class Report:
    """What a finished chunk holds.

    Attributes:
        rows: Triplets in the data.
        bytes: Bytes of their images.
        skipped: Triplets that are not.
        noticed: What should be known of the images, by kind.
        renewed: Whether the chunk took the place of an earlier one, which may have held other triplets.
    """

    rows: int
    bytes: int
    skipped: tuple[SkippedTriplet, ...] = field(default=())
    noticed: dict[str, Noticed] = field(default_factory=dict)
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a chunk's images come from.

    Attributes:
        verify: How the objects were checked.
        rows: For each row of the data the three objects; None of an image that it has not.
        notices: For each row what should be known of them; empty in chunks of versions that did not look.
        roles: Of the objects of a row, in their order; on disk only where there are companions.
    """

    verify: str
    rows: list[tuple[Source | None, ...]]
    notices: list[tuple[Notice, ...]] = field(default_factory=list)
    roles: Sequence[str] = ROLES


_SKIPPED: Final = "left_out"
"""Where a report on disk lists the triplets that were skipped."""


def read_report(directory: Path) -> Report | None:
    """The report of a finished chunk, or None if there is no such chunk."""
    try:
        facts = json.loads((directory / REPORT).read_text(encoding="utf-8"))
        skipped = tuple(SkippedTriplet.of(item) for item in facts[_SKIPPED])
        noticed = {kind: Noticed(*counts) for kind, counts in facts.get("noticed", {}).items()}
        report = Report(facts["rows"], facts["bytes"], skipped, noticed, renewed=facts.get("renewed", False))
        whole = all((directory / name).stat().st_size == length for name, length in facts.get("files", {}).items())
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    return report if whole else None


def write_report(directory: Path, report: Report, sources: Sources) -> None:
    """Say what the chunk holds and, row by row, from which objects; its data must be written.

    Nothing waits for the disk: of a machine that loses power some file comes back short, and the lengths tell.
    """
    of_sources = asdict(sources)
    if tuple(of_sources["roles"]) == ROLES:
        del of_sources["roles"]
    (directory / SOURCES).write_text(json.dumps(of_sources), encoding="utf-8")
    files = {name: (directory / name).stat().st_size for name in (DATA, SOURCES)}
    facts = asdict(report) | {"files": files}
    facts[_SKIPPED] = facts.pop("skipped")
    (directory / REPORT).write_text(json.dumps(facts), encoding="utf-8")


@contextmanager
def taken(directory: Path, *, since: float, wait: bool) -> Iterator[Path | None]:
    """Tell other processes that a chunk is being built, and give a scratch directory for `publish`.

    Args:
        directory: The finished chunk's.
        since: A chunk that was finished before this time (seconds since the epoch, by the clock of its disk) does not
            count.
        wait: Wait for another process that is at work on it.

    Yields:
        The scratch directory, which goes when the block ends; None if the chunk is finished.

    Raises:
        BusyError: If another process is at work on it and `wait` is false.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    leases = leases_of(directory)
    there = partial(is_finished, directory, since=since)
    with leases.held(directory.name, wait=wait, poll=_POLL, unless=there) as former:
        if former is None:
            yield None
            return
        # Whoever held it before and is gone left half a chunk.
        shutil.rmtree(_scratch(directory, former.id), ignore_errors=True)
        archive_of(directory, former.id).unlink(missing_ok=True)
        _restore(directory)
        if there():
            yield None
            return
        scratch = _scratch(directory, leases.id)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def leases_of(directory: Path) -> Leases:
    """The leases of the cache that a chunk lies in."""
    return leases_in(directory.parent.parent / FOLDER)


def statistics_beside(directory: Path) -> Path:
    """Where the cache that a chunk lies in keeps what was measured."""
    return directory.parent.parent / STATISTICS


def archive_of(directory: Path, identity: str) -> Path:
    """Where a process packs a chunk before it publishes it."""
    return directory.with_name(f"{directory.name}.{identity}.tar{INCOMPLETE}")


def _scratch(directory: Path, identity: str) -> Path:
    return directory.with_name(f"{directory.name}.{identity}{INCOMPLETE}")


def publish(scratch: Path, directory: Path, since: float = 0.0) -> None:
    """Make it the finished chunk, in place of an earlier one, which others may have open or be about to open.

    Of two that do so at once both are right: the chunk of either is there, and whole.

    Raises:
        OSError: If the disk does not take it.
    """
    if directory.exists():
        if is_finished(directory, since=since):  # another was quicker
            return
        for other in children(directory):
            if other.name not in _OWN:  # what `datasets` made of the rows lies beside them
                with suppress(OSError):
                    os.link(other, scratch / other.name)
        if _exchange(scratch, directory):
            return
    replaced = directory.with_name(directory.name + REPLACED)
    for attempt in range(_TRIES):
        shutil.rmtree(replaced, ignore_errors=True)
        with suppress(FileNotFoundError):
            directory.rename(replaced)
        try:
            scratch.rename(directory)
            break
        except OSError:
            if attempt == _TRIES - 1:
                raise
            if is_finished(directory, since=since):  # another has just done the same
                break
    shutil.rmtree(replaced, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two directories take each other's names in one step; whether the system and the file system can."""
    if sys.platform != "linux":
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    return rename is not None and rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def _restore(directory: Path) -> None:
    """Bring back the chunk of a build that was killed between its two renames."""
    replaced = directory.with_name(directory.name + REPLACED)
    if replaced.exists() and not directory.exists():
        with suppress(OSError):
            replaced.rename(directory)


def is_finished(directory: Path, *, since: float = 0.0) -> bool:
    """Whether the chunk is there, finished at `since` (seconds since the epoch) or later."""
    return read_report(directory) is not None and modified(directory / REPORT) >= since
