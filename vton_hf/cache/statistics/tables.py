"""Rows that were measured, as tables; and what triplets are, which follows from the rows of their images alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from vton_hf.cache.statistics.schema import IMAGE_SCHEMA, TRIPLET_SCHEMA
from vton_hf.images import compare, thumbnail_pixels
from vton_hf.naming import ROLES
from vton_hf.triplets import Source, sources_of

ImageRow: TypeAlias = dict[str, Any]
"""A row of `IMAGE_SCHEMA`; what is absent is null."""

MEASURED_ON_OBJECT: Final = "original"
"""What `measured_on` says of rows that were measured on the object itself, not on what a chunk made of it."""

_AT_ONCE: Final = 64
"""Triplets that are compared at once: some 20 MB."""


def image_row(source: Source, role: str, measured_on: str, values: Mapping[str, Any]) -> ImageRow:
    """What was measured of an image, and of which object."""
    uri, etag, size = source
    return {"uri": uri, "etag": etag, "bytes": size, "role": role, "measured_on": measured_on, **values}


def source_of(row: ImageRow) -> Source:
    """Which object a row is of."""
    return row["uri"], row["etag"], row["bytes"]


def image_table(rows: Iterable[ImageRow]) -> pa.Table:
    """The rows as a table, each object once, by URI."""
    distinct = {row["uri"]: row for row in rows}
    return pa.Table.from_pylist([distinct[uri] for uri in sorted(distinct)], schema=IMAGE_SCHEMA)


def triplet_table(rows: Sequence[Mapping[str, Any]], images: Mapping[Source, ImageRow]) -> pa.Table:
    """Compare the images of triplets.

    Args:
        rows: Of a manifest.
        images: What was measured of their images; triplets of which an image is missing or of no use are left out.
    """
    sources = ((row, sources_of(row)) for row in rows)
    found = [(row, [images.get(of_row[role]) for role in ROLES if role in of_row]) for row, of_row in sources]
    whole = [
        (row, of_row)
        for row, of_row in found
        if len(of_row) == len(ROLES) and all(image and image.get("thumbnail") for image in of_row)
    ]
    parts = [_compared(whole[start : start + _AT_ONCE]) for start in range(0, len(whole), _AT_ONCE)]
    return pa.concat_tables([TRIPLET_SCHEMA.empty_table(), *parts])


def _compared(part: Sequence[tuple[Mapping[str, Any], Sequence[Any]]]) -> pa.Table:
    thumbnails = [
        np.stack([thumbnail_pixels(of_row[index]["thumbnail"]) for _, of_row in part]) for index in range(len(ROLES))
    ]
    columns: dict[str, Any] = {name: [row[name] for row, _ in part] for name in ("key", *ROLES)}
    columns |= compare(*thumbnails)
    arrays = [pa.array(columns[field.name], from_pandas=True).cast(field.type) for field in TRIPLET_SCHEMA]
    return pa.table(arrays, schema=TRIPLET_SCHEMA)
