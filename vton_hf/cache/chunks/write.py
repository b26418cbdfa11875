"""A chunk that is being written, part by part."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.cache.chunks.batch import Batch
from vton_hf.cache.chunks.fetch import Images, Row, parts
from vton_hf.cache.chunks.files import (
    DATA,
    Report,
    SkippedTriplet,
    Sources,
    leases_of,
    publish,
    statistics_beside,
    taken,
    write_report,
)
from vton_hf.cache.chunks.measuring import Measuring
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.chunks.reuse import ReusableImages
from vton_hf.cache.chunks.shared import SharedCache
from vton_hf.cache.leases import BusyError
from vton_hf.errors import ImageError, StorageError, UnavailableError
from vton_hf.images import Notice, counted
from vton_hf.triplets import Source, images_in, sources_of


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
        units: Where statistics of its images may be already; None if none are gathered.
    """

    chunk: Chunk
    directory: Path
    older: tuple[Path, ...]
    on_error: str
    since: float = 0.0
    kept: tuple[SkippedTriplet, ...] = ()
    units: tuple[str, ...] | None = None


class Writing:
    """A chunk that is being written, and is leased meanwhile.

    Attributes:
        job: What is built.
        older: What need not be fetched.
        failure: Why it cannot be built; it is abandoned then.
    """

    def __init__(self, job: Job, schema: pa.Schema, shared: SharedCache | None, *, wait: bool) -> None:
        """Take it.

        Raises:
            BusyError: If another process is at work on it and `wait` is false.
            OSError: If the disk does not take it.
            StorageError: If the shared cache does not answer.
        """
        self.job = job
        self.failure: Exception | None = None
        self._schema, self._shared = schema, shared
        self._lease, self._file = ExitStack(), ExitStack()
        self._scratch = self._take(wait=wait)
        self._skipped, self._roles = list(job.kept), images_in(job.chunk.rows)
        self._sources: list[tuple[Source | None, ...]] = []
        self._notices: list[tuple[Notice, ...]] = []
        self._noticed: list[tuple[Notice, str, str]] = []
        self._bytes = 0
        self.measuring = (
            None if job.units is None else Measuring.of(job.chunk, statistics_beside(job.directory), job.units)
        )
        # What is stored prepared no longer shows whether its object was sound.
        image_spec = job.chunk.image_spec
        self.older = ReusableImages(job.older, image_spec, checked=job.chunk.verify if image_spec else None)

    def _take(self, *, wait: bool) -> Path | None:
        """Where to write; None if nothing is to be written, since the chunk is there or was published."""
        directory, since = self.job.directory, self.job.since
        try:
            scratch = self._lease.enter_context(taken(directory, since=since, wait=wait))
            if scratch is None or self._shared is None:
                return scratch
            self._lease.enter_context(self._shared.held(directory.name, wait=wait))
            if since or not self._shared.fetch(directory.name, scratch):
                return scratch
            publish(scratch, directory, since)
        except BaseException:
            self._lease.close()
            raise
        return None

    def parts(self) -> Iterator[list[Row]]:
        """What is to be added, in order; nothing if another process has finished the chunk."""
        if self._scratch is not None:
            file = self._file.enter_context((self._scratch / DATA).open("wb"))
            self._writer = self._file.enter_context(pa.ipc.new_stream(file, self._schema))
            rows, kept = self.job.chunk.rows, pa.array([item.key for item in self.job.kept], pa.string())
            yield from parts(rows.filter(pc.invert(pc.is_in(rows["key"], kept))))

    def add(self, rows: list[Row], images: list[Images], batch: Batch) -> None:
        """Write the good triplets of a part, as far as the batch is full."""
        good, failures = _sorted_out(rows, images)
        if failures and self.job.on_error == "raise":
            raise _refusal(failures[0])
        self._skipped += [failure for failure, _ in failures]
        if self.measuring is not None:
            self.measuring.add(row for of_row in images for row in of_row.measured)
        for row, triplet, notices in good:
            batch.add(row, triplet)
            sources = sources_of(row)
            self._sources.append(tuple(sources.get(role) for role in self._roles))
            self._notices.append(notices)
            self._noticed += [(notice, row["key"], row[notice.role]) for notice in notices]
            self._bytes += sum(map(len, triplet.values()))
            if batch.full:
                batch.write(self._writer)

    def go_on(self, rows: list[Row], images: list[Images] | Exception, batch: Batch) -> int:
        """Add a part, or, without rows, let the chunk appear; gives the bytes of objects that are done with it."""
        if self.failure is not None:
            return 0
        if isinstance(images, Exception):
            batch.clear()
            self.fail(images)
            return 0
        try:
            if not rows:
                return self._finish(batch)
            self.add(rows, images, batch)
        except Exception as error:  # noqa: BLE001 - ends this chunk alone
            batch.clear()
            # Where this process showed no life for long, another has taken over, and cleared up behind it.
            taken_over = self._scratch is not None and not self._scratch.exists()
            self.fail(BusyError(self.job.chunk.name) if taken_over else error)
            return 0
        return sum(size for row in rows for _, _, size in sources_of(row).values())

    def _finish(self, batch: Batch) -> int:
        """Write the rest, and let the chunk appear; gives the bytes that another process has seen to."""
        if self._scratch is not None:
            batch.write(self._writer)
            self._file.close()
            rows, skipped, noticed = len(self._sources), tuple(self._skipped), counted(self._noticed)
            report = Report(rows, self._bytes, skipped, noticed, renewed=self.job.directory.exists())
            write_report(
                self._scratch, report, Sources(self.job.chunk.verify, self._sources, self._notices, self._roles)
            )
            publish(self._scratch, self.job.directory, self.job.since)
            if self.measuring is not None:
                self.measuring.finish(self._shared)
            leases_of(self.job.directory).count(self.job.chunk.bytes)
            if self._shared is not None:
                self._shared.publish(self.job.directory)
                self._shared.leases.count(self.job.chunk.bytes)
        self._lease.close()
        return self.job.chunk.bytes if self._scratch is None else 0

    def fail(self, error: Exception) -> None:
        """Give it up, and leave nothing behind."""
        self.failure = error
        self.abandon()

    def abandon(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError):
            self._file.close()
        self._lease.close()


