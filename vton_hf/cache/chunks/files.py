"""A chunk on disk: a directory that is either whole or absent, and what it says of itself."""

import ctypes
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from filelock import FileLock

from vton_hf.cache.reservations import children, modified
from vton_hf.images import Notice, Noticed
from vton_hf.naming import ROLES

DATA: Final = "data.arrow"
_REPORT: Final = "report.json"
_SOURCES: Final = "sources.json"
INCOMPLETE: Final = ".incomplete"
REPLACED: Final = ".replaced"
LOCK: Final = ".lock"
_OWN: Final = frozenset({DATA, _REPORT, _SOURCES})
UNLISTED: Final = "since it was listed"
"""Part of what the store says of objects that went or changed."""

_STRICTNESS: Final = ("none", "structure", "decode")

Source = tuple[str, str, int]
"""URI, etag and size: what makes an object's bytes the same."""

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
        rows: For each row of the data the three objects.
        notices: For each row what should be known of them; empty in chunks of versions that did not look.
    """

    verify: str
    rows: list[tuple[Source, ...]]
    notices: list[tuple[Notice, ...]] = field(default_factory=list)


_SKIPPED: Final = "left_out"
"""Where a report on disk lists the triplets that were skipped."""


def read_report(directory: Path) -> Report | None:
    """The report of a finished chunk, or None if there is no such chunk."""
    try:
        facts = json.loads((directory / _REPORT).read_text(encoding="utf-8"))
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
    (directory / _SOURCES).write_text(json.dumps(asdict(sources)), encoding="utf-8")
    files = {name: (directory / name).stat().st_size for name in (DATA, _SOURCES)}
    facts = asdict(report) | {"files": files}
    facts[_SKIPPED] = facts.pop("skipped")
    (directory / _REPORT).write_text(json.dumps(facts), encoding="utf-8")


@contextmanager
def locked(directory: Path, *, since: float, wait: bool) -> Iterator[Path | None]:
    """Keep other processes from a chunk, and give a scratch directory for `publish`.

    Args:
        directory: The finished chunk's.
        since: A chunk that was finished before this time (seconds since the epoch) does not count.
        wait: Wait for another process that is at work on it.

    Yields:
        The scratch directory, which goes when the block ends; None if the chunk is finished.

    Raises:
        filelock.Timeout: If another process is at work on it and `wait` is false.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    lock = directory.with_name(directory.name + LOCK)
    with FileLock(lock, timeout=-1 if wait else 0, mode=0o666):
        _restore(directory)
        if is_finished(directory, since=since):
            yield None
        else:
            scratch = directory.with_name(directory.name + INCOMPLETE)
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        if is_finished(directory, since=since):
            # Whoever still waits on the lock will find the chunk finished and build nothing, so its file may go.
            lock.unlink(missing_ok=True)


def publish(scratch: Path, directory: Path) -> None:
    """Make it the finished chunk, in place of an earlier one, which others may have open or be about to open."""
    for other in children(directory):
        if other.name not in _OWN:  # what `datasets` made of the rows lies beside them
            with suppress(OSError):
                os.link(other, scratch / other.name)
    if directory.exists() and _exchange(scratch, directory):
        return
    replaced = directory.with_name(directory.name + REPLACED)
    shutil.rmtree(replaced, ignore_errors=True)
    if directory.exists():
        directory.rename(replaced)
    scratch.rename(directory)
    shutil.rmtree(replaced, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two directories take each other's names in one step; whether the system can."""
    if sys.platform != "linux":
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    return rename is not None and rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def _restore(directory: Path) -> None:
    """Bring back the chunk of a build that was killed between its two renames."""
    replaced = directory.with_name(directory.name + REPLACED)
    if replaced.exists() and not directory.exists():
        replaced.rename(directory)


def is_finished(directory: Path, *, since: float = 0.0) -> bool:
    """Whether the chunk is there, finished at `since` (seconds since the epoch) or later."""
    return read_report(directory) is not None and modified(directory / _REPORT) >= since


class ReusableImages(Mapping[ImageGroup, tuple[bytes, ...]]):
    """The images of older chunks by what they were made of, read from disk only when asked for."""

    def __init__(
        self, directories: Iterable[Path], role_groups: Sequence[tuple[str, ...]], *, checked: str | None = None
    ) -> None:
        """Take note of what the chunks hold.

        Args:
            directories: The chunks'.
            role_groups: The roles of a row, those side by side that are of use only together.
            checked: Only chunks whose objects were checked at this level or a stricter one; None takes any.
        """
        self._location: dict[ImageGroup, tuple[Path, int]] = {}
        self._notices: dict[ImageGroup, list[Notice]] = {}
        self._tables: dict[Path, pa.Table] = {}
        for directory in filter(is_finished, directories):
            try:
                sources = Sources(**json.loads((directory / _SOURCES).read_text(encoding="utf-8")))
            except (FileNotFoundError, ValueError, TypeError):
                continue
            if checked is not None and _STRICTNESS.index(sources.verify) < _STRICTNESS.index(checked):
                continue
            noticed = sources.notices or [()] * len(sources.rows)
            for index, (row, notices) in enumerate(zip(sources.rows, noticed, strict=True)):
                of_role = {role: (uri, etag, size) for role, (uri, etag, size) in zip(ROLES, row, strict=True)}
                for roles in role_groups:
                    group = roles, tuple(of_role[role] for role in roles)
                    self._location[group] = directory, index
                    self._notices[group] = [Notice(*notice) for notice in notices if notice[1] in roles]

    def notices(self, group: ImageGroup) -> list[Notice]:
        """What should be known of its images."""
        return self._notices[group]

    def __getitem__(self, group: ImageGroup) -> tuple[bytes, ...]:
        directory, index = self._location[group]
        if directory not in self._tables:
            try:
                self._tables[directory] = pa.ipc.open_stream(pa.memory_map(str(directory / DATA))).read_all()
            except FileNotFoundError as error:  # pruned since it was looked at
                raise KeyError(group) from error
        cells = [self._tables[directory][role][index].as_py() for role in group[0]]
        if [cell["path"] for cell in cells] != [uri for uri, _, _ in group[1]]:
            raise KeyError(group)
        return tuple(cell["bytes"] for cell in cells)

    def __iter__(self) -> Iterator[ImageGroup]:
        return iter(self._location)

    def __len__(self) -> int:
        return len(self._location)
