"""The columns of a dataset beside those of every triplet: which images there are, and what layouts and tables say."""

import datasets
import numpy as np
import pyarrow.compute as pc
from datasets.table import Table, concat_tables

from vton_hf.cache import features
from vton_hf.naming import ROLES
from vton_hf.triplets import Manifest


def roles_in(manifest: Manifest) -> tuple[str, ...]:
    """The images that some triplet has, and all companions; all three where there are no triplets."""
    there = tuple(role for role in ROLES if manifest.table[role].null_count < len(manifest))
    return (*(there or ROLES), *(name for name in manifest.images if name not in ROLES))


def features_of(manifest: Manifest, *, decode: bool) -> datasets.Features:
    """The columns of a dataset of these triplets.

    Args:
        manifest: The triplets that are drawn.
        decode: Whether `datasets` decodes images itself.
    """
    own, columns = features(decode=decode, roles=roles_in(manifest)), manifest.columns
    further = {} if columns is None else datasets.Features.from_arrow_schema(columns.schema)
    return datasets.Features(own | dict(further))


def with_columns_of(manifest: Manifest, whole: Manifest) -> Manifest:
    """Some triplets, with what is said of them among all."""
    columns = whole.columns
    if columns is None:
        return manifest
    rows = pc.index_in(manifest.table["key"], value_set=whole.table["key"].combine_chunks())
    return manifest.with_columns(columns.take(rows))


def with_columns(pool: Table, manifest: Manifest, columns: Table) -> Table:
    """Rows of images and texts, with what else is known of their triplets beside them; nothing is copied.

    Args:
        pool: Rows with a column `key`, in the manifest's order; some may be missing.
        manifest: The triplets.
        columns: In line with the manifest.
    """
    keys = manifest.table["key"].combine_chunks()
    rows = pc.index_in(pool.column("key"), value_set=keys).to_numpy().astype(np.int64)
    return concat_tables([pool, _rows_of(columns, rows)], axis=1)


def _rows_of(columns: Table, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Table:
    """Some rows, in as few slices as can be: a slice of a mapped file takes no memory in any worker."""
    if not len(rows):
        return columns.slice(0, 0)
    starts = np.flatnonzero(np.diff(rows, prepend=rows[0] - 2) != 1)
    stops = np.append(starts[1:], len(rows))
    slices = [columns.slice(int(rows[start]), int(stop - start)) for start, stop in zip(starts, stops, strict=True)]
    return slices[0] if len(slices) == 1 else concat_tables(slices)
