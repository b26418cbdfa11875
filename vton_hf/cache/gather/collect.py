"""All that was measured of some rows, as tables that a report is a query of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from vton_hf._core.concurrency import map_prefetched
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.gather.work import STRUCTURE
from vton_hf.cache.statistics import IMAGE_SCHEMA, IMAGES, TRIPLET_SCHEMA, TRIPLETS, StatisticsFiles

_LARGE: Final = ("thumbnail", "etag")
"""Columns that a report does without: thumbnails are 9 of 10 bytes."""

_THREADS: Final = 4
_AT_ONCE: Final = 256


@dataclass(frozen=True)
class Statistics:
    """What was measured.

    Attributes:
        images: Rows of `IMAGE_SCHEMA` without thumbnails; an image that several chunks hold may stand there twice.
        triplets: Rows of `TRIPLET_SCHEMA`.
        damaged: Chunks of whose rows a table is gone or damaged.
    """

    images: pa.Table
    triplets: pa.Table
    damaged: tuple[Chunk, ...] = ()


def collect(
    chunks: Sequence[Chunk], folder: Path, *, pixels: bool = True, progress: Callable[[int], object] = int
) -> Statistics:
    """Read what was measured of the rows of chunks; what was not is absent.

    Args:
        chunks: Whose rows.
        folder: Where statistics lie.
        pixels: Whether only rows with pixels count; else what files say of themselves will do.
        progress: Called with 1 for each chunk.
    """
    files, structure = StatisticsFiles(folder), StatisticsFiles(folder / STRUCTURE)
    columns = [name for name in IMAGE_SCHEMA.names if name not in _LARGE]

    def read(chunk: Chunk) -> tuple[pa.Table | None, pa.Table | None]:
        images = files.read(chunk.unit, IMAGES, columns)
        if images is None and not pixels:
            images = structure.read(chunk.unit, IMAGES, columns)
        return images, files.read(chunk.unit, TRIPLETS)

    empty = IMAGE_SCHEMA.empty_table().select(columns)
    images, triplets = _Pile(empty), _Pile(TRIPLET_SCHEMA.empty_table())
    damaged = []
    for chunk, (of_images, of_triplets) in map_prefetched(chunks, read, depth=_THREADS):
        images.add(of_images)
        triplets.add(of_triplets)
        progress(1)
        if of_images is None or (pixels and of_triplets is None):
            damaged.append(chunk)
    for each in (files, structure):
        each.touch(chunk.unit for chunk in chunks)
    return Statistics(images.table(), triplets.table(), tuple(damaged))


def forget(chunks: Sequence[Chunk], folder: Path) -> None:
    """Delete what was measured of the rows of chunks.

    Raises:
        OSError: If the disk does not let it go.
    """
    for files in (StatisticsFiles(folder), StatisticsFiles(folder / STRUCTURE)):
        for chunk in chunks:
            files.forget(chunk.unit)


class _Pile:
    """Small tables that become a large one, joined a few at a time: each column of each takes memory of its own."""

    def __init__(self, empty: pa.Table) -> None:
        self._schema = empty.schema.remove_metadata()
        self._joined, self._waiting = [empty.cast(self._schema)], list[pa.Table]()

    def add(self, table: pa.Table | None) -> None:
        if table is not None:
            self._waiting.append(table.select(self._schema.names).replace_schema_metadata(None))
        if len(self._waiting) == _AT_ONCE:
            self._join()

    def _join(self) -> None:
        if self._waiting:
            self._joined.append(pa.concat_tables(self._waiting).combine_chunks())
            self._waiting = []

    def table(self) -> pa.Table:
        self._join()
        return pa.concat_tables(self._joined)
