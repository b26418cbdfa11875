"""The rows of a mix as they leave: image bytes in the cells, read by position."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.builder import VTON, Reader, Source, row_ranges, warn_of_shared_triplets
from vton_hf.cache import TEXT_COLUMNS, features
from vton_hf.errors import ConfigError
from vton_hf.naming import ROLES
from vton_hf.triplets import Manifest

_SCHEMA = features().arrow_schema


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of one split.

    Attributes:
        texts: Their five text columns; n rows.
        sizes: Bytes of each row's three images; int64 [n, 3].
        versions: Changes with a row's triplet, its keys and its bytes; uint64 [n].
        read: The eight columns of some rows in sequence, with the images' bytes and file names in the cells.
        replaced: By position, the texts of triplets that took the place of broken ones, as far as rows were read.
    """

    texts: pa.Table
    sizes: NDArray[np.int64]
    versions: NDArray[np.uint64]
    read: Callable[[range], pa.Table]
    replaced: dict[int, dict[str, str]] = field(default_factory=dict)

    def told(self) -> pa.Table:
        """The text columns of what was written."""
        if not self.replaced:
            return self.texts
        places = np.arange(len(self))
        places[list(self.replaced)] = len(self) + np.arange(len(self.replaced))
        others = pa.Table.from_pylist(list(self.replaced.values()), schema=self.texts.schema)
        return pa.concat_tables([self.texts, others]).combine_chunks().take(places)

    def __len__(self) -> int:
        return len(self.sizes)


def rows_of(builder: VTON, splits: dict[str, Any], *, built: bool) -> dict[str, Rows]:
    """The rows of a config's splits.

    Args:
        builder: The config.
        splits: For each name, what it holds, as `split=` of `load_dataset`.
        built: Take what is built. Otherwise rows are read from the bucket, and broken images are replaced as in a
            stream.

    Raises:
        ConfigError: If a split cannot be read, or the mix exists only once it is built.
        EmptyPoolError: If a difficulty that has weight has no usable triplet.
    """
    source = builder.source
    if built:
        pools = builder.pools()
        mixed = builder.as_dataset(splits)
        return {name: _stored(part, source, pools) for name, part in mixed.items()}
    if builder.config.mixing != "exact":
        raise ConfigError("mixing='interleave' mixes what is built: build it before a dry run.")
    config = builder.config
    # What a stream of URIs leaves to whoever looks at a row is needed here.
    reader = Reader(replace(source.stream(config.weights, config.epoch_size), embed_images=True))
    for split in splits.values():
        warn_of_shared_triplets(reader.plan, split)
    ranges = {name: row_ranges(split, len(reader.plan)) for name, split in splits.items()}
    return {
        name: _streamed(source.manifest, reader, np.concatenate([np.asarray(piece, np.int64) for piece in part]))
        for name, part in ranges.items()
    }


def _stored(dataset: datasets.Dataset, source: Source, pools: dict[str, datasets.Dataset]) -> Rows:
    arrow = dataset.with_format("arrow")
    texts = _texts(dataset)
    manifest = source.manifest
    triplet = _places(texts["key"], manifest.table["key"])
    sizes = _listed_sizes(manifest)[triplet]
    if source.config.image_spec:
        keys = pa.chunked_array([chunk for pool in pools.values() for chunk in pool.data.column("key").chunks])
        sizes = np.concatenate([_stored_sizes(pool) for pool in pools.values()])[_places(texts["key"], keys)]
    return Rows(
        texts, sizes, _versions(manifest)[triplet], lambda part: _with_names_only(arrow[part.start : part.stop])
    )


def _streamed(manifest: Manifest, reader: Reader, positions: NDArray[np.int64]) -> Rows:
    plan = reader.plan
    starts = np.array([manifest.rows_of(name).start for name in plan.pools], np.int64)
    triplet = (starts[plan.pool] + plan.row)[positions]
    texts = manifest.table.select(list(TEXT_COLUMNS)).take(triplet)

    replaced: dict[int, dict[str, str]] = {}

    def read(part: range) -> pa.Table:
        examples = reader.read([int(position) for position in positions[part.start : part.stop]])
        planned = texts["key"].slice(part.start, len(part)).to_pylist()
        for row, key, example in zip(part, planned, examples, strict=True):
            if example["key"] != key:
                replaced[row] = {name: example[name] for name in TEXT_COLUMNS}
        return _with_names_only(pa.Table.from_pylist(examples, schema=_SCHEMA))

    return Rows(texts, _listed_sizes(manifest)[triplet], _versions(manifest)[triplet], read, replaced)


def _texts(dataset: datasets.Dataset) -> pa.Table:
    """The text columns, in one chunk each; a slice would make a chunk a row: 11 s for a million rows, not 0.2 s."""
    stored = pa.table({name: dataset.data.column(name).combine_chunks() for name in TEXT_COLUMNS})
    selected = dataset._indices  # noqa: SLF001 - there is no public way to them
    return stored if selected is None else stored.take(selected.column(0))


def _places(keys: pa.ChunkedArray, among: pa.ChunkedArray) -> NDArray[np.int64]:
    found: NDArray[np.int64] = pc.index_in(keys, value_set=among.combine_chunks()).to_numpy().astype(np.int64)
    return found


def _listed_sizes(manifest: Manifest) -> NDArray[np.int64]:
    return np.stack([manifest.table[f"{role}_size"].to_numpy() for role in ROLES], axis=1)


def _stored_sizes(pool: datasets.Dataset) -> NDArray[np.int64]:
    """Of images that were made anew while building; their offsets are read, not their bytes."""
    lengths = [pc.binary_length(pc.struct_field(pool.data.column(role), "bytes")).to_numpy() for role in ROLES]
    return np.stack(lengths, axis=1).astype(np.int64)


def _versions(manifest: Manifest) -> NDArray[np.uint64]:
    versions: NDArray[np.uint64] = manifest.table["version"].to_numpy()
    return versions


def _with_names_only(table: pa.Table) -> pa.Table:
    """Removes the directories of the images' paths, which would name the bucket."""
    columns: dict[str, Sequence[Any] | pa.Array] = {name: table[name] for name in TEXT_COLUMNS}
    for role in ROLES:
        cells = table[role].combine_chunks()
        names = pc.replace_substring_regex(pc.struct_field(cells, "path"), r"^.*/", "")
        columns[role] = pa.StructArray.from_arrays([pc.struct_field(cells, "bytes"), names], names=["bytes", "path"])
    return pa.table(columns).select(_SCHEMA.names).cast(_SCHEMA)
