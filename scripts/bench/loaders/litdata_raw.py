"""litData on the bucket as it is: `StreamingRawDataset`, which fetches a batch's objects together."""

import io
from collections import defaultdict
from typing import Any

from job import ROLES, Job
from litdata import StreamingRawDataset
from litdata.streaming import downloader
from PIL import Image

from loaders.common import torch_loader, v1

downloader._OBSTORE_CLIENT_OPTIONS["allow_http"] = True  # noqa: SLF001 - it has no option for a store without TLS


class Triplets(StreamingRawDataset):
    """Groups files by folder and stem."""

    def setup(self, files: list[Any]) -> list[list[Any]]:
        """Give the three files of each triplet."""
        found: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
        for file in files:
            folder, role, name = file.path.rsplit("/", 2)
            found[folder, name.partition("_")[0]][role] = file
        return [[images[role] for role in ROLES] for images in found.values()]


class Decode:
    """The three objects' bytes to three tensors."""

    def __init__(self) -> None:
        self._transform = v1()

    def __call__(self, triplet: list[bytes]) -> list[Any]:
        """PIL, then the transform."""
        return [self._transform(Image.open(io.BytesIO(data)).convert("RGB")) for data in triplet]


def lazy(job: Job) -> Any:
    """An epoch from S3; spawned workers, since litData's documentation warns of forked ones.

    It looks ahead in the order of files only, which is in vain where a loader shuffles; and of a bucket as small as
    this one it would hold a good part from epoch to epoch.
    """
    options = {"endpoint_url": job.endpoint}
    dataset = Triplets(job.s3_root, cache_dir=job.made, storage_options=options, transform=Decode(), max_prefetch=0)
    return torch_loader(dataset, job, multiprocessing_context="spawn")
