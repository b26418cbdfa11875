"""Seconds until training could begin: to the first batch of 600,000 triplets."""

import time
from typing import Any

from job import Job

from loaders import boto3_loop, ours
from loaders.peak import peak_mb


def seed(job: Job) -> dict[str, float]:
    """The loop of `train.common.dataset`."""
    return _first(lambda: boto3_loop.lazy(job))


def lazy(job: Job) -> dict[str, float]:
    """Ours, map-style."""
    return _first(lambda: ours.lazy(job))


def streamed(job: Job) -> dict[str, float]:
    """Ours, as a stream."""
    return _first(lambda: ours.streamed(job))


def _first(loader: Any) -> dict[str, float]:
    start = time.perf_counter()
    next(iter(loader()))
    return {"rate": time.perf_counter() - start, "peak_mb": peak_mb()}
