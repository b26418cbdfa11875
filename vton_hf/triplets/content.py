"""Names for what rows hold: they change whenever a triplet, its bytes, or what is said of it does."""

import json
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from vton_hf._core.digests import digest

CONTENT_HASH: Final = "version"
"""The column with the hash of a triplet's identity, key, URIs, sizes and etags. It has its name on disk."""


def content_digest(rows: pa.Table) -> str:
    """16 hexadecimal digits that name exactly these triplets with exactly these bytes."""
    versions = rows[CONTENT_HASH].to_numpy().astype("<u8")
    return digest(versions.tobytes())


def texts_of(columns: pa.Table) -> Iterator[str]:
    """All that some columns hold, the same text for the same values."""
    for name in columns.column_names:
        column = columns[name].combine_chunks()
        if pa.types.is_string(column.type):
            coded = column.dictionary_encode(null_encoding="encode")
            yield f"{name} {digest(coded.indices.to_numpy().astype('<i4').tobytes())}"
            column = coded.dictionary
        yield f"{name} {column.type} {json.dumps(column.to_pylist(), default=str)}"
