"""Transformed images back as pictures that people can look at."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

_CHANNELS: Final = (1, 3)


def picture_of(value: Any, transform: Any = None) -> Image.Image | None:
    """What a transform made of an image, without its normalisation.

    Args:
        value: A tensor [C, H, W] of 1 or 3 channels, floats or whole numbers up to 255; or a PIL image.
        transform: Whose `Normalize` is undone. Without one, floats of which some are below 0 are taken to lie in
            [-1, 1], others in [0, 1].

    Returns:
        Mode RGB; None where the value is no image.
    """
    if isinstance(value, Image.Image):
        return value.convert("RGB")
    if not isinstance(value, torch.Tensor) or value.ndim != 3 or value.shape[0] not in _CHANNELS:  # noqa: PLR2004
        return None
    pixels = value.detach().cpu()
    if pixels.is_floating_point():
        pixels = _plain(pixels.float(), transform).clamp(0, 1).mul(255).round()
    array = pixels.to(torch.uint8).expand(3, -1, -1).permute(1, 2, 0).numpy()
    return Image.fromarray(np.ascontiguousarray(array))


def _plain(pixels: torch.Tensor, transform: Any) -> torch.Tensor:
    """Floats in [0, 1]."""
    steps = list(_normalisations(transform))
    if not steps:
        return (pixels + 1) / 2 if bool((pixels < 0).any()) else pixels
    for mean, std in reversed(steps):
        pixels = pixels * std + mean
    return pixels


def _normalisations(transform: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Mean and spread of each `Normalize` in a transform, in order, however deep."""
    if type(transform).__name__ == "Normalize" and hasattr(transform, "mean") and hasattr(transform, "std"):
        yield tuple(
            torch.as_tensor(each, dtype=torch.float32).reshape(-1, 1, 1) for each in (transform.mean, transform.std)
        )  # type: ignore[misc]
        return
    steps = getattr(transform, "transforms", None)
    if steps is None and isinstance(transform, torch.nn.Module):
        steps = list(transform.children())
    for step in steps if isinstance(steps, list | tuple | torch.nn.ModuleList) else ():
        yield from _normalisations(step)
