"""Plans an export: which files hold which rows, what they are called, and which of them are there already; no I/O."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vton_hf._core.digests import digest
from vton_hf.errors import ConfigError
from vton_hf.exports.columns import Columns
from vton_hf.exports.shards import cut_rows
from vton_hf.exports.spec import SUFFIXES, ExportSpec
from vton_hf.exports.tables import ExportTable

_LAYOUT: Final = "1"
"""Part of every file's name; to be raised when what is written changes."""

_ROW_BYTES: Final = {".parquet": 512, ".tar": 5120}
"""What a row takes beside its images: text and pages, or headers and padding."""

_STITCHED: Final = 2
"""A stitched picture takes up to so many times the bytes of the two it is made from, where those are PNGs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """One file.

    Attributes:
        name: Below the destination, such as `hard/train-00000-of-00002-3f2a9c01d5e6b788.parquet`.
        rows: Positions in its split.
        image_bytes: Bytes of their images.
    """

    name: str
    rows: range
    image_bytes: int


@dataclass(frozen=True, kw_only=True, eq=False)
class SplitPlan:
    """One split of one config, cut into files.

    Attributes:
        table: Its rows.
        mark: Stands in the name of each file, and changes with what is in any of them.
        glob: Matches its files and no other's.
        image_bytes: Of each row, those that are written; int64 [n].
        files: All of them.
        existing: The names of those that are at the destination and need not be written again.
    """

    table: ExportTable
    mark: str
    glob: str
    image_bytes: NDArray[np.int64]
    files: tuple[ExportFile, ...]
    existing: frozenset[str]

    @property
    def new_files(self) -> list[ExportFile]:
        """Those that are to be written."""
        return [file for file in self.files if file.name not in self.existing]


def plan_export(
    spec: ExportSpec, tables: Sequence[ExportTable], existing: Mapping[str, int], published: Container[str]
) -> list[SplitPlan]:
    """Cut each split into files, and find those that need not be written again.

    Those are not the ones that are too short for their images. And of rows that are read from the bucket not those of
    an export that never ended: what took the place of broken ones in them is not known.

    Args:
        spec: How.
        tables: The rows of each split.
        existing: The files at the destination, and their bytes.
        published: Globs of files that its card names.
    """
    for table in tables if spec.suffix == SUFFIXES["webdataset"] else ():
        _check_whole(spec, table)
    return [_plan_split(spec, table, existing, published) for table in tables]


def _check_whole(spec: ExportSpec, table: ExportTable) -> None:
    """Refuse rows of which some lack an image: readers of WebDataset take the first sample's files for those of all.

    Raises:
        ConfigError: With the column, and what to do.
    """
    for index, role in enumerate(table.images):
        lacking = int((table.sizes[:, index] == 0).sum())
        if lacking and any(source == role for _, source in spec.columns.made_from):
            raise ConfigError(
                f"format='webdataset' needs every image in every row; {lacking:,} of {len(table):,} have no {role}. "
                f"Export Parquet files, choose other columns=, or rows of one kind with where={{'kind': 'pair'}}."
            )


def _plan_split(
    spec: ExportSpec, table: ExportTable, existing: Mapping[str, int], published: Container[str]
) -> SplitPlan:
    sizes = _written_bytes(spec.columns, table)
    parts = cut_rows(sizes, spec.max_shard_size, _ROW_BYTES[spec.suffix])
    how = (_LAYOUT, table.image_mark, spec.columns, spec.suffix, parts)
    mark = digest(table.versions.astype("<u8").tobytes() + "\n".join(map(str, how)).encode())
    stem, count = f"{table.config}/{table.split}", len(parts)
    files = tuple(
        ExportFile(
            name=f"{stem}-{index:05d}-of-{count:05d}-{mark}{spec.suffix}",
            rows=part,
            image_bytes=int(sizes[part.start : part.stop].sum()),
        )
        for index, part in enumerate(parts)
    )
    glob = f"{stem}-*-{mark}{spec.suffix}"
    trusted = table.built or glob in published
    there = {file.name for file in files if trusted and existing.get(file.name, 0) >= _least_bytes(file, spec, table)}
    return SplitPlan(table=table, mark=mark, glob=glob, image_bytes=sizes, files=files, existing=frozenset(there))


def _least_bytes(file: ExportFile, spec: ExportSpec, table: ExportTable) -> int:
    """Bytes that a file must have at least: images are not compressed in it."""
    stitched = any(source == "condition" for _, source in spec.columns.made_from)
    # What took a broken image's place may be smaller.
    return file.image_bytes if table.built and not stitched else 1


def _written_bytes(columns: Columns, table: ExportTable) -> NDArray[np.int64]:
    """Bytes of the images of each row that go into its file; int64 [n]."""
    sources = [source for _, source in columns.made_from]
    shares = np.array([sources.count(name) for name in table.images], np.int64)
    shares[:2] += _STITCHED * sources.count("condition")
    return table.sizes @ shares
