"""A listing as Arrow: what a page looks like, and how pages become one sorted table."""

from collections.abc import Iterable, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

SCHEMA: Final = pa.schema([("uri", pa.string()), ("size", pa.int64()), ("etag", pa.string())])
"""uri: scheme, bucket and the raw key; size in bytes; etag: changes when the object does."""


def page(uris: Sequence[str], sizes: Sequence[int], etags: Sequence[str]) -> pa.Table:
    """One page of a listing; its strings leave Python here, so that a big bucket never becomes dicts."""
    return pa.table({"uri": uris, "size": sizes, "etag": etags}, schema=SCHEMA)


def join(pages: Iterable[pa.Table]) -> pa.Table:
    """All pages as one table, sorted by uri in byte order.

    >>> join([page(["b", "a"], [1, 2], ["x", "y"])])["uri"].to_pylist()
    ['a', 'b']
    """
    table = pa.concat_tables([SCHEMA.empty_table(), *pages])
    return table.sort_by("uri").combine_chunks()


def holds(table: pa.Table, prefix: str) -> bool:
    """Whether any uri of the table lies under the prefix."""
    return bool(pc.any(pc.starts_with(table["uri"], prefix)).as_py())
