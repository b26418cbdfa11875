"""What an engine costs: a build by Ray beside one by worker processes, and units that do nothing."""

import resource
import time
from collections.abc import Iterator, Sequence
from typing import Any

import ray
from job import ROLES, Job

import vton_hf
from loaders.ours import convert
from vton_hf.engines import run_units

UNITS = 20_000


def build(job: Job) -> dict[str, float]:
    """A build by Ray, with a core a task as worker processes have; it runs already, its workers have imported all."""
    ray.init(include_dashboard=False, logging_level="ERROR", num_cpus=job.extra["tasks"])
    ready = [ray.remote(num_cpus=1)(_imports).remote() for _ in range(2 * job.extra["tasks"])]
    ray.get(ready)
    start = time.perf_counter()
    images = int(convert(job, engine=vton_hf.RayEngine())["triplets"]) * len(ROLES)
    return {"rate": images / (time.perf_counter() - start), "images": images}


def units(job: Job) -> dict[str, float]:
    """Units a second through Ray, and what the driver holds of its own."""
    del job
    ray.init(include_dashboard=False, logging_level="ERROR")
    every = [_Unit(number) for number in range(UNITS)]
    before = _peak_mb()
    start = time.perf_counter()
    done = sum(1 for _ in run_units(vton_hf.RayEngine(), _nothing, every, may_pass=lambda _: False))
    return {"rate": done / (time.perf_counter() - start), "driver_mb": _peak_mb(), "grown_mb": _peak_mb() - before}


class _Unit:
    """As large as a chunk is when it travels, and as small when it does not."""

    def __init__(self, number: int, rows: bytes = b"") -> None:
        self.number, self.rows = number, rows

    def __reduce__(self) -> tuple[Any, ...]:
        return _Unit, (self.number, bytes(30_000))


def _nothing(some: Sequence[_Unit]) -> Iterator[tuple[_Unit, Any]]:
    yield from ((unit, unit.number) for unit in some)


def _imports() -> None:
    import vton_hf.builder  # noqa: PLC0415

    time.sleep(0.5)  # so that each worker gets one
    del vton_hf


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
