"""Building chunks: the next parts are fetched and prepared while one is written, also across chunks."""

import operator
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa

from vton_hf._core.concurrency import map_prefetched
from vton_hf.cache.chunks.batch import Batch
from vton_hf.cache.chunks.fetch import Fetcher, Images, Row
from vton_hf.cache.chunks.files import Report, read_report
from vton_hf.cache.chunks.shared import SharedCache
from vton_hf.cache.chunks.write import Job, Writing
from vton_hf.cache.leases import BusyError
from vton_hf.engines import check_probe, tried
from vton_hf.errors import StorageError
from vton_hf.storage import StorageSettings, Store

BuildOutcome: TypeAlias = Report | Exception | None
"""The report of a chunk, what is wrong with it, or None while another process is at work on it."""

_Piece: TypeAlias = tuple[Writing, list[Row]]


FETCHING: Final = 4
"""Parts under way beside those that a core is busy with."""


@dataclass(frozen=True)
class BuildChunks:
    """The work on jobs, in any process.

    Attributes:
        settings: How the store is reached.
        schema: Of the rows.
        shared: Where finished chunks are taken from and published.
        processes: How many do the same on this machine.
        wait: Wait for another process that is at work on a chunk, instead of leaving it.
        apart: Build in a folder of `TMPDIR` that goes with the work: the chunks are wanted in the shared cache alone.
        probe: A file that every machine at work must see; None where they need not share a folder.
        store: Where the images lie, for this process.
        progress: Called in this process with bytes of objects that are done.
    """

    settings: StorageSettings
    schema: pa.Schema
    shared: SharedCache | None = None
    processes: int = 1
    wait: bool = False
    apart: bool = False
    probe: Path | None = None
    store: Store | None = field(default=None, repr=False)
    progress: Callable[[int], object] = field(default=operator.index, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return BuildChunks, (self.settings, self.schema, self.shared, self.processes, self.wait, self.apart, self.probe)

    def __call__(self, jobs: Sequence[Job], /) -> Iterator[tuple[Job, BuildOutcome]]:
        """Build chunks; the outcome is None of those that another process is at work on.

        Raises:
            ConfigError: If this machine does not see the cache that the chunks belong in.
        """
        check_probe(self.probe)
        with tempfile.TemporaryDirectory(prefix="vton_hf-") if self.apart else nullcontext() as folder:
            moved = [
                replace(job, directory=Path(folder, "chunks", job.directory.name)) if folder else job for job in jobs
            ]
            back = dict(zip(map(id, moved), jobs, strict=True))
            for job, outcome in self._build(moved):
                yield back[id(job)], outcome
                if folder is not None:
                    shutil.rmtree(job.directory, ignore_errors=True)

    def _build(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, BuildOutcome]]:
        """First what nobody else is at work on, then, where it waits, the rest."""
        others = []
        for job, outcome in self._built(jobs, wait=False):
            if outcome is None and self.wait:
                others.append(job)
            else:
                yield job, outcome
        for job in others:
            # One at a time: two builds that wait for each other's chunks while holding their own would never end.
            yield from self._built([job], wait=True)

    def _built(self, jobs: Sequence[Job], *, wait: bool) -> Iterator[tuple[Job, BuildOutcome]]:
        store = self.store or own_store(self.settings)
        yield from build(
            jobs,
            store,
            schema=self.schema,
            shared=self.shared,
            progress=self.progress,
            threads=threads_of(self.processes, decodes=any(job.chunk.image_spec for job in jobs)),
            wait=wait,
        )


def threads_of(processes: int, *, decodes: bool) -> int:
    """Enough to keep the network busy, and where images are decoded also this process's share of the cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return FETCHING + (-(-cores // processes) if decodes else 0)


_store: Store | None = None


def own_store(settings: StorageSettings) -> Store:
    """One store for all chunks of this process."""
    global _store  # noqa: PLW0603
    if _store is None or _store.settings != settings:
        _store = Store(settings)
    return _store


def build(
    jobs: Sequence[Job],
    store: Store,
    *,
    schema: pa.Schema,
    shared: SharedCache | None,
    progress: Callable[[int], object],
    threads: int,
    wait: bool,
) -> Iterator[tuple[Job, BuildOutcome]]:
    """Fetch the images of chunks and write them, except chunks that another process finished meanwhile.

    Args:
        jobs: What to do. Several may be under way at once, each leased; so wait for others with one at a time.
        store: Where the images lie.
        schema: Of the rows.
        shared: Where finished chunks are taken from and published.
        progress: Called with bytes of objects that are done.
        threads: Parts that are fetched, checked and prepared at once.
        wait: Wait for another process that is at work on a chunk.

    Yields:
        Each job with the report of its chunk; with None if another process is at work on it; or with what is wrong: an
        `ImageError` if `on_error="raise"`, a `StorageError`, an `OSError` of the disk.
    """
    under_way, outcomes = deque[Writing](), deque[tuple[Job, BuildOutcome]]()
    fetch, batch = partial(_fetched, Fetcher.of(store)), Batch(schema)
    pieces = _pieces(jobs, under_way, outcomes, schema=schema, shared=shared, wait=wait)
    try:
        for (writing, rows), images in map_prefetched(pieces, fetch, depth=threads):
            progress(writing.go_on(rows, images, batch))
            if not rows:
                under_way.popleft()
                outcomes.append((writing.job, _outcome(writing)))
            while outcomes:
                yield outcomes.popleft()
        yield from outcomes
    finally:
        for writing in under_way:
            writing.abandon()


def _outcome(writing: Writing) -> BuildOutcome:
    if isinstance(writing.failure, BusyError):
        return None
    return writing.failure or read_report(writing.job.directory)


def _fetched(fetcher: Fetcher, piece: _Piece) -> list[Images] | Exception:
    writing, rows = piece
    known = None if writing.measuring is None else writing.measuring.known
    return tried(fetcher.fetch, rows, writing.job.chunk, writing.older, known)  # what fails ends this chunk alone


def _pieces(
    jobs: Sequence[Job],
    under_way: deque[Writing],
    outcomes: deque[tuple[Job, BuildOutcome]],
    *,
    schema: pa.Schema,
    shared: SharedCache | None,
    wait: bool,
) -> Iterator[_Piece]:
    """Take one chunk after another, and cut it; no rows stand for its end."""
    for job in jobs:
        try:
            writing = Writing(job, schema, shared, wait=wait)
        except BusyError:
            outcomes.append((job, None))
        except (OSError, StorageError) as error:
            outcomes.append((job, error))
        else:
            under_way.append(writing)
            try:
                for rows in writing.parts():
                    if writing.failure is not None:
                        break
                    yield writing, rows
            except OSError as error:
                writing.fail(error)
            yield writing, []
