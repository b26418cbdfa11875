"""What rows are made of, and names for it: they change whenever a triplet, its bytes, or what is said of it does."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import pyarrow as pa

from vton_hf._core.digests import digest
from vton_hf.naming import ETAG, ROLES

Source: TypeAlias = tuple[str, str, int]
"""URI, ETag and size of an object: what makes its bytes the same."""

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


def images_in(rows: pa.Table) -> tuple[str, ...]:
    """The columns of images that rows of a manifest have: `ROLES`, then companions."""
    names = (name.removesuffix(ETAG) for name in rows.column_names if name.endswith(ETAG))
    return (*ROLES, *(name for name in names if name not in ROLES))


def sources_of(row: Mapping[str, Any]) -> dict[str, Source]:
    """By role, or companion's name, URI, ETag and size of the objects that a row of a manifest is made of."""
    roles = [name.removesuffix(ETAG) for name in row if name.endswith(ETAG)]
    return {role: (row[role], row[f"{role}{ETAG}"], row[f"{role}_size"]) for role in roles if row[role] is not None}
