"""What a user's pipeline does first."""

from typing import Any, Final

import torch
from torchvision import transforms as v1
from torchvision.transforms import v2

_ANY_SIZE: Final = (
    *(v1.ToTensor, v1.PILToTensor, v1.ToPILImage, v1.ConvertImageDtype, v1.Normalize),
    *(v1.RandomHorizontalFlip, v1.RandomVerticalFlip, v1.Grayscale, v1.RandomGrayscale, v1.ColorJitter),
    *(v2.ToImage, v2.PILToTensor, v2.ToTensor, v2.ToPILImage, v2.ToPureTensor, v2.ToDtype, v2.Normalize, v2.RGB),
    *(v2.RandomHorizontalFlip, v2.RandomVerticalFlip, v2.Grayscale, v2.RandomGrayscale, v2.ColorJitter, v2.Identity),
)
"""To these the size of an image does not matter, nor do they change it."""


def resizes_first(transform: Any) -> bool:
    """Whether a pipeline brings every image to one (height, width) before a step to which its size matters."""
    return _resizes(transform) is True


def _resizes(step: Any) -> bool | None:
    """True or False as `resizes_first`; None if the size is still of no account after this step."""
    if isinstance(step, (v1.Resize, v2.Resize)):
        return isinstance(step.size, list | tuple) and len(step.size) == 2  # noqa: PLR2004
    if isinstance(step, (v1.Compose, v2.Compose, torch.nn.Sequential)):
        steps = step if isinstance(step, torch.nn.Sequential) else step.transforms
        return next((size for each in steps if (size := _resizes(each)) is not None), None)
    return None if isinstance(step, _ANY_SIZE) else False
