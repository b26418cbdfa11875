"""Doing the jobs of a build, here or in worker processes that may die without harm."""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import as_completed
from dataclasses import replace
from typing import Final

import numpy as np
from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

from vton_hf.cache.chunks.write import Job, build
from vton_hf.errors import BuildError
from vton_hf.storage import StorageSettings, Store

logger = logging.getLogger("vton_hf")

ROUNDS: Final = 3
"""How often workers may die before the build gives up."""

FETCHING: Final = 4
"""Parts under way beside those that a core is busy with."""


def build_here(jobs: list[Job], store: Store, *, progress: Callable[[int], object]) -> None:
    """Do the jobs in this process: first what nobody else is at work on, then wait for the rest."""
    threads = _threads(jobs, processes=1)
    for job in build(jobs, store, progress=progress, threads=threads, wait=False):
        # One at a time: two builds that wait for each other's chunks while holding their own would never end.
        build([job], store, progress=progress, threads=threads, wait=True)


def _threads(jobs: list[Job], *, processes: int) -> int:
    """Enough to keep the network busy, and where images are prepared also this process's share of the cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    prepares = any(job.chunk.image_spec for job in jobs)
    return FETCHING + (-(-cores // processes) if prepares else 0)


def build_in_workers(
    jobs: list[Job], settings: StorageSettings, *, progress: Callable[[int], object], num_proc: int
) -> None:
    """Share the jobs among processes that loky starts: they never run the caller's script a second time.

    Raises:
        BuildError: If workers die again and again.
    """
    left = {job.chunk.name: job for job in jobs}
    deaths, wait = 0, False
    while left:
        try:
            _one_round(left, settings, progress=progress, num_proc=num_proc, wait=wait)
            # What is left now is in the hands of another build.
            wait = True
        except BrokenProcessPool as error:
            deaths += 1
            if deaths == ROUNDS:
                raise BuildError(
                    f"Worker processes died {ROUNDS} times ({error}), most often for want of memory; {len(left):,} "
                    f"chunks are left, the finished ones are kept. Build again with a smaller num_proc than {num_proc}."
                ) from error
            logger.warning(
                "A worker process died (%s); new ones take on the %d chunks that are left.", error, len(left)
            )


def _one_round(
    left: dict[str, Job], settings: StorageSettings, *, progress: Callable[[int], object], num_proc: int, wait: bool
) -> None:
    """Try every job once, and take those that are done out of `left`."""
    workers = ProcessPoolExecutor(min(num_proc, len(left)), initializer=_start_worker, initargs=(settings, os.getpid()))
    try:
        threads = _threads(list(left.values()), processes=min(num_proc, len(left)))
        tasks = {workers.submit(build_in_worker, _compact(job), threads, wait): name for name, job in left.items()}
        for task in as_completed(tasks):
            if task.result():
                progress(left.pop(tasks[task]).chunk.bytes)
    finally:
        workers.shutdown(wait=True, kill_workers=True)


def _compact(job: Job) -> Job:
    """A slice is pickled with the whole table behind it; a copy of its rows is not."""
    rows = job.chunk.rows.take(np.arange(job.chunk.rows.num_rows))
    return replace(job, chunk=replace(job.chunk, rows=rows))


_worker_store: Store | None = None


def _start_worker(settings: StorageSettings, parent: int) -> None:
    """Connect once, and watch that the parent lives: a killed build must leave nobody behind."""
    global _worker_store  # noqa: PLW0603 - one store for all chunks of this process
    _worker_store = Store(settings)
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def build_in_worker(job: Job, threads: int, wait: bool) -> bool:
    """What a worker does with a job; false if another process is at work on it."""
    assert _worker_store is not None  # noqa: S101 - set by the initializer
    return not build([job], _worker_store, progress=lambda _: None, threads=threads, wait=wait)
