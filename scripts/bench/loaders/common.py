"""What every candidate is given alike: the transform, the DataLoader, the triplets by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from job import ROLES, SIDE, Job
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms


def v1() -> Callable[[Image.Image], torch.Tensor]:
    """The pipeline of the training scripts: PIL to float32 [3, 512, 512] in [-1, 1]."""
    return transforms.Compose([
        transforms.Resize((SIDE, SIDE)),
        transforms.ToTensor(),
        transforms.Normalize([0.5], [0.5]),
    ])  # fmt: skip


def torch_loader(dataset: Any, job: Job, **options: Any) -> DataLoader[Any]:
    """A map-style dataset as everybody reads it."""
    return DataLoader(dataset, batch_size=job.batch, shuffle=True, **workers(job), **options)


def workers(job: Job) -> dict[str, Any]:
    """Worker processes that stay from one epoch to the next."""
    return {"num_workers": job.workers, "persistent_workers": job.workers > 0}


def stored(job: Job) -> list[dict[str, str]]:
    """The triplets on disk: for each, the path of each role's image."""
    triplets = []
    for person in sorted(Path(job.bucket).glob("*/*/*/initial_image/*")):
        stem = person.stem.partition("_")[0]
        folder = person.parent.parent
        found = {role: next((folder / role).glob(f"{stem}_*")) for role in ROLES}
        triplets.append({role: str(path) for role, path in found.items()})
    return triplets
