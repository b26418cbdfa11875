"""The two kinds of picture that transforms are given: Pillow's, and tensors, which are resized five times as fast."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from vton_hf.images import decode, decode_array, fit, halfway, is_companion, placement, resized, to_nearest

Shape: TypeAlias = tuple[int, int]
"""Width and height."""


class ImageBackend(Protocol):
    """What can be done to pictures of one kind.

    Attributes:
        to_srgb: Whether the colours of images with another colour profile are converted.
    """

    to_srgb: bool

    def decode(self, data: bytes) -> Any:
        """The picture in these bytes."""

    def shape(self, picture: Any) -> Shape:
        """Its width and height."""

    def resize(self, picture: Any, shape: Shape) -> Any:
        """It in that width and height."""

    def nearest(self, picture: Any, shape: Shape) -> Any:
        """The same with the nearest pixels, for masks and labels."""

    def fit(self, picture: Any, size: tuple[int, int], aspect: str, role: str) -> Any:
        """It in that height and width, as `vton_hf.images.aspect.fit` does it."""


@dataclass
class PilBackend:
    """Pillow's images, mode RGB."""

    to_srgb: bool = False

    def decode(self, data: bytes) -> Image.Image:
        """The picture in these bytes."""
        return decode(data, to_srgb=self.to_srgb)

    def shape(self, picture: Image.Image) -> Shape:
        """Its width and height."""
        return picture.size

    def resize(self, picture: Image.Image, shape: Shape) -> Image.Image:
        """It in that width and height, with Lanczos."""
        return resized(picture, shape)

    def nearest(self, picture: Image.Image, shape: Shape) -> Image.Image:
        """The same with the nearest pixels."""
        return to_nearest(picture, shape)

    def fit(self, picture: Image.Image, size: tuple[int, int], aspect: str, role: str) -> Image.Image:
        """It in that height and width."""
        return fit(picture, size, aspect, role)


@dataclass
class TensorBackend:
    """uint8 tensors [3, H, W], in memory row by row and pixel by pixel as they were decoded.

    Lanczos of torch 2.15 takes 3.2 ms from 768x1024 to 512x512, Pillow's 15. Both make the same two passes in the same
    order (`vton_hf.images.aspect.resized`); of a photo's values 1 in 2,000 differs, by 1 or 2 of 255.
    """

    to_srgb: bool = False

    def decode(self, data: bytes) -> torch.Tensor:
        """The picture in these bytes."""
        return _channels_first(decode_array(data, to_srgb=self.to_srgb))

    def shape(self, picture: torch.Tensor) -> Shape:
        """Its width and height."""
        return picture.shape[2], picture.shape[1]

    def resize(self, picture: torch.Tensor, shape: Shape) -> torch.Tensor:
        """It in that width and height, with Lanczos; by Pillow where torch does not know it yet."""
        if self.shape(picture) == shape:
            return picture
        if _torch_knows_lanczos():
            return _by_torch(_by_torch(picture, halfway(self.shape(picture), shape)), shape)
        image = Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy())
        return _channels_first(np.array(resized(image, shape)))

    def nearest(self, picture: torch.Tensor, shape: Shape) -> torch.Tensor:
        """The same with the nearest pixels, those that Pillow takes."""
        size, how = [shape[1], shape[0]], InterpolationMode.NEAREST_EXACT
        result: torch.Tensor = functional.resize(picture, size, interpolation=how)
        return result

    def fit(self, picture: torch.Tensor, size: tuple[int, int], aspect: str, role: str) -> torch.Tensor:
        """It in that height and width."""
        box = (size[1], size[0])
        if self.shape(picture) == box:
            return picture
        (left, top, right, bottom), inner, (x, y) = placement(self.shape(picture), box, aspect, role)
        nearest = is_companion(role)
        small = (self.nearest if nearest else self.resize)(picture[:, top:bottom, left:right], inner)
        if inner == box:
            return small
        white = _channels_first(np.full((*size, 3), 0 if nearest else 255, np.uint8))
        white[:, y : y + inner[1], x : x + inner[0]] = small
        return white


def _channels_first(pixels: Any) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)


def _by_torch(picture: torch.Tensor, shape: Shape) -> torch.Tensor:
    size = [shape[1], shape[0]]
    resized: torch.Tensor = functional.resize(picture, size, interpolation=InterpolationMode.LANCZOS, antialias=True)
    return resized


@cache
def _torch_knows_lanczos() -> bool:
    try:
        _by_torch(torch.zeros(3, 4, 4, dtype=torch.uint8), (2, 2))
    except (NotImplementedError, RuntimeError, ValueError):
        return False
    return True
