"""What peers that pack images into shards share: the triplets' bytes, and the way back to tensors."""

import io
from pathlib import Path
from typing import Any

import torch
from job import ROLES, Job
from PIL import Image

from loaders.common import stored, v1

SHARDS = 8


def triplets(job: Job) -> list[dict[str, bytes]]:
    """The stored bytes of every triplet."""
    return [{role: Path(path).read_bytes() for role, path in one.items()} for one in stored(job)]


class Decode:
    """A triplet of bytes or PIL images to three tensors, through the transform of everybody."""

    def __init__(self) -> None:
        self._transform = v1()

    def __call__(self, triplet: dict[str, Any]) -> dict[str, torch.Tensor]:
        """Take what is no image away."""
        return {role: self._transform(as_image(triplet[role])) for role in ROLES}


def as_image(stored_as: Any) -> Image.Image:
    """PIL in RGB."""
    image = Image.open(io.BytesIO(stored_as)) if isinstance(stored_as, bytes) else stored_as
    return image.convert("RGB")
