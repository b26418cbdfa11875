"""Cutting a split into files: equal in rows, and bounded in bytes."""

from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
from datasets.utils.py_utils import convert_file_size_to_int
from numpy.typing import NDArray

from vton_hf._core.checks import as_int, must_be

MAX_SHARD_SIZE: Final = "2GB"
RESERVE: Final = 0.98
"""What is left of the bound for images."""

GROUP_BYTES: Final = 32 * 2**20
"""Rows that are read and written together, and a row group in a Parquet file: 8 triplets of 768x1024 PNGs, so that
a stream has its first row after 32 MB and not after the 100 MB that is usual, and a shuffle finds many places."""

FEW_SHARDS: Final = 8
FEW_ROWS: Final = 64
"""Small datasets have 8 shards once each holds 64 rows, so that ranks and workers have something to share."""

_FILE_BYTES: Final = 12_288
"""Beside its rows: a footer with the features, or the padding of an archive."""


def parse_size(size: int | str) -> int:
    """Bytes of `"2GB"` or a number.

    Raises:
        ConfigError: If it is neither.
    """
    try:
        number = int(size) if isinstance(size, str) and size.isdigit() else as_int(size)
        number = convert_file_size_to_int(size) if number is None else number
    except (ValueError, AttributeError, TypeError):
        number = 0
    if isinstance(size, bool) or number < 1:
        raise must_be("max_shard_size", size, "a size such as '500MB' or a number of bytes")
    return int(number)


def cut_rows(sizes: NDArray[np.int64], limit: int, row_bytes: int) -> list[range]:
    """Cut rows into as few parts as the bound allows, whose lengths differ by one row at most.

    More than 8 parts come in multiples of 8, so that 2, 4 or 8 ranks share them evenly.

    Args:
        sizes: Bytes of each row's images; int64 [n].
        limit: Bytes that a file may have; exceeded only where a single row does so.
        row_bytes: What each row takes beside its images.

    >>> cut_rows(np.full(5, 400_000), 1_000_000, 512)
    [range(0, 2), range(2, 4), range(4, 5)]
    """
    rows = len(sizes)
    ends = np.concatenate([[0], np.cumsum(sizes + row_bytes)])
    room = max(limit * RESERVE - _FILE_BYTES, limit // 2)
    if rows and (largest := int(sizes.max()) + row_bytes) > room:
        room += largest  # else each row would become a file, for the sake of one
    count = max(1, int(ends[-1] // room), min(FEW_SHARDS, rows // FEW_ROWS))
    while True:
        if count > FEW_SHARDS:
            count = -(-count // FEW_SHARDS) * FEW_SHARDS
        parts = _even(rows, min(count, max(rows, 1)))
        if count >= rows or max(ends[part.stop] - ends[part.start] for part in parts) <= room:
            return parts
        count += 1 + count // 16


def _even(rows: int, count: int) -> list[range]:
    lengths = (rows // count + (index < rows % count) for index in range(count))
    return [range(*pair) for pair in pairwise(accumulate(lengths, initial=0))]


def groups(sizes: NDArray[np.int64], rows: range) -> Iterator[range]:
    """Rows in sequence that weigh at most `GROUP_BYTES`, or one row that weighs more."""
    start, weight = rows.start, 0
    for row in rows:
        if row > start and weight + sizes[row] > GROUP_BYTES:
            yield range(start, row)
            start, weight = row, 0
        weight += int(sizes[row])
    yield range(start, rows.stop)