def is_passing(error: Exception) -> bool:
    """Whether what is wrong with an object may pass: it could not be read; bytes that are no usable image stay so."""
    return isinstance(error, StorageError)


def _sorted_out(
    rows: list[Row], images: list[Images]
) -> tuple[list[tuple[Row, dict[str, bytes], tuple[Notice, ...]]], list[tuple[SkippedTriplet, Exception]]]:
    """The good rows with their images, and for each other row what is wrong with it: what does not pass comes first.

    Raises:
        UnavailableError: If the store did not give an object in time: that says nothing of the object.
    """
    good: list[tuple[Row, dict[str, bytes], tuple[Notice, ...]]] = []
    failures: list[tuple[SkippedTriplet, Exception]] = []
    for row, (triplet, notices, _) in zip(rows, images, strict=True):
        errors = [(role, image) for role, image in triplet.items() if isinstance(image, Exception)]
        if errors:
            role, error = min(errors, key=lambda failure: is_passing(failure[1]))
            if isinstance(error, UnavailableError):
                raise error
            failures.append((SkippedTriplet(row["key"], row[role], str(error), is_passing(error)), error))
        else:
            sound = {role: image for role, image in triplet.items() if isinstance(image, bytes)}
            good.append((row, sound, notices))
    return good, failures


def _refusal(failure: tuple[SkippedTriplet, Exception]) -> Exception:
    item, error = failure
    kind = type(error) if isinstance(error, StorageError) else ImageError
    return kind(
        f"{item.key}: {item.reason} ({item.uri}). Mend or remove the object, leave it out with "
        f"exclude=[{item.key!r}], or build with on_error='skip'."
    )
