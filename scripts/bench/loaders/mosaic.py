"""MosaicML Streaming: MDS shards."""

from typing import Any

from job import ROLES, Job
from streaming import MDSWriter, StreamingDataset
from torch.utils.data import DataLoader

from loaders.common import workers
from loaders.packed import Decode, triplets


class Triplets(StreamingDataset):
    """With the transform of everybody."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._decode = Decode()

    def __getitem__(self, at: Any) -> Any:
        return self._decode(super().__getitem__(at))


def convert(job: Job) -> dict[str, float]:
    """The stored bytes."""
    rows = triplets(job)
    with MDSWriter(out=f"{job.made}/mds", columns=dict.fromkeys(ROLES, "bytes")) as writer:
        for row in rows:
            writer.write(row)
    return {"triplets": len(rows)}


def cached(job: Job) -> Any:
    """An epoch of the shards on this disk."""
    rows = Triplets(local=f"{job.made}/mds", shuffle=True, batch_size=job.batch)
    return DataLoader(rows, batch_size=job.batch, **workers(job))
