"""The rows of a split as they are exported: image bytes in the cells, read by position."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.digests import digest
from vton_hf.builder import VTON, Part, Reader, open_stream, parts_of, selected_rows, warn_of_shared_triplets
from vton_hf.cache import TEXT_COLUMNS
from vton_hf.errors import ConfigError
from vton_hf.exports.leaving import LeavingRows
from vton_hf.exports.rows import BuiltRows, RowsOfBucket, Substitutes
from vton_hf.exports.spec import ExportSpec
from vton_hf.triplets import CONTENT_HASH, Manifest


@dataclass(frozen=True, eq=False)
class ExportTable:
    """The rows of one split of one config.

    Attributes:
        config: The config.
        split: The split's name.
        texts: The five text columns, and the one that is mixed by, as planned; n rows.
        images: The columns of images.
        sizes: Bytes of each row's images, 0 of one that it has not; int64 [n, images].
        versions: Changes with a row's triplet, its keys and its bytes; uint64 [n].
        read: The columns of some rows in sequence, with the images' bytes and file names in the cells, and what took
            the place of broken triplets among them.
        built: Whether rows are taken from what is built, and not read from the bucket.
        image_mark: Changes with how images were prepared.
    """

    config: str
    split: str
    texts: pa.Table
    images: tuple[str, ...]
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


def export_tables(builder: VTON, spec: ExportSpec, *, built: bool) -> list[ExportTable]:
    """The rows of a config's splits.

    Args:
        builder: The config.
        spec: Which splits, in the columns that rows of all configs are given.
        built: Take what is built. Otherwise rows are read from the bucket, and broken images are replaced as in a
            stream.

    Raises:
        ConfigError: If a split cannot be read or has no row, or the mix exists only once it is built.
        EmptyPoolError: If a difficulty that has weight has no usable triplet.
    """
    splits, rows = spec.splits, LeavingRows(spec.columns.own, tuple(builder.context.prefixes))
    tables = _built(builder, splits, rows) if built else _unbuilt(builder, splits, rows)
    for table in tables:
        if not len(table):
            raise ConfigError(
                f"split={dict(splits)!r} leaves {table.split!r} of {table.config!r} without a row; all together have "
                f"{sum(map(len, tables)):,}. Take a larger share, or leave the split out."
            )
    return tables


def _built(builder: VTON, splits: Mapping[str, Any], rows: LeavingRows) -> list[ExportTable]:
    pools, manifest = builder.pools(), builder.triplets.manifest
    names = _text_names(builder)
    mark = builder.config.image_spec.mark

    def table(split: str, dataset: datasets.Dataset) -> ExportTable:
        arrow = dataset.with_format("arrow")
        texts = _texts(dataset, names)
        triplet = _positions(texts["key"], manifest.table["key"])
        sizes = _listed_sizes(manifest)[triplet]
        if builder.config.image_spec:
            keys = pa.chunked_array([chunk for pool in pools.values() for chunk in pool.data.column("key").chunks])
            stored = [_stored_sizes(pool, manifest.images) for pool in pools.values()]
            sizes = np.concatenate(stored)[_positions(texts["key"], keys)]

        read, versions = BuiltRows(arrow, rows), _versions(manifest)[triplet]
        return ExportTable(builder.config.name, split, texts, manifest.images, sizes, versions, read, True, mark)

    return [table(name, part) for name, part in builder.as_dataset(dict(splits)).items()]


def _unbuilt(builder: VTON, splits: Mapping[str, Any], rows: LeavingRows) -> list[ExportTable]:
    if builder.config.mixing != "exact":
        raise ConfigError("mixing='interleave' mixes what is built: build it before a dry run.")
    sources = {name: _Source.of(builder, name) for name in builder.context.parts.names}
    plans = {name: source.reader.plan for name, source in sources.items()}
    for split in splits.values():
        warn_of_shared_triplets(plans, split)
    lengths, names = {name: len(plan) for name, plan in plans.items()}, _text_names(builder)

    def table(split: str, parts: list[Part]) -> ExportTable:
        found = [(sources[part.split].manifest, sources[part.split].triplet[_within(part.rows)]) for part in parts]
        texts = pa.concat_tables([_listed_texts(manifest, names).take(triplet) for manifest, triplet in found])
        read = RowsOfBucket({name: source.reader for name, source in sources.items()}, parts, texts, rows)
        sizes = np.concatenate([_listed_sizes(manifest)[triplet] for manifest, triplet in found])
        versions = np.concatenate([_versions(manifest)[triplet] for manifest, triplet in found])
        mark, images = builder.config.image_spec.mark, builder.triplets.manifest.images
        return ExportTable(builder.config.name, split, texts, images, sizes, versions, read, False, mark)

    return [table(name, parts_of(split, lengths)) for name, split in splits.items()]


def _within(rows: range) -> slice:
    return slice(rows.start, rows.stop)


@dataclass(frozen=True, eq=False)
class _Source:
    """A split, read from the bucket.

    Attributes:
        reader: Makes its rows.
        manifest: Its triplets.
        triplet: Which of them stands at each position; int64 [n].
    """

    reader: Reader
    manifest: Manifest
    triplet: NDArray[np.int64]

    @classmethod
    def of(cls, builder: VTON, split: str) -> "_Source":
        manifest = builder.context.parts.manifest(builder.triplets.manifest, split)
        # What a stream of URIs leaves to whoever looks at a row is needed here.
        stream = replace(open_stream(builder.context, builder.triplets.manifest, split), embed_images=True)
        reader = Reader(stream)
        plan = reader.plan
        pools = [np.asarray(manifest.rows_of(name), np.int64) for name in plan.pools]
        starts = np.cumsum([0, *map(len, pools)])[:-1]
        listed = np.concatenate([np.zeros(0, np.int64), *pools])
        return cls(reader, manifest, listed[starts[plan.pool] + plan.row])


def _text_names(builder: VTON) -> list[str]:
    """The columns of texts that a table keeps."""
    return list(dict.fromkeys([*TEXT_COLUMNS, builder.config.mix_by]))


def _listed_texts(manifest: Manifest, names: Sequence[str]) -> pa.Table:
    return pa.table({name: manifest.column(name, "mix_by=") for name in names})


def _texts(dataset: datasets.Dataset, names: Sequence[str]) -> pa.Table:
    """The text columns, in one chunk each; a slice would make a chunk a row: 11 s for a million rows, not 0.2 s."""
    stored = pa.table({name: dataset.data.column(name).combine_chunks() for name in names})
    selected = selected_rows(dataset)
    return stored if selected is None else stored.take(selected)


def _positions(keys: pa.ChunkedArray, among: pa.ChunkedArray) -> NDArray[np.int64]:
    positions: NDArray[np.int64] = pc.index_in(keys, value_set=among.combine_chunks()).to_numpy().astype(np.int64)
    return positions


def _listed_sizes(manifest: Manifest) -> NDArray[np.int64]:
    return np.stack([pc.fill_null(manifest.table[f"{role}_size"], 0).to_numpy() for role in manifest.images], axis=1)


def _stored_sizes(pool: datasets.Dataset, images: Sequence[str]) -> NDArray[np.int64]:
    """Of images that were made anew while building; their offsets are read, not their bytes."""
    nothing = np.zeros(len(pool), np.int64)
    lengths = [
        pc.fill_null(pc.binary_length(pc.struct_field(pool.data.column(role), "bytes")), 0).to_numpy()
        if role in pool.column_names
        else nothing
        for role in images
    ]
    return np.stack(lengths, axis=1).astype(np.int64)


def _versions(manifest: Manifest) -> NDArray[np.uint64]:
    versions: NDArray[np.uint64] = manifest.table[CONTENT_HASH].to_numpy()
    columns = manifest.columns
    if columns is None:
        return versions
    # Of what tables say, too; one row after another, as they are compared file by file.
    texts = (json.dumps(row, default=str, sort_keys=True) for row in columns.to_pylist())
    return versions ^ np.fromiter((int(digest(text), 16) for text in texts), np.uint64, len(versions))
