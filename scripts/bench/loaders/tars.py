"""WebDataset: tar shards, read one after the other."""

from typing import Any

import webdataset
from job import ROLES, Job

from loaders.common import workers
from loaders.packed import SHARDS, Decode, triplets


def convert(job: Job) -> dict[str, float]:
    """The stored bytes, eight shards."""
    rows = triplets(job)
    kind = "jpg" if job.form == "jpeg" else "png"
    for shard in range(SHARDS):
        with webdataset.TarWriter(f"{job.made}/{shard}.tar") as tar:
            for number, row in enumerate(rows[shard::SHARDS]):
                files = {f"{role}.{kind}": row[role] for role in ROLES}
                tar.write({"__key__": f"{shard:02d}{number:04d}", **files})
    return {"triplets": len(rows)}


def cached(job: Job) -> Any:
    """An epoch of the tars, as WebDataset's documentation has it: shards and a buffer are shuffled, workers batch."""
    kind = "jpg" if job.form == "jpeg" else "png"
    urls = [f"{job.made}/{shard}.tar" for shard in range(SHARDS)]
    rows = webdataset.WebDataset(urls, shardshuffle=SHARDS, seed=0).shuffle(32)
    rows = rows.map(Rename(kind)).map(Decode()).batched(job.batch)
    return webdataset.WebLoader(rows, batch_size=None, **workers(job))


class Rename:
    """From names of files to names of columns."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __call__(self, sample: dict[str, Any]) -> dict[str, bytes]:
        """The bytes of the three."""
        return {role: sample[f"{role}.{self._kind}"] for role in ROLES}
