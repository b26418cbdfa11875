"""Writes the files of an export, and brings each to its destination while the next one is written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import datasets
import pyarrow as pa
from datasets.utils import tqdm

from vton_hf._core.concurrency import map_prefetched
from vton_hf._core.disk import full, is_full, require_space
from vton_hf.errors import BuildError
from vton_hf.exports.destination import Destination
from vton_hf.exports.parquet import write_parquet
from vton_hf.exports.plan import ExportFile, SplitPlan
from vton_hf.exports.shards import groups
from vton_hf.exports.spec import ExportSpec
from vton_hf.exports.staging import staging_directory
from vton_hf.exports.tables import ExportTable, Substitutes
from vton_hf.exports.webdataset import image_kinds, sample_features, write_tar


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What was written.

    Attributes:
        sizes: Bytes of each new file.
        substitutes: By config and split, what took the place of broken triplets in the new files.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    substitutes: Mapping[tuple[str, str], Substitutes] = field(default_factory=dict)


def write_files(
    spec: ExportSpec, plans: Sequence[SplitPlan], destination: Destination, *, scratch: Path
) -> WriteReport:
    """Write and upload what is not there.

    Args:
        spec: How.
        plans: What.
        destination: Where to.
        scratch: Where files are written that are only on their way.

    Raises:
        BuildError: If the disk is too small or full.
        StorageError: If images are read from the bucket, and it does not answer.
        ImageError: If an image cannot be used.
    """
    jobs = [(plan, file) for plan in plans for file in plan.new_files]
    if not jobs:
        return WriteReport()
    sizes, total = [file.image_bytes for _, file in jobs], sum(file.image_bytes for _, file in jobs)
    # One file is written while the one before is uploaded; where they stay, all of them need room.
    root, needed = (scratch, 2 * max(sizes)) if destination.folder is None else (destination.folder, total)
    uploaded: dict[str, int] = {}
    substitutes: dict[tuple[str, str], dict[int, Mapping[str, str]]] = {}
    with (
        _enough_space(root, needed, _ways_out(destination)),
        staging_directory(root) as folder,
        tqdm(total=total, desc=destination.activity, unit="B", unit_scale=True, disable=None) as bar,
    ):
        for (plan, file), (path, replaced) in map_prefetched(jobs, lambda job: _written(spec, *job, folder)):
            uploaded[file.name] = path.stat().st_size
            substitutes.setdefault((plan.table.config, plan.table.split), {}).update(replaced)
            destination.upload(path, file.name)
            path.unlink(missing_ok=True)
            bar.update(file.image_bytes)
    return WriteReport(uploaded, substitutes)


def file_features(spec: ExportSpec, table: ExportTable) -> datasets.Features:
    """The columns of a file, as `load_dataset` will see them."""
    own = spec.columns.features
    return sample_features(own, _kinds(spec, table)) if spec.suffix == ".tar" else own


@contextmanager
def _enough_space(root: Path, needed: int, ways_out: str) -> Iterator[None]:
    require_space(root, needed, what="the files written there", ways_out=f"{ways_out}.")
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise BuildError(f"{full(root, error)}. {ways_out}; files that have arrived are not sent again.") from error


def _ways_out(destination: Destination) -> str:
    elsewhere = "cache_dir= on a larger disk, or a smaller max_shard_size=" if destination.folder is None else ""
    return f"Make room, or {elsewhere or 'take another folder'}"


def _written(spec: ExportSpec, plan: SplitPlan, file: ExportFile, folder: Path) -> tuple[Path, Substitutes]:
    """One file; the next rows are read while some are written."""
    path = folder / file.name.replace("/", "-")
    replaced: dict[int, Mapping[str, str]] = {}

    def read(rows: range) -> tuple[pa.Table, Substitutes]:
        table, substitutes = plan.table.read(rows)
        return spec.columns.apply(table), substitutes

    def tables() -> Iterator[pa.Table]:
        for _, (table, substitutes) in map_prefetched(groups(plan.image_bytes, file.rows), read):
            replaced.update(substitutes)
            yield table

    if spec.suffix == ".tar":
        kinds = _kinds(spec, plan.table)
        write_tar(path, tables(), spec.columns.features, first=file.rows.start, kinds=kinds)
    else:
        write_parquet(path, tables(), spec.columns.features)
    return path, replaced


def _kinds(spec: ExportSpec, table: ExportTable) -> dict[str, str]:
    return image_kinds(spec.columns.apply(table.first), spec.columns.features)
