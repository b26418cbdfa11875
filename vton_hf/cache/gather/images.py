"""The images of triplets that were measured, for people to look at: their thumbnails, or the images themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from vton_hf._core.concurrency import map_prefetched
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.chunks.reuse import ReusableImages
from vton_hf.cache.gather.run import units_of
from vton_hf.cache.gather.unit import Unit
from vton_hf.cache.records import CacheDir
from vton_hf.cache.statistics import IMAGES, StatisticsFiles
from vton_hf.errors import StorageError
from vton_hf.images import ORIGINAL
from vton_hf.naming import ROLES
from vton_hf.storage import Store, read_sources
from vton_hf.triplets import sources_of

_THREADS: Final = 4
_AT_ONCE: Final = 8
"""Triplets that are read at once."""

ThreeImages: TypeAlias = tuple[bytes | None, ...]
"""The files of a triplet in the order of `ROLES`; None where there is none."""

_Batch: TypeAlias = tuple[list[int], list[dict[str, Any]], list[ReusableImages]]


@dataclass(frozen=True)
class StoredImages:
    """Images of the rows of chunks, by the number of the row.

    Attributes:
        chunks: Whose rows; those of the second follow on those of the first.
        cache: Where thumbnails and chunks lie.
        store: Where the images lie.
    """

    chunks: Sequence[Chunk]
    cache: CacheDir
    store: Store

    def thumbnails(self, rows: Sequence[int]) -> Iterator[tuple[int, ThreeImages]]:
        """JPEG files of 64 pixels at the longer edge.

        Args:
            rows: Which; in ascending order.

        Yields:
            Each row that is asked for, in order.
        """
        files = StatisticsFiles(self.cache.statistics)

        def read(part: tuple[Chunk, list[int], int]) -> list[tuple[int, ThreeImages]]:
            chunk, wanted, start = part
            table = files.read(chunk.unit, IMAGES, ["uri", "thumbnail"])
            known = {} if table is None else dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
            uris = [chunk.rows[role].take([row - start for row in wanted]).to_pylist() for role in ROLES]
            return [(row, tuple(known.get(uri) for uri in of_row)) for row, *of_row in zip(wanted, *uris, strict=True)]

        for _, found in map_prefetched(self._parts(rows), read, depth=_THREADS):
            yield from found

    def originals(self, rows: Sequence[int]) -> Iterator[tuple[int, ThreeImages]]:
        """The images themselves, as a chunk on disk or else the store has them.

        Args:
            rows: Which; in ascending order.

        Yields:
            Each row that is asked for, in order.
        """
        parts = list(self._parts(rows))
        units = units_of([chunk for chunk, _, _ in parts], self.cache)
        for _, found in map_prefetched(_batches(parts, units), self._read):
            yield from found

    def _parts(self, rows: Sequence[int]) -> Iterator[tuple[Chunk, list[int], int]]:
        """Chunks with the rows that are wanted of each, and the number of its first."""
        wanted, start = np.asarray(rows, np.int64), 0
        for chunk in self.chunks:
            stop = start + chunk.rows.num_rows
            first, last = np.searchsorted(wanted, [start, stop])
            if last > first:
                yield chunk, wanted[first:last].tolist(), start
            start = stop

    def _read(self, batch: _Batch) -> list[tuple[int, ThreeImages]]:
        numbers, rows, stored = batch
        sources = {source: role for row in rows for role, source in sources_of(row).items() if role in ROLES}
        known: dict[Any, bytes | None] = {}
        for source, role in sources.items():
            bodies = (images.get(((role,), (source,))) for images in stored)
            known[source] = next((body[0] for body in bodies if body is not None), None)
        missing = [source for source, body in known.items() if body is None]
        for source, body in zip(missing, read_sources(self.store, missing), strict=True):
            known[source] = None if isinstance(body, StorageError) else body
        images = [tuple(known.get(sources_of(row).get(role)) for role in ROLES) for row in rows]
        return list(zip(numbers, images, strict=True))


def _batches(parts: Sequence[tuple[Chunk, list[int], int]], units: Sequence[Unit]) -> Iterator[_Batch]:
    """Rows that are read at once, with their numbers and the chunks on disk that may hold their images."""
    for (chunk, wanted, start), unit in zip(parts, units, strict=True):
        stored = [ReusableImages([path], ORIGINAL) for path, _ in unit.chunks]
        for at in range(0, len(wanted), _AT_ONCE):
            numbers = wanted[at : at + _AT_ONCE]
            yield numbers, chunk.rows.take([row - start for row in numbers]).to_pylist(), stored
