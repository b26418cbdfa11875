"""Has the files of an export written and brought to its destination, on whatever engine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from pathlib import Path

import datasets

from vton_hf._core.disk import full, is_full, require_space
from vton_hf._core.progress import progress_bar
from vton_hf.builder import VTON
from vton_hf.cache import probe
from vton_hf.engines import Engine, InProcess, SetAside, WorkerError, run_units
from vton_hf.errors import BuildError, HubUnavailableError, UnavailableError
from vton_hf.exports.destination import Destination
from vton_hf.exports.plan import ExportFile, SplitPlan
from vton_hf.exports.spec import ExportSpec
from vton_hf.exports.tables import ExportTable
from vton_hf.exports.units import FilePlan, WriteFiles, Written, kinds_of
from vton_hf.exports.webdataset import sample_features


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What was written.

    Attributes:
        sizes: Bytes of each new file.
        substitutes: By config and split, what took the place of broken triplets in the new files.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    substitutes: dict[tuple[str, str], dict[int, Mapping[str, str]]] = field(default_factory=dict)

    def add(self, plan: SplitPlan, file: ExportFile, written: Written) -> None:
        """One file more."""
        self.sizes[file.name] = written.size
        self.substitutes.setdefault((plan.table.config, plan.table.split), {}).update(written.substitutes)


def write_files(spec: ExportSpec, plans: Sequence[SplitPlan], destination: Destination, builder: VTON) -> WriteReport:
    """Write and upload what is not there.

    Args:
        spec: How.
        plans: What.
        destination: Where to.
        builder: Where files are written that are only on their way, in its cache; and on which engine.

    Raises:
        BuildError: If the disk is too small or full.
        StorageError: If images are read from the bucket, and it does not answer.
        ImageError: If an image cannot be used.
    """
    engine, scratch = builder.run.engine_for(spec.num_proc), builder.context.cache.root
    jobs = [(number, file) for number, plan in enumerate(plans) for file in plan.new_files]
    if not jobs:
        return WriteReport()
    sizes, total = [file.image_bytes for _, file in jobs], sum(file.image_bytes for _, file in jobs)
    # One file is written while the one before is uploaded; where they stay, all of them need room.
    at_once = engine.parallel + 1
    root, needed = (scratch, at_once * max(sizes)) if destination.folder is None else (destination.folder, total)
    report = WriteReport({}, {})
    with (
        _enough_space(root, needed, _ways_out(destination)),
        probe(scratch) if engine.remote else nullcontext() as seen,
        progress_bar(total=total, desc=destination.activity, unit="B", unit_scale=True) as bar,
    ):
        work = WriteFiles(spec, tuple(map(FilePlan.of, repeat(spec), plans)), destination, root, seen)
        for (number, file), outcome in run_units(engine, work, jobs, may_pass=partial(_may_pass, engine)):
            if isinstance(outcome, SetAside):
                raise outcome.error
            destination.note(file.name, outcome.receipt)
            report.add(plans[number], file, outcome)
            bar.update(file.image_bytes)
    return report


def _may_pass(engine: Engine, error: Exception) -> bool:
    return not isinstance(engine, InProcess) and isinstance(error, UnavailableError | HubUnavailableError | WorkerError)


def file_features(spec: ExportSpec, table: ExportTable) -> datasets.Features:
    """The columns of a file, as `load_dataset` will see them."""
    own = spec.columns.features
    return sample_features(own, kinds_of(spec, table)) if spec.suffix == ".tar" else own


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
