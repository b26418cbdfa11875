"""Running the jobs of a build on an engine, and what to say of those that fail again and again."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

from vton_hf.cache.chunks.shared import SharedCache
from vton_hf.cache.chunks.work import BuildChunks
from vton_hf.cache.chunks.write import Job
from vton_hf.cache.features import features
from vton_hf.cache.leases import probe
from vton_hf.engines import Engine, InProcess, SetAside, WorkerError, on_this_machine, run_units
from vton_hf.errors import BuildError, StorageError, UnavailableError
from vton_hf.storage import Store
from vton_hf.triplets import images_in

_SHOWN: Final = 3


@dataclass(frozen=True)
class How:
    """How chunks come about; no part of what they are.

    Attributes:
        num_proc: Worker processes; None or 1 builds in this one.
        engine: What builds instead, or None.
        shared: Where finished chunks are taken from and published.
        allow_missing: Whether a build may end without the chunks that failed again and again.
        statistics: Whether images are measured where their pixels are at hand.
        apart: Only publish what is built; the cache of this machine stays as it is.
    """

    num_proc: int | None = None
    engine: Engine | None = None
    shared: SharedCache | None = None
    allow_missing: bool = False
    statistics: bool = True
    apart: bool = False


def run_jobs(
    jobs: Sequence[Job],
    store: Store,
    how: How,
    *,
    progress: Callable[[int], object],
    tell: Callable[[str], object] = str,
) -> Mapping[str, Exception]:
    """Do jobs where `how` says; gives those that failed again and again, by the chunk's name.

    Args:
        jobs: What to do.
        store: Where the images lie.
        how: Where and with what.
        progress: Called with bytes of objects that are done.
        tell: Called with how many chunks are done, under way and failed, where they are built elsewhere.

    Raises:
        StorageError: If the store does not answer.
        ImageError: If an image is broken and the job says `"raise"`.
        OSError: If the disk is full.
    """
    if not jobs:
        return {}
    engine = how.engine or on_this_machine(min(how.num_proc or 1, len(jobs)))
    here = isinstance(engine, InProcess)
    apart = how.shared is not None and (how.apart or engine.remote)
    schema = features(roles=images_in(jobs[0].chunk.rows)).arrow_schema
    work = BuildChunks(store.settings, schema, how.shared, engine.parallel, apart=apart)
    if here:
        work = replace(work, store=store, progress=progress)
    counts = _Counts(len(jobs), engine.parallel, progress=int if here else progress, tell=str if here else tell)
    with probe(jobs[0].directory.parents[1]) if engine.remote and not apart else nullcontext() as seen:
        return _run(jobs, engine, replace(work, probe=seen), counts, patient=how.allow_missing)


def _run(
    jobs: Sequence[Job], engine: Engine, work: BuildChunks, counts: "_Counts", *, patient: bool
) -> Mapping[str, Exception]:
    failed: dict[str, Exception] = {}
    left = list(jobs)
    while left:
        again = []
        for job, outcome in run_units(engine, work, left, may_pass=may_pass, patient=patient):
            if outcome is None:
                again.append(job)
            elif isinstance(outcome, SetAside):
                failed[job.chunk.name] = outcome.error
            else:
                counts.done(job)
            counts.show(len(failed))
        left, work = again, replace(work, wait=True)  # those are in the hands of another build
    return failed


@dataclass
class _Counts:
    """How far jobs are that are done elsewhere."""

    jobs: int
    parallel: int
    progress: Callable[[int], object]
    tell: Callable[[str], object]
    finished: int = 0

    def done(self, job: Job) -> None:
        self.finished += 1
        self.progress(job.chunk.bytes)

    def show(self, failed: int) -> None:
        under_way = min(self.parallel, self.jobs - self.finished - failed)
        more = f", {failed:,} failed" if failed else ""
        self.tell(f"{self.finished:,} of {self.jobs:,} chunks, {under_way:,} under way{more}")


def may_pass(error: Exception) -> bool:
    """Whether another try may end otherwise."""
    return isinstance(error, UnavailableError | WorkerError)


def refusal(failed: Mapping[str, Exception], todo: int) -> Exception:
    """The error of a build that is without some chunks.

    Args:
        failed: By chunk, what went wrong the last time.
        todo: How many were to be built.
    """
    shown = "; ".join(f"{name}: {error}" for name, error in list(failed.items())[:_SHOWN])
    more = f"; and {len(failed) - _SHOWN:,} more" if len(failed) > _SHOWN else ""
    errors = list(failed.values())
    kind = type(errors[0]) if all(isinstance(error, StorageError) for error in errors) else BuildError
    return kind(
        f"{len(failed):,} of {todo:,} chunks failed three times and are set aside: {shown}{more}. Finished chunks are "
        f"kept; the next build goes on from there. allow_missing=True (--allow-missing) does without those that failed."
    )
