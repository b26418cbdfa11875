"""Asking again for triplets that a build left out; all else of a chunk is copied from the chunk on disk."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.progress import progress_bar
from vton_hf.cache.chunks.disk import check_writable
from vton_hf.cache.chunks.files import SkippedTriplet, read_report
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.chunks.run import How, run_jobs
from vton_hf.cache.chunks.write import Job
from vton_hf.errors import AccessError
from vton_hf.storage import Body, Source, Store, read_sources
from vton_hf.triplets import sources_of

logger = logging.getLogger("vton_hf")

MOST_RETRIED: Final = 64
"""Triplets that a build asks for by itself, of however many: few requests, also where a store refuses them for good."""

_Question: TypeAlias = tuple[Chunk, list[SkippedTriplet]]
"""A chunk, and what of it is asked for."""


def ask_again(chunks: Iterable[Chunk], root: Path, store: Store, how: How, *, everything: bool) -> None:
    """Put into finished chunks what can be had by now; a line says how much.

    Of each triplet the object that was at fault is asked for first: as long as that cannot be had nothing is written.

    Args:
        chunks: The finished ones of a dataset.
        root: The directory that holds chunks.
        store: Where the images lie.
        how: Where chunks are published.
        everything: Ask for all that was left out, also for broken images. Otherwise for up to `MOST_RETRIED` triplets
            with an object that could not be read, others each time, and it is no error if that fails.

    Raises:
        StorageError: If the store does not answer.
        OSError: If the chunks cannot be written.
    """
    questions = _questions(chunks, root, everything=everything)
    try:
        if questions:
            _ask(questions, root, store, how, shown=everything)
    except OSError as error:
        if everything:
            raise
        logger.info("What was left out while building is not asked for again: %s", error)


def _ask(questions: list[_Question], root: Path, store: Store, how: How, *, shown: bool) -> None:
    total, back = sum(len(items) for _, items in questions), 0
    with progress_bar(total=total, desc="Asking again", unit=" triplets", disable=None if shown else True) as bar:
        for group in _groups(questions):
            bodies, since = _read(group, store), check_writable(root)
            jobs = [_job(chunk, items, bodies, root, since) for chunk, items in group]
            wanted = [replace(job, units=_units(job.chunk, how)) for job in jobs if job is not None]
            run_jobs(wanted, _PartlyRead(store, bodies), replace(how, num_proc=None, engine=None), progress=int)
            still = {item.key for chunk, _ in group for item in _skipped(chunk, root)}
            back += sum(item.key not in still for _, items in group for item in items)
            bar.update(sum(len(items) for _, items in group))
    logger.info(
        "Asked again for %s triplets that were left out while building: %s are back.", f"{total:,}", f"{back:,}"
    )


def _skipped(chunk: Chunk, root: Path) -> tuple[SkippedTriplet, ...]:
    report = read_report(root / chunk.name)
    return () if report is None else report.skipped


def _questions(chunks: Iterable[Chunk], root: Path, *, everything: bool) -> list[_Question]:
    items = [(chunk, item) for chunk in chunks for item in _skipped(chunk, root) if everything or item.passing]
    if not everything and len(items) > MOST_RETRIED:
        items = [items[index] for index in np.sort(np.random.default_rng().permutation(len(items))[:MOST_RETRIED])]
    by_chunk: dict[str, _Question] = {}
    for chunk, item in items:
        by_chunk.setdefault(chunk.name, (chunk, []))[1].append(item)
    return list(by_chunk.values())


def _groups(questions: list[_Question]) -> Iterator[list[_Question]]:
    """Chunks whose objects are asked for together, and are in memory until those chunks are written."""
    group: list[_Question] = []
    for question in questions:
        if group and sum(len(items) for _, items in [*group, question]) > MOST_RETRIED:
            yield group
            group = []
        group.append(question)
    yield group


def _read(group: list[_Question], store: Store) -> dict[str, bytes]:
    """The objects that were at fault, as far as they can be had."""
    wanted: dict[str, Source] = {}
    for chunk, items in group:
        rows = chunk.rows.filter(pc.is_in(chunk.rows["key"], pa.array([item.key for item in items])))
        of_chunk = {source[0]: source for row in rows.to_pylist() for source in sources_of(row).values()}
        wanted |= {item.uri: of_chunk[item.uri] for item in items if item.uri in of_chunk}
    try:
        bodies = read_sources(store, list(wanted.values()))
    except AccessError:  # each of many is refused
        return {}
    return {uri: body for uri, body in zip(wanted, bodies, strict=True) if isinstance(body, bytes)}


def _job(chunk: Chunk, items: list[SkippedTriplet], bodies: dict[str, bytes], root: Path, since: float) -> Job | None:
    """What is to be written anew, if anything may come back."""
    directory, skipped = root / chunk.name, _skipped(chunk, root)
    readable = {item.key for item in items if item.uri in bodies}
    kept = tuple(item for item in skipped if item.key not in readable)
    return Job(chunk, directory, (directory,), "skip", since, kept) if len(kept) < len(skipped) else None


def _units(chunk: Chunk, how: How) -> tuple[str, ...] | None:
    """Its own statistics alone: all but what comes back was measured when the chunk was built."""
    return () if how.statistics and chunk.decodes else None


class _PartlyRead(Store):
    """A store some of whose objects have just been read: those are given once without another request."""

    def __init__(self, store: Store, bodies: dict[str, bytes]) -> None:
        super().__init__(store.settings)
        self._store, self._bodies = store, bodies

    def read(self, uris: Sequence[str], *listed: Any, **how: Any) -> list[Body]:
        """As `Store.read`."""
        read = {uri: self._bodies.pop(uri) for uri in uris if uri in self._bodies}
        bodies = iter(self._store.read([uri for uri in uris if uri not in read], *listed, **how))
        return [read[uri] if uri in read else next(bodies) for uri in uris]
