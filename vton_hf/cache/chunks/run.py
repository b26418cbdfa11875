"""Running the jobs of a build on an engine, and what to say of those that fail again and again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

import numpy as np

from vton_hf.cache.chunks.files import INCOMPLETE
from vton_hf.cache.chunks.shared import SharedCache
from vton_hf.cache.chunks.work import BuildChunks
from vton_hf.cache.chunks.write import Job
from vton_hf.engines import Engine, InProcess, Processes, SetAside, WorkerError, run_units
from vton_hf.errors import BuildError, StorageError, UnavailableError
from vton_hf.storage import Store

_SHOWN: Final = 3


@dataclass(frozen=True)
class How:
    """How chunks come about; no part of what they are.

    Attributes:
        num_proc: Worker processes; None or 1 builds in this one.
        engine: What builds instead, or None.
        shared: Where finished chunks are taken from and published.
        allow_missing: Whether a build may end without the chunks that failed again and again.
        apart: Only publish what is built; the cache of this machine stays as it is.
    """

    num_proc: int | None = None
    engine: Engine | None = None
    shared: SharedCache | None = None
    allow_missing: bool = False
    apart: bool = False


def run_jobs(
    jobs: Sequence[Job], store: Store, how: How, *, progress: Callable[[int], object]
) -> Mapping[str, Exception]:
    """Do jobs where `how` says; gives those that failed again and again, by the chunk's name.

    Args:
        jobs: What to do.
        store: Where the images lie.
        how: Where and with what.
        progress: Called with bytes of objects that are done.

    Raises:
        StorageError: If the store does not answer.
        ImageError: If an image is broken and the job says `"raise"`.
        OSError: If the disk is full.
    """
    failed: dict[str, Exception] = {}
    engine = _engine(how, len(jobs))
    here = isinstance(engine, InProcess)
    apart = how.shared is not None and (how.apart or engine.remote)
    work = BuildChunks(store.settings, how.shared, engine.parallel, apart=apart)
    if here:
        work = replace(work, store=store, progress=progress)
    left = list(jobs) if here else [_compact(job) for job in jobs]
    with _probe(jobs) if engine.remote and not apart else nullcontext() as probe:
        while left:
            again = []
            trying = run_units(engine, replace(work, probe=probe), left, may_pass=_may_pass, patient=how.allow_missing)
            for job, outcome in trying:
                if isinstance(outcome, SetAside):
                    failed[job.chunk.name] = outcome.error
                elif outcome is None:
                    again.append(job)
                elif not here:
                    progress(job.chunk.bytes)
            left, work = again, replace(work, wait=True)  # those are in the hands of another build
    return failed


@contextmanager
def _probe(jobs: Sequence[Job]) -> Iterator[Path | None]:
    """A file in the cache, for other machines to look for."""
    path = jobs[0].directory.with_name(f"{uuid4().hex}{INCOMPLETE}")
    path.touch()
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _engine(how: How, jobs: int) -> Engine:
    if how.engine is not None:
        return how.engine
    return InProcess() if how.num_proc is None or how.num_proc == 1 else Processes(min(how.num_proc, jobs))


def _compact(job: Job) -> Job:
    """A slice is pickled with the whole table behind it; a copy of its rows is not."""
    rows = job.chunk.rows.take(np.arange(job.chunk.rows.num_rows))
    return replace(job, chunk=replace(job.chunk, rows=rows))


def _may_pass(error: Exception) -> bool:
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
