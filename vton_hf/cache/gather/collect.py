"""All that was measured of some rows, as tables that a report is a query of."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.gather.work import STRUCTURE
from vton_hf.cache.statistics import IMAGE_SCHEMA, IMAGES, TRIPLET_SCHEMA, TRIPLETS, StatisticsFiles

_LARGE: Final = ("thumbnail", "etag")
"""Columns that a report does without: thumbnails are 9 of 10 bytes."""

_THREADS: Final = 4


@dataclass(frozen=True)
class Statistics:
    """What was measured.

    Attributes:
        images: Rows of `IMAGE_SCHEMA` without thumbnails; an image that several chunks hold may stand there twice.
        triplets: Rows of `TRIPLET_SCHEMA`.
    """

    images: pa.Table
    triplets: pa.Table


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
        progress(1)
        return images, files.read(chunk.unit, TRIPLETS)

    with ThreadPoolExecutor(_THREADS) as threads:
        tables = list(threads.map(read, chunks))
    empty = IMAGE_SCHEMA.empty_table().select(columns)
    return Statistics(
        _joined(empty, (images for images, _ in tables)),
        _joined(TRIPLET_SCHEMA.empty_table(), (triplets for _, triplets in tables)),
    )


def _joined(empty: pa.Table, tables: Iterable[pa.Table | None]) -> pa.Table:
    schema = empty.schema.remove_metadata()
    there = [table.select(schema.names).cast(schema) for table in tables if table is not None]
    return pa.concat_tables([empty.cast(schema), *there]).combine_chunks()
