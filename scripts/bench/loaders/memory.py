"""How much memory of its own a worker holds, while an epoch lasts."""

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from job import Job

from loaders import boto3_loop, ours

EVERY = 0.5


def seed(job: Job) -> dict[str, Any]:
    """The loop of `train.common.dataset`."""
    return _watched(job, boto3_loop.lazy)


def lazy(job: Job) -> dict[str, Any]:
    """Ours, map-style."""
    return _watched(job, ours.lazy)


def _watched(job: Job, loader: Callable[[Job], Any]) -> dict[str, Any]:
    """Read `job.extra["batches"]` batches.

    Returns:
        `rate`: the most that a worker held, in MB; `grown_mb`: how much of it came in the second half of the time;
        `curve`: (seconds, MB of the largest worker).
    """
    batches = iter(loader(job))
    curve: list[tuple[float, float]] = []
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(curve, ended))
    watcher.start()
    try:
        for _ in itertools.islice(batches, job.extra["batches"]):
            pass
    finally:
        ended.set()
        watcher.join()
    held = [size for _, size in curve]
    half = len(held) // 2
    grown = max(held[half:]) - max(held[:half])
    return {"rate": max(held), "grown_mb": grown, "curve": curve}


def _watch(curve: list[tuple[float, float]], ended: threading.Event) -> None:
    start = time.perf_counter()
    while not ended.wait(EVERY):
        sizes = [_private_mb(child) for child in _children()]
        if sizes and max(sizes):
            curve.append((round(time.perf_counter() - start, 1), round(max(sizes), 1)))


def _children() -> list[str]:
    """Of every thread: any of them may have started a worker."""
    return [child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()]


def _private_mb(process: str) -> float:
    """Proportional set size: its own pages, and its share of those it has in common with others."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
