"""What `train.common.dataset` does, from its description: boto3, three GETs in a row, PIL, one client a worker."""

import io
import time
from collections import defaultdict
from typing import Any

import boto3
from botocore.config import Config
from job import BUCKET, REGION, ROLES, ROOT, Job
from PIL import Image
from torch.utils.data import Dataset

from loaders.common import torch_loader, v1
from loaders.peak import peak_mb


class SeedDataset(Dataset[dict[str, Any]]):
    """Lists the bucket when it is made, fetches and decodes an image at a time."""

    def __init__(self, endpoint: str, prefixes: list[str]) -> None:
        self._endpoint = endpoint
        self._client: Any = None
        self._transform = v1()
        self.samples = [sample for prefix in prefixes for sample in self._discover(prefix)]
        self._client = None  # each worker makes its own

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, row: int) -> dict[str, Any]:
        sample = self.samples[row]
        images = {role: self._transform(self._load(sample[role])) for role in ROLES}
        return images | {"difficulty": sample["difficulty"], "stem": sample["stem"]}

    @property
    def client(self) -> Any:
        """Made at first use."""
        if self._client is None:
            how = Config(s3={"addressing_style": "path"})
            self._client = boto3.client("s3", endpoint_url=self._endpoint, region_name=REGION, config=how)
        return self._client

    def _load(self, key: str) -> Image.Image:
        body = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return Image.open(io.BytesIO(body)).convert("RGB")

    def _discover(self, prefix: str) -> list[dict[str, str]]:
        found: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
            for item in page.get("Contents", ()):
                key = item["Key"]
                folder, role, name = key.rsplit("/", 2)
                stem = name.partition("_")[0]
                found[folder, stem][role] = key
        samples = []
        for (folder, stem), images in found.items():
            if len(images) == len(ROLES):
                difficulty = next(name for name in ("easy", "medium", "hard") if f"/{name}/" in f"{folder}/")
                samples.append(images | {"difficulty": difficulty, "stem": stem})
        return samples


def lazy(job: Job) -> Any:
    """An epoch from S3."""
    return torch_loader(SeedDataset(job.endpoint, _prefixes()), job)


def listing(job: Job) -> dict[str, float]:
    """All keys to samples."""
    start = time.perf_counter()
    samples = SeedDataset(job.endpoint, _prefixes()).samples
    seconds = time.perf_counter() - start
    keys = len(samples) * len(ROLES)
    return {"rate": keys / seconds, "seconds": seconds, "keys": keys, "peak_mb": peak_mb()}


def _prefixes() -> list[str]:
    return [
        f"{ROOT}/{difficulty}/{gender}/" for difficulty in ("easy", "medium", "hard") for gender in ("female", "male")
    ]
