"""A chunk on disk: a directory that is either whole or absent, and what it says of itself."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa
from filelock import FileLock

from vton_hf.naming import ROLES

DATA: Final = "data.arrow"
_REPORT: Final = "report.json"
_SOURCES: Final = "sources.json"
INCOMPLETE: Final = ".incomplete"

Source = tuple[str, str, int]
"""URI, etag and size: what makes an object's bytes the same."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A triplet that was listed whole and is not in the data.

    Attributes:
        key: The triplet's key.
        uri: The object at fault.
        reason: What is wrong with it.
        again: Whether the next build should try again: the store would not give it, the object may be fine.
    """

    key: str
    uri: str
    reason: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a finished chunk holds.

    Attributes:
        rows: Triplets in the data.
        bytes: Bytes of their images.
        left_out: Triplets that are not.
    """

    rows: int
    bytes: int
    left_out: tuple[LeftOut, ...] = field(default=())

    @property
    def settled(self) -> bool:
        """False if building again might bring more."""
        return not any(item.again for item in self.left_out)


def read_report(directory: Path) -> Report | None:
    """The report of a finished chunk, or None if there is no such chunk."""
    try:
        facts = json.loads((directory / _REPORT).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    left_out = tuple(LeftOut(**item) for item in facts["left_out"])
    return Report(rows=facts["rows"], bytes=facts["bytes"], left_out=left_out)


def write_report(directory: Path, report: Report, sources: list[tuple[Source, Source, Source]]) -> None:
    """Say what the chunk holds and, row by row, from which objects."""
    (directory / _SOURCES).write_text(json.dumps(sources), encoding="utf-8")
    (directory / _REPORT).write_text(json.dumps(asdict(report)), encoding="utf-8")


@contextmanager
def whole_or_absent(directory: Path) -> Iterator[Path | None]:
    """Give a scratch directory that becomes `directory` when the block ends well, or never.

    Yields:
        The scratch directory; None if another process finished the chunk while this one waited for it.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    lock = directory.with_name(directory.name + ".lock")
    with FileLock(lock):
        report = read_report(directory)
        if report is not None and report.settled:
            yield None
        else:
            scratch = directory.with_name(directory.name + INCOMPLETE)
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            try:
                yield scratch
                shutil.rmtree(directory, ignore_errors=True)
                scratch.rename(directory)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        # Whoever still waits on the lock will find the chunk settled and build nothing, so its file may go.
        report = read_report(directory)
        if report is not None and report.settled:
            lock.unlink(missing_ok=True)


class Bytes(Mapping[Source, bytes]):
    """The images of older chunks by their source, read from disk only when asked for."""

    def __init__(self, directories: list[Path]) -> None:
        self._place: dict[Source, tuple[Path, str, int]] = {}
        self._tables: dict[Path, pa.Table] = {}
        for directory in directories:
            try:
                rows = json.loads((directory / _SOURCES).read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue
            for index, row in enumerate(rows):
                for role, (uri, etag, size) in zip(ROLES, row, strict=True):
                    self._place[uri, etag, size] = (directory, role, index)

    def __getitem__(self, source: Source) -> bytes:
        directory, role, index = self._place[source]
        if directory not in self._tables:
            self._tables[directory] = pa.ipc.open_stream(pa.memory_map(str(directory / DATA))).read_all()
        data: bytes = self._tables[directory][role][index].as_py()["bytes"]
        return data

    def __iter__(self) -> Iterator[Source]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)
