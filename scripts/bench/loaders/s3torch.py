"""Amazon's s3torchconnector: a map-style dataset of objects, three of which make a triplet."""

import io
from typing import Any

from job import REGION, ROLES, Job
from PIL import Image
from s3torchconnector import S3ClientConfig, S3MapDataset, S3ReaderConstructor
from torch.utils.data import Dataset

from loaders.common import torch_loader, v1


class Triplets(Dataset[list[Any]]):
    """Groups the objects of a listing by folder and stem."""

    def __init__(self, objects: S3MapDataset) -> None:
        self._objects = objects
        self._transform = v1()
        found: dict[tuple[str, str], dict[str, int]] = {}
        for place, item in enumerate(objects._dataset_bucket_key_pairs):  # noqa: SLF001 - it has no other list of keys
            folder, role, name = item.key.rsplit("/", 2)
            found.setdefault((folder, name.partition("_")[0]), {})[role] = place
        self._rows = list(found.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> list[Any]:
        data = [self._objects[self._rows[row][role]] for role in ROLES]
        return [self._transform(Image.open(io.BytesIO(body)).convert("RGB")) for body in data]


def read(reader: Any) -> bytes:
    """The whole object."""
    return reader.read()


def lazy(job: Job) -> Any:
    """An epoch from S3."""
    objects = S3MapDataset.from_prefix(
        job.s3_root,
        region=REGION,
        endpoint=job.endpoint,
        transform=read,
        s3client_config=S3ClientConfig(force_path_style=True),
        reader_constructor=S3ReaderConstructor.sequential(),
    )
    return torch_loader(Triplets(objects), job)
