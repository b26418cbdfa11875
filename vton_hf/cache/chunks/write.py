"""Building chunks: the next parts are fetched and prepared while one is written, also across chunks."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from filelock import Timeout

from vton_hf._core.concurrency import map_prefetched
from vton_hf.cache.chunks.batch import SCHEMA, Batch
from vton_hf.cache.chunks.fetch import Fetcher, Images, Row, parts
from vton_hf.cache.chunks.files import (
    DATA,
    Report,
    ReusableImages,
    SkippedTriplet,
    Source,
    Sources,
    locked,
    publish,
    write_report,
)
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.errors import ImageError, StorageError, UnavailableError
from vton_hf.images import Notice, counted
from vton_hf.naming import ROLES
from vton_hf.storage import Store
from vton_hf.triplets import sources_of


@dataclass(frozen=True, slots=True)
class Job:
    """One chunk to be built.

    Attributes:
        chunk: What to build.
        directory: Where; it appears when all is written.
        older: Chunks that may hold some of the images; those are copied from there and not fetched.
        on_error: `"skip"` leaves out triplets with a broken image and reports them; `"raise"` stops.
        since: A chunk that was finished before (seconds since the epoch) is built again.
        kept: Triplets of it that are known to be left out, and are not asked for.
    """

    chunk: Chunk
    directory: Path
    older: tuple[Path, ...]
    on_error: str
    since: float = 0.0
    kept: tuple[SkippedTriplet, ...] = ()


def build(jobs: list[Job], store: Store, *, progress: Callable[[int], object], threads: int, wait: bool) -> list[Job]:
    """Fetch the images of chunks and write them, except chunks that another process finished meanwhile.

    Args:
        jobs: What to do. Several may be under way at once, each locked; so wait for others with one at a time.
        store: Where the images lie.
        progress: Called with bytes of objects that are done.
        threads: Parts that are fetched, checked and prepared at once.
        wait: Wait for another process that is at work on a chunk.

    Returns:
        The jobs that another process is at work on, if `wait` is false.

    Raises:
        ImageError: A broken image, if `on_error="raise"`.
        StorageError: The store does not answer, or, if `on_error="raise"`, an object cannot be read.
    """
    under_way, others = deque[_Writing](), list[Job]()
    fetcher, batch = Fetcher.of(store), Batch()

    def fetch(piece: _Piece) -> list[Images]:
        writing, rows = piece
        return fetcher.fetch(rows, writing.job.chunk, writing.older)

    try:
        for (writing, rows), images in map_prefetched(
            _pieces(jobs, under_way, others, wait=wait), fetch, depth=threads
        ):
            writing.add(rows, images, batch)
            if rows:
                progress(sum(size for row in rows for _, _, size in sources_of(row)))
            else:
                progress(writing.finish(batch))
                under_way.popleft()
    finally:
        for writing in under_way:
            writing.abandon()
    return others


def _pieces(jobs: list[Job], under_way: deque["_Writing"], others: list[Job], *, wait: bool) -> Iterator["_Piece"]:
    """Lock one chunk after another, and cut it; no rows stand for its end."""
    for job in jobs:
        try:
            writing = _Writing(job, wait=wait)
        except Timeout:
            others.append(job)
        else:
            under_way.append(writing)
            yield from ((writing, rows) for rows in writing.parts())
            yield writing, []


class _Writing:
    """A chunk that is being written, and is locked meanwhile.

    Attributes:
        job: What is built.
        older: What need not be fetched.
    """

    def __init__(self, job: Job, *, wait: bool) -> None:
        """Lock it.

        Raises:
            filelock.Timeout: If another process is at work on it and `wait` is false.
        """
        self.job = job
        self._lock, self._file = ExitStack(), ExitStack()
        self._scratch = self._lock.enter_context(locked(job.directory, since=job.since, wait=wait))
        self._skipped = list(job.kept)
        self._sources: list[tuple[Source, ...]] = []
        self._notices: list[tuple[Notice, ...]] = []
        self._noticed: list[tuple[Notice, str, str]] = []
        self._bytes = 0
        # What is stored prepared no longer shows whether its object was sound.
        image_spec = job.chunk.image_spec
        self.older = ReusableImages(job.older, image_spec.role_groups, checked=job.chunk.verify if image_spec else None)

    def parts(self) -> Iterator[list[Row]]:
        """What is to be added, in order; nothing if another process has finished the chunk."""
        if self._scratch is not None:
            file = self._file.enter_context((self._scratch / DATA).open("wb"))
            self._writer = self._file.enter_context(pa.ipc.new_stream(file, SCHEMA))
            rows, kept = self.job.chunk.rows, pa.array([item.key for item in self.job.kept], pa.string())
            yield from parts(rows.filter(pc.invert(pc.is_in(rows["key"], kept))))

    def add(self, rows: list[Row], images: list[Images], batch: Batch) -> None:
        """Write the good triplets of a part, as far as the batch is full."""
        good, failures = _sorted_out(rows, images)
        if failures and self.job.on_error == "raise":
            raise _refusal(failures[0])
        self._skipped += [failure for failure, _ in failures]
        for row, triplet, notices in good:
            batch.add(row, triplet)
            self._sources.append(sources_of(row))
            self._notices.append(notices)
            self._noticed += [(notice, row["key"], row[notice.role]) for notice in notices]
            self._bytes += sum(map(len, triplet))
            if batch.full:
                batch.write(self._writer)

    def finish(self, batch: Batch) -> int:
        """Write the rest, and let the chunk appear; gives the bytes that another process has seen to."""
        if self._scratch is not None:
            batch.write(self._writer)
            self._file.close()
            rows, skipped, noticed = len(self._sources), tuple(self._skipped), counted(self._noticed)
            report = Report(rows, self._bytes, skipped, noticed, renewed=self.job.directory.exists())
            write_report(self._scratch, report, Sources(self.job.chunk.verify, self._sources, self._notices))
            publish(self._scratch, self.job.directory)
        self._lock.close()
        return self.job.chunk.bytes if self._scratch is None else 0

    def abandon(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError):
            self._file.close()
        self._lock.close()


_Piece: TypeAlias = tuple[_Writing, list[Row]]


def is_passing(error: Exception) -> bool:
    """Whether what is wrong with an object may pass: it could not be read; bytes that are no usable image stay so."""
    return isinstance(error, StorageError)


def _sorted_out(
    rows: list[Row], images: list[Images]
) -> tuple[list[tuple[Row, list[bytes], tuple[Notice, ...]]], list[tuple[SkippedTriplet, Exception]]]:
    """The good rows with their images, and for each other row what is wrong with it: what does not pass comes first.

    Raises:
        UnavailableError: If the store did not give an object in time: that says nothing of the object.
    """
    good: list[tuple[Row, list[bytes], tuple[Notice, ...]]] = []
    failures: list[tuple[SkippedTriplet, Exception]] = []
    for row, (triplet, notices) in zip(rows, images, strict=True):
        errors = [(role, image) for role, image in zip(ROLES, triplet, strict=True) if isinstance(image, Exception)]
        if errors:
            role, error = min(errors, key=lambda failure: is_passing(failure[1]))
            if isinstance(error, UnavailableError):
                raise error
            failures.append((SkippedTriplet(row["key"], row[role], str(error), is_passing(error)), error))
        else:
            good.append((row, [image for image in triplet if isinstance(image, bytes)], notices))
    return good, failures


def _refusal(failure: tuple[SkippedTriplet, Exception]) -> Exception:
    item, error = failure
    kind = type(error) if isinstance(error, StorageError) else ImageError
    return kind(
        f"{item.key}: {item.reason} ({item.uri}). Mend or remove the object, leave it out with "
        f"exclude=[{item.key!r}], or build with on_error='skip'."
    )
