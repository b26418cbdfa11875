"""A file of an export as a unit of work: its rows are read, written and uploaded by any process that sees the cache."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vton_hf._core.concurrency import map_prefetched
from vton_hf.engines import check_probe, tried
from vton_hf.exports.destination import Destination
from vton_hf.exports.parquet import write_parquet
from vton_hf.exports.plan import ExportFile, SplitPlan
from vton_hf.exports.rows import Substitutes
from vton_hf.exports.shards import groups
from vton_hf.exports.spec import ExportSpec
from vton_hf.exports.staging import staging_directory
from vton_hf.exports.tables import ExportTable
from vton_hf.exports.webdataset import image_kinds, write_tar

FileUnit: TypeAlias = tuple[int, ExportFile]
"""The number of its plan, and the file."""


@dataclass(frozen=True, eq=False)
class FilePlan:
    """What files of one split have in common.

    Attributes:
        read: Its rows, as `ExportTable.read`.
        image_bytes: Of each row, those that are written; int64 [n].
        kinds: The suffix of each image column in a tar; empty for Parquet.
    """

    read: Callable[[range], tuple[pa.Table, Substitutes]]
    image_bytes: NDArray[np.int64]
    kinds: Mapping[str, str]

    @classmethod
    def of(cls, spec: ExportSpec, plan: SplitPlan) -> "FilePlan":
        """Of a split."""
        kinds = kinds_of(spec, plan.table) if spec.suffix == ".tar" and plan.new_files else {}
        return cls(plan.table.read, plan.image_bytes, kinds)


@dataclass(frozen=True, slots=True)
class Written:
    """What a unit wrote down.

    Attributes:
        size: Bytes of the file.
        substitutes: What took the place of broken triplets in it.
        receipt: What the destination gave for it.
    """

    size: int
    substitutes: Substitutes
    receipt: Any


@dataclass(frozen=True, eq=False)
class WriteFiles:
    """The work on files, in any process.

    Attributes:
        spec: How.
        plans: What their splits have in common, by number.
        destination: Where to.
        root: Where files are written that are not there yet.
        probe: A file that every machine at work must see, or None.
    """

    spec: ExportSpec
    plans: tuple[FilePlan, ...]
    destination: Destination
    root: Path
    probe: Path | None

    def __call__(self, units: Sequence[FileUnit], /) -> Iterator[tuple[FileUnit, Written | Exception]]:
        """Write files, each uploaded while the next one is written.

        Raises:
            ConfigError: If this machine does not see what the others see.
        """
        check_probe(self.probe)
        with staging_directory(self.root) as folder:
            for unit, written in map_prefetched(units, lambda unit: tried(self._written, unit, folder)):
                yield unit, written if isinstance(written, Exception) else tried(self._sent, unit, *written)

    def _sent(self, unit: FileUnit, path: Path, replaced: Substitutes) -> Written:
        size = path.stat().st_size
        receipt = self.destination.upload(path, unit[1].name)
        path.unlink(missing_ok=True)
        return Written(size, replaced, receipt)

    def _written(self, unit: FileUnit, folder: Path) -> tuple[Path, Substitutes]:
        """One file; the next rows are read while some are written."""
        number, file = unit
        plan, path = self.plans[number], folder / file.name.replace("/", "-")
        replaced: dict[int, Mapping[str, str]] = {}

        def read(rows: range) -> tuple[pa.Table, Substitutes]:
            table, substitutes = plan.read(rows)
            return self.spec.columns.apply(table), substitutes

        def tables() -> Iterator[pa.Table]:
            for _, (table, substitutes) in map_prefetched(groups(plan.image_bytes, file.rows), read):
                replaced.update(substitutes)
                yield table

        if self.spec.suffix == ".tar":
            write_tar(path, tables(), self.spec.columns.features, first=file.rows.start, kinds=plan.kinds)
        else:
            write_parquet(path, tables(), self.spec.columns.features)
        return path, replaced


def kinds_of(spec: ExportSpec, table: ExportTable) -> dict[str, str]:
    """The suffix of each image column in a tar."""
    return image_kinds(spec.columns.apply(table.first), spec.columns.features)
