"""What one measurement is told: where the images lie, how they are wanted, and in what portions."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROLES = ("initial_image", "cloth_image", "try_on_image")
BUCKET = "vton"
ROOT = "dataset_ultimate"
REGION = "us-east-1"
SIDE = 512


@dataclass(frozen=True, kw_only=True)
class Job:
    """One measurement's orders; they travel to its process as JSON.

    Attributes:
        endpoint: The S3 stand-in, or "" where the images lie on disk.
        bucket: The folder that holds the same images.
        made: A folder for what this candidate makes before it is measured.
        form: What is stored: `"original"` or a format at `SIDE` pixels, such as `"png"`.
        transform: `"v1"` for the torchvision pipeline of everybody, `"own"` for ours without one.
        workers: Processes that load.
        batch: Triplets in a batch.
        epochs: How many epochs are measured, after a first.
        triplets: How many there are; what a loader gives is checked against it.
        passes: How often each stands in an epoch.
        extra: What only some candidates need.
    """

    endpoint: str = ""
    bucket: str = ""
    made: str = ""
    form: str = "original"
    transform: str = "v1"
    workers: int = 2
    batch: int = 8
    epochs: int = 1
    triplets: int = 0
    passes: int = 1
    extra: dict[str, Any] = field(default_factory=dict)

    def dumps(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> "Job":
        """From the command line."""
        return cls(**json.loads(text))

    @property
    def folder(self) -> Path:
        """Where this candidate keeps what it made."""
        return Path(self.made)

    @property
    def s3_root(self) -> str:
        """The prefix of all triplets."""
        return f"s3://{BUCKET}/{ROOT}/"

    @property
    def storage_options(self) -> dict[str, Any]:
        """As everything around fsspec takes them."""
        return {
            "key": "any",
            "secret": "any",
            "endpoint_url": self.endpoint,
            "client_kwargs": {"region_name": REGION},
        }
