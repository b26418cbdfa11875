"""A listing as Arrow: what a page looks like, and how pages become one sorted table."""

import contextlib
import ctypes
from collections.abc import Iterable, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.storage.environment import disabled

POOL: Final = pa.system_memory_pool()
"""Gives back what is freed; Arrow's own pool would keep 430 MB of a listing of 1.8 million keys."""

SCHEMA: Final = pa.schema([("uri", pa.string()), ("size", pa.int64()), ("etag", pa.string())])
"""uri: scheme, bucket and the raw key; size in bytes; etag: changes when the object does."""

UNREADABLE: Final = -1
"""The size of what was seen and cannot be read; its etag says why."""


def page(uris: Sequence[str], sizes: Sequence[int], etags: Sequence[str]) -> pa.Table:
    """One page of a listing; its strings leave Python here, so that a big bucket never becomes dicts."""
    return pa.table({"uri": uris, "size": sizes, "etag": etags}, schema=SCHEMA)


def join(pages: Iterable[pa.Table]) -> pa.Table:
    """All pages as one table, sorted by uri in byte order, each uri once.

    >>> join([page(["b", "a"], [1, 2], ["x", "y"])])["uri"].to_pylist()
    ['a', 'b']
    """
    in_order = sorted((table for table in pages if table.num_rows), key=lambda table: str(table["uri"][0]))
    table = pa.concat_tables([SCHEMA.empty_table(), *in_order]).combine_chunks(memory_pool=POOL)
    # Stores list in this order, so pages seldom have to be torn apart: 1.8 million rows take 4 s to sort.
    if not pc.all(rises := _rises(table["uri"])).as_py():
        table = table.sort_by("uri").combine_chunks()
        rises = _rises(table["uri"])
    # Some stores give the last key of a page once more as the first of the next.
    return table if pc.all(rises).as_py() else table.filter(rises).combine_chunks()


def _rises(uris: pa.ChunkedArray) -> pa.ChunkedArray:
    """Of each uri whether it lies behind the one before it."""
    first = pa.array([True] * min(len(uris), 1), pa.bool_())
    return pa.chunked_array([first, *pc.less(uris[:-1], uris[1:]).chunks])


def give_back() -> None:
    """Let the system have the memory that is no longer needed; workers that are forked would begin with it.

    Of 1.8 million keys glibc keeps 270 MB, and Arrow's own pool what was made of a manifest.
    """
    pa.default_memory_pool().release_unused()
    if "malloc" not in disabled():
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def holds(table: pa.Table, prefix: str) -> bool:
    """Whether any uri of the table lies under the prefix."""
    return bool(pc.any(pc.starts_with(table["uri"], prefix)).as_py())


def unread(table: pa.Table, prefix: str) -> str | None:
    """Why a prefix's folder, or one that it lies in, could not be read; None if it could."""
    rows = table.filter(pc.equal(table["size"], UNREADABLE)).select(["uri", "etag"]).to_pylist()
    return next(
        (f"{row['etag']} ({row['uri']})" for row in rows if prefix.startswith(f"{row['uri'].removesuffix('/')}/")), None
    )
