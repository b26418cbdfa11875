"""Runs one candidate in a process of its own and prints what it took as one line of JSON.

python measure.py loaders.boto3_loop:lazy '{"endpoint": ...}'

A candidate is a function of a Job. It gives figures, or batches to be counted: dictionaries or lists whose first three
tensors are float32 [B, 3, 512, 512]. What it imports at the top of its module is not measured.
"""

import importlib
import json
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from job import ROLES, SIDE, Job

MARK = "MEASURED "


def main(name: str, job: Job) -> dict[str, Any]:
    """Import, start the clock, run."""
    module, _, function = name.partition(":")
    candidate = getattr(importlib.import_module(module), function)
    start = time.perf_counter()
    given = candidate(job)
    if isinstance(given, Mapping):
        return {"seconds": time.perf_counter() - start} | dict(given)
    return count_epochs(given, job, start)


def count_epochs(loader: Iterable[Any], job: Job, start: float) -> dict[str, Any]:
    """Read the loader from beginning to end, once and then `job.epochs` times more; its workers stay.

    Whole epochs are counted, since what a loader prepares ahead of its first batch is work too.

    Returns:
        `rate`: triplets per second of the epochs after the first; `whole`: of the first, from making the dataset on;
        `first`: seconds to the first batch; `check`: the pixels' sum on a grid, whatever the order.
    """
    first, seen, check = read(loader, job)
    began = time.perf_counter()
    figures = {"first": first - start, "whole": seen / (began - start), "check": f"{check:.1f}"}
    counted = sum(read(loader, job)[1] for _ in range(job.epochs))
    return {"rate": counted / (time.perf_counter() - began), **figures}


def read(loader: Iterable[Any], job: Job) -> tuple[float, int, float]:
    """An epoch: when the first batch was there, how many triplets there were, and the sum of their pixels."""
    first, seen, check = 0.0, 0, 0.0
    for batch in loader:
        first = first or time.perf_counter()
        size, pixels = look_at(batch)
        seen, check = seen + size, check + pixels
    if job.triplets and seen != job.triplets * job.passes:
        raise SystemExit(f"{seen} triplets in an epoch of {job.triplets * job.passes}")
    return first, seen, check


def look_at(batch: Any) -> tuple[int, float]:
    """How many triplets there are, and their pixels' sum on a coarse grid; refuses anything of another shape."""
    images = [batch[role] for role in ROLES] if isinstance(batch, Mapping) else list(batch)[:3]
    size = len(images[0])
    for image in images:
        if tuple(image.shape) != (size, 3, SIDE, SIDE) or str(image.dtype) != "torch.float32":
            raise SystemExit(f"An image is {image.dtype} {tuple(image.shape)}, not float32 ({size}, 3, {SIDE}, {SIDE})")
    return size, sum(image[:, :, ::64, ::64].double().sum().item() for image in images)


if __name__ == "__main__":
    print(MARK + json.dumps(main(sys.argv[1], Job.loads(sys.argv[2]))), flush=True)
