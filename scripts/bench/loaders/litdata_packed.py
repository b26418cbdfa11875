"""litData's optimised chunks, with the images' bytes or their pixels."""

from typing import Any

import litdata
from job import Job

from loaders.common import stored, workers
from loaders.packed import Decode, as_image

CHUNK = "64MB"


class Read:
    """A triplet as it is stored."""

    def __init__(self, *, pixels: bool) -> None:
        self._pixels = pixels

    def __call__(self, triplet: dict[str, str]) -> dict[str, Any]:
        """Bytes, or PIL images, which litData stores as raw pixels."""
        found = {}
        for role, path in triplet.items():
            with open(path, "rb") as file:  # noqa: PTH123 - one idiom for both
                found[role] = as_image(file.read()) if self._pixels else file.read()
        return found


def convert(job: Job) -> dict[str, float]:
    """One worker for each process that will read."""
    rows = stored(job)
    read = Read(pixels=bool(job.extra.get("pixels")))
    litdata.optimize(
        read, rows, job.made, chunk_bytes=CHUNK, num_workers=job.workers, start_method="fork", verbose=False
    )
    return {"triplets": len(rows)}


def cached(job: Job) -> Any:
    """An epoch of the chunks on this disk."""
    rows = litdata.StreamingDataset(job.made, shuffle=True, drop_last=False, transform=Decode())
    return litdata.StreamingDataLoader(rows, batch_size=job.batch, **workers(job))
