"""Slices, joins and hashes strings in Arrow arrays, without a Python object for each row."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

Positions = NDArray[np.int32]
_BATCH: Final = 16_384


def edges(strings: pa.StringArray) -> Positions:
    """Where each string begins in the array's buffer of bytes, and where the last one ends; int32 [n + 1]."""
    if not len(strings):
        return np.zeros(1, np.int32)
    every: Positions = np.frombuffer(strings.buffers()[1], np.int32)
    return every[strings.offset : strings.offset + len(strings) + 1]


def cut(strings: pa.StringArray, starts: Positions, stops: Positions) -> pa.StringArray:
    """Take a part of each of some strings.

    Args:
        strings: Without nulls.
        starts: Ascending positions in the array's buffer of bytes; see `edges`.
        stops: As many; none lies before its start, or behind the next start.

    >>> words = pa.array(["one", "two"])
    >>> cut(words, edges(words)[:-1] + 1, edges(words)[1:]).to_pylist()
    ['ne', 'wo']
    """
    if not len(starts):
        return pa.array([], pa.string())
    # Of all that lies between two positions every second piece is wanted, which leaves the copying to Arrow.
    between = np.stack([starts, stops], axis=1).astype(np.int32, copy=False).ravel()
    pieces = pa.StringArray.from_buffers(len(between) - 1, pa.py_buffer(between), strings.buffers()[2])
    return pieces.take(pa.array(np.arange(0, len(between), 2, dtype=np.int32)))


def names_in(paths: pa.StringArray) -> Positions:
    """Where the part behind the last slash of each path begins; int32 [n]."""
    at = edges(paths)
    data = np.frombuffer(paths.buffers()[2] or b"", np.uint8)
    slashes = np.flatnonzero(data[at[0] : at[-1]] == ord("/")) + at[0]
    last = np.concatenate([[-1], slashes])[np.searchsorted(slashes, at[1:])]
    names: Positions = np.maximum(last + 1, at[:-1]).astype(np.int32)
    return names


def tails(paths: pa.StringArray, level: int) -> pa.StringArray:
    """The name of each path, with so many folders above it; null where a path has fewer.

    >>> tails(pa.array(["a/b/c.png", "c.png"]), 1).to_pylist()
    ['b/c.png', None]
    """
    if not level:
        return cut(paths, names_in(paths), edges(paths)[1:])
    return pc.struct_field(pc.extract_regex(paths, rf"(?P<tail>(?:[^/]+/){{{level}}}[^/]*)$"), "tail")


def as_text(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Values as people write them: numbers and truths by Arrow, lists and structs as Python shows them."""
    if not pa.types.is_nested(column.type):
        return column.cast(pa.string())
    return pa.array([value if value is None else str(value) for value in column.to_pylist()], pa.string())


def joined_tables(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables one below the other, null where one lacks a column; what is a number in one and a text in another is text.

    >>> joined_tables([pa.table({"size": [1]}), pa.table({"size": ["XL"]})])["size"].to_pylist()
    ['1', 'XL']
    """
    kinds: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for name in table.column_names:
            kinds.setdefault(name, set()).add(table[name].type)
    for name, types in kinds.items():
        types.discard(pa.null())
        if len(types) > 1 and not all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in types):
            tables = [
                table.set_column(table.column_names.index(name), name, as_text(table[name]))
                if name in table.column_names
                else table
                for table in tables
            ]
    return pa.concat_tables(tables, promote_options="permissive")


def hash_strings(strings: pa.ChunkedArray | pa.Array) -> NDArray[np.uint64]:
    """XXH3, 64 bits, the same on every machine; batches keep memory flat."""
    hashes = np.empty(len(strings), dtype=np.uint64)
    for start in range(0, len(strings), _BATCH):
        batch = strings.slice(start, _BATCH).cast(pa.binary()).to_pylist()
        hashes[start : start + len(batch)] = np.fromiter(map(xxh3_64_intdigest, batch), np.uint64, len(batch))
    return hashes
