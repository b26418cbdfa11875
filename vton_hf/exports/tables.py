"""The rows of a split as they are exported: image bytes in the cells, read by position."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.builder import VTON, Reader, open_stream, row_ranges, selected_rows, warn_of_shared_triplets
from vton_hf.cache import TEXT_COLUMNS, features
from vton_hf.errors import ConfigError
from vton_hf.naming import ROLES
from vton_hf.triplets import CONTENT_HASH, Manifest

_SCHEMA = features().arrow_schema

Substitutes = Mapping[int, Mapping[str, str]]
"""By position in its split, the text columns of a triplet that took the place of a broken one."""


@dataclass(frozen=True, eq=False)
class ExportTable:
    """The rows of one split of one config.

    Attributes:
        config: The config.
        split: The split's name.
        texts: The five text columns as planned; n rows.
        sizes: Bytes of each row's three images; int64 [n, 3].
        versions: Changes with a row's triplet, its keys and its bytes; uint64 [n].
        read: The eight columns of some rows in sequence, with the images' bytes and file names in the cells, and what
            took the place of broken triplets among them.
        built: Whether rows are taken from what is built, and not read from the bucket.
        image_mark: Changes with how images were prepared.
    """

    config: str
    split: str
    texts: pa.Table
    sizes: NDArray[np.int64]
    versions: NDArray[np.uint64]
    read: Callable[[range], tuple[pa.Table, Substitutes]]
    built: bool
    image_mark: str

    @cached_property
    def first(self) -> pa.Table:
        """The first row."""
        return self.read(range(1))[0]

    def texts_with(self, substitutes: Substitutes) -> pa.Table:
        """The text columns of what was written."""
        if not substitutes:
            return self.texts
        positions = np.arange(len(self))
        positions[list(substitutes)] = len(self) + np.arange(len(substitutes))
        others = pa.Table.from_pylist(list(map(dict, substitutes.values())), schema=self.texts.schema)
        return pa.concat_tables([self.texts, others]).combine_chunks().take(positions)

    def __len__(self) -> int:
        return len(self.sizes)


def export_tables(builder: VTON, splits: Mapping[str, Any], *, built: bool) -> list[ExportTable]:
    """The rows of a config's splits.

    Args:
        builder: The config.
        splits: For each name, what it holds, as `split=` of `load_dataset`.
        built: Take what is built. Otherwise rows are read from the bucket, and broken images are replaced as in a
            stream.

    Raises:
        ConfigError: If a split cannot be read or has no row, or the mix exists only once it is built.
        EmptyPoolError: If a difficulty that has weight has no usable triplet.
    """
    tables = _built(builder, splits) if built else _unbuilt(builder, splits)
    for table in tables:
        if not len(table):
            raise ConfigError(
                f"split={dict(splits)!r} leaves {table.split!r} of {table.config!r} without a row; all together have "
                f"{sum(map(len, tables)):,}. Take a larger share, or leave the split out."
            )
    return tables


def _built(builder: VTON, splits: Mapping[str, Any]) -> list[ExportTable]:
    pools, manifest = builder.pools(), builder.triplets.manifest
    mark = builder.config.image_spec.mark

    def table(split: str, dataset: datasets.Dataset) -> ExportTable:
        arrow = dataset.with_format("arrow")
        texts = _texts(dataset)
        triplet = _positions(texts["key"], manifest.table["key"])
        sizes = _listed_sizes(manifest)[triplet]
        if builder.config.image_spec:
            keys = pa.chunked_array([chunk for pool in pools.values() for chunk in pool.data.column("key").chunks])
            sizes = np.concatenate([_stored_sizes(pool) for pool in pools.values()])[_positions(texts["key"], keys)]

        read, versions = _BuiltRows(arrow), _versions(manifest)[triplet]
        return ExportTable(builder.config.name, split, texts, sizes, versions, read, True, mark)

    return [table(name, part) for name, part in builder.as_dataset(dict(splits)).items()]


def _unbuilt(builder: VTON, splits: Mapping[str, Any]) -> list[ExportTable]:
    config, manifest = builder.config, builder.triplets.manifest
    if config.mixing != "exact":
        raise ConfigError("mixing='interleave' mixes what is built: build it before a dry run.")
    # What a stream of URIs leaves to whoever looks at a row is needed here.
    reader = Reader(replace(open_stream(builder.context, manifest), embed_images=True))
    plan = reader.plan
    for split in splits.values():
        warn_of_shared_triplets(plan, split)
    starts = np.array([manifest.rows_of(name).start for name in plan.pools], np.int64)

    def table(split: str, ranges: list[range]) -> ExportTable:
        positions = np.concatenate([np.asarray(part, np.int64) for part in ranges])
        triplet = (starts[plan.pool] + plan.row)[positions]
        texts = manifest.table.select(list(TEXT_COLUMNS)).take(triplet)

        read = _RowsOfBucket(reader, positions, texts["key"])
        sizes, versions = _listed_sizes(manifest)[triplet], _versions(manifest)[triplet]
        return ExportTable(config.name, split, texts, sizes, versions, read, False, config.image_spec.mark)

    return [table(name, row_ranges(split, len(plan))) for name, split in splits.items()]


@dataclass(frozen=True, eq=False)
class _BuiltRows:
    """Reads rows of what is built, in any process that sees the cache."""

    arrow: datasets.Dataset

    def __call__(self, part: range) -> tuple[pa.Table, Substitutes]:
        return _with_names_only(self.arrow[part.start : part.stop]), {}


@dataclass(frozen=True, eq=False)
class _RowsOfBucket:
    """Reads rows from the bucket, in any process that sees the manifest in the cache."""

    reader: Reader
    positions: NDArray[np.int64]
    keys: pa.ChunkedArray

    def __call__(self, part: range) -> tuple[pa.Table, Substitutes]:
        examples = self.reader.read([int(position) for position in self.positions[part.start : part.stop]])
        planned = self.keys.slice(part.start, len(part)).to_pylist()
        replaced = {
            row: {name: example[name] for name in TEXT_COLUMNS}
            for row, key, example in zip(part, planned, examples, strict=True)
            if example["key"] != key
        }
        return _with_names_only(pa.Table.from_pylist(examples, schema=_SCHEMA)), replaced


def _texts(dataset: datasets.Dataset) -> pa.Table:
    """The text columns, in one chunk each; a slice would make a chunk a row: 11 s for a million rows, not 0.2 s."""
    stored = pa.table({name: dataset.data.column(name).combine_chunks() for name in TEXT_COLUMNS})
    selected = selected_rows(dataset)
    return stored if selected is None else stored.take(selected)


def _positions(keys: pa.ChunkedArray, among: pa.ChunkedArray) -> NDArray[np.int64]:
    positions: NDArray[np.int64] = pc.index_in(keys, value_set=among.combine_chunks()).to_numpy().astype(np.int64)
    return positions


def _listed_sizes(manifest: Manifest) -> NDArray[np.int64]:
    return np.stack([manifest.table[f"{role}_size"].to_numpy() for role in ROLES], axis=1)


def _stored_sizes(pool: datasets.Dataset) -> NDArray[np.int64]:
    """Of images that were made anew while building; their offsets are read, not their bytes."""
    lengths = [pc.binary_length(pc.struct_field(pool.data.column(role), "bytes")).to_numpy() for role in ROLES]
    return np.stack(lengths, axis=1).astype(np.int64)


def _versions(manifest: Manifest) -> NDArray[np.uint64]:
    versions: NDArray[np.uint64] = manifest.table[CONTENT_HASH].to_numpy()
    return versions


def _with_names_only(table: pa.Table) -> pa.Table:
    """Removes the directories of the images' paths, which would name the bucket."""
    columns: dict[str, Sequence[Any] | pa.Array] = {name: table[name] for name in TEXT_COLUMNS}
    for role in ROLES:
        cells = table[role].combine_chunks()
        names = pc.replace_substring_regex(pc.struct_field(cells, "path"), r"^.*/", "")
        columns[role] = pa.StructArray.from_arrays([pc.struct_field(cells, "bytes"), names], names=["bytes", "path"])
    return pa.table(columns).select(_SCHEMA.names).cast(_SCHEMA)
