"""A split cut into files, each of which can be written on its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import datasets
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vton_hf._core.concurrency import map_prefetched
from vton_hf.builder import VTON
from vton_hf.errors import ConfigError
from vton_hf.exports.columns import Columns
from vton_hf.exports.parquet import write_parquet
from vton_hf.exports.rows import Rows, rows_of
from vton_hf.exports.shards import Shard, cut, digest, groups, named
from vton_hf.exports.spec import ExportSpec
from vton_hf.exports.tar import image_kinds, sample_features, write_tar
from vton_hf.naming import ROLES

_LAYOUT: Final = "1"
"""Part of every file's name; to be raised when what is written changes."""

_ROW_BYTES: Final = {".parquet": 512, ".tar": 5120}
"""What a row takes beside its images: text and pages, or headers and padding."""

_STITCHED: Final = 2
"""A stitched picture takes up to so many times the bytes of the two it is made from, where those are PNGs."""


@dataclass(frozen=True, eq=False)
class SplitFiles:
    """One split of one config.

    Attributes:
        config: The config.
        split: The split's name.
        rows: Its rows.
        sizes: Bytes of the images of each row that leave; int64 [n].
        shards: Its files.
        mark: Stands in the name of each file, and changes with what is in any of them.
        columns: What leaves of each row.
        suffix: Of the files' names.
        built: Whether its rows are taken from what is built, and not read from the bucket.
    """

    config: str
    split: str
    rows: Rows
    sizes: NDArray[np.int64]
    shards: list[Shard]
    mark: str
    columns: Columns
    suffix: str
    built: bool

    @property
    def glob(self) -> str:
        """Matches its files and no other's."""
        return f"{self.config}/{self.split}-*-{self.mark}{self.suffix}"

    def least(self, shard: Shard) -> int:
        """Bytes that a file must have at least: images are not compressed in it."""
        stitched = any(source == "condition" for _, source in self.columns.made_from)
        # What took a broken image's place may be smaller.
        return shard.bytes if self.built and not stitched else 1

    def write(self, shard: Shard, path: Path) -> None:
        """Write one of its files; the next rows are read while some are written.

        Raises:
            OSError: If the disk is full.
            StorageError: If images are read from the bucket, and it does not answer.
            ImageError: If an image cannot be used.
        """
        tables = self._tables(shard.rows)
        if self.suffix == ".tar":
            write_tar(path, tables, self.columns.features, first=shard.rows.start, kinds=self._kinds)
        else:
            write_parquet(path, tables, self.columns.features)

    @cached_property
    def features(self) -> datasets.Features:
        """Its columns, as `load_dataset` will see them."""
        own = self.columns.features
        return sample_features(own, self._kinds) if self.suffix == ".tar" else own

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return image_kinds(self.columns.apply(self.rows.read(range(1))), self.columns.features)

    def _tables(self, rows: range) -> Iterator[pa.Table]:
        for _, table in map_prefetched(groups(self.sizes, rows), lambda part: self.columns.apply(self.rows.read(part))):
            yield table


def lots_of(builder: VTON, order: ExportSpec, *, built: bool) -> list[SplitFiles]:
    """Cut a config's splits.

    Args:
        builder: The config.
        order: How.
        built: Whether to take what is built; see `rows_of`.

    Raises:
        ConfigError: If a split has no row.
    """
    found = rows_of(builder, order.splits, built=built)
    for split, rows in found.items():
        if not len(rows):
            total = sum(map(len, found.values()))
            raise ConfigError(
                f"split={order.splits!r} leaves {split!r} of {builder.config.name!r} without a row; all together have "
                f"{total:,}. Take a larger share, or leave the split out."
            )
    return [_lot(builder, order, split, rows, built=built) for split, rows in found.items()]


def _lot(builder: VTON, order: ExportSpec, split: str, rows: Rows, *, built: bool) -> SplitFiles:
    config, sizes = builder.config.name, _leaving(order.columns, rows.sizes)
    parts = cut(sizes, order.limit, _ROW_BYTES[order.suffix])
    how = (_LAYOUT, builder.config.image_spec.mark, order.columns, order.suffix, parts)
    mark = digest(rows.versions, *how)
    shards = named(f"{config}/{split}-{{}}-{mark}", order.suffix, parts, sizes)
    return SplitFiles(config, split, rows, sizes, shards, mark, order.columns, order.suffix, built)


def _leaving(columns: Columns, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bytes of the images of each row that go into its file; int64 [n], from [n, 3]."""
    sources = [source for _, source in columns.made_from]
    shares = np.array([sources.count(role) for role in ROLES], np.int64)
    shares[:2] += _STITCHED * sources.count("condition")
    return sizes @ shares
