"""One image's way from its pixels to what a model takes: a preset's size first, then the user's callable."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import torch
from torchvision import transforms as v1
from torchvision import tv_tensors
from torchvision.transforms import v2

from vton_hf._core.checks import check_bool, must_be
from vton_hf.errors import ConfigError
from vton_hf.images import Notice, check_fit, distortions, is_companion
from vton_hf.transforms.backends import ImageBackend, PilBackend, TensorBackend

Transform = Callable[[Any], Any]

_FROM_PIL: Final = (v2.ToImage, v2.PILToTensor, v2.ToTensor, v2.ToPILImage, v1.ToTensor, v1.PILToTensor, v1.ToPILImage)
_TENSORS_ONLY: Final = (v2.ToDtype, v2.Normalize, v1.Normalize, v1.ConvertImageDtype)
_CONTAINERS: Final = (v2.Compose, v2.RandomApply, v2.RandomChoice, v2.RandomOrder, v1.Compose, v1.RandomApply)


class ImagePipeline:
    """What happens to each image.

    Args:
        transform: Called with one image, `None` for the default: float tensors in [-1, 1].
        size: (height, width) in pixels that every image is brought to first, or None.
        aspect: How: one of `vton_hf.images.aspect.ASPECTS`.
        dtype: What the default makes: `torch.uint8` keeps 0..255, a floating type gives [-1, 1].
        to_srgb: Whether the colours of images with another colour profile are converted.

    Raises:
        ConfigError: If an argument makes no sense.
    """

    def __init__(
        self,
        transform: Transform | None,
        size: Sequence[int] | None,
        aspect: str,
        dtype: torch.dtype | None,
        *,
        to_srgb: bool,
    ) -> None:
        if transform is not None and not callable(transform):
            raise must_be(
                "transform", transform, "a torchvision transform, any other callable of one image, or None for [-1, 1]"
            )
        if transform is not None and dtype is not None:
            raise ConfigError(
                f"dtype={dtype} says what the default makes of an image, but a transform is given. Drop one of the two."
            )
        if not (
            dtype is None or (isinstance(dtype, torch.dtype) and (dtype.is_floating_point or dtype == torch.uint8))
        ):
            raise must_be("dtype", dtype, "torch.uint8 or a floating type")
        check_bool("to_srgb", to_srgb)
        self._size = check_fit(size, aspect)
        self.transform = transform
        self._aspect = aspect
        self._dtype = dtype or torch.float32
        self._takes_tensors = transform is not None and _takes_tensors(transform)
        kind = TensorBackend if transform is None or self._takes_tensors else PilBackend
        self.kind: ImageBackend = kind(to_srgb=to_srgb)

    def distortions(self, pictures: Mapping[str, Any]) -> list[Notice]:
        """Which pictures of a triplet are stretched so much that people should know."""
        shapes = {role: self.kind.shape(picture) for role, picture in pictures.items() if not is_companion(role)}
        return distortions(shapes, self._size, self._aspect)

    def __repr__(self) -> str:
        # A torchvision pipeline takes a line for each step.
        shown = f"dtype={self._dtype}" if self.transform is None else " ".join(repr(self.transform).split())
        return shown if self._size is None else f"{shown}, image_size={self._size}, aspect={self._aspect!r}"

    def fitted(self, picture: Any, role: str) -> Any:
        """The picture in the size that was asked for; untouched if none was."""
        return picture if self._size is None else self.kind.fit(picture, self._size, self._aspect, role)

    def transformed(self, picture: Any) -> Any:
        """What the model gets of an 8-bit RGB picture of `kind`."""
        if self.transform is None:
            return _scaled(picture, self._dtype)
        result = self.transform(tv_tensors.Image(picture) if self._takes_tensors else picture)
        return result.as_subclass(torch.Tensor) if isinstance(result, tv_tensors.TVTensor) else result

    def together(self, pictures: Sequence[Any], start: Callable[[], None]) -> list[Any]:
        """What the model gets of an image and of its companions: masks, poses and the like, moved but not coloured.

        All go through a pipeline of `transforms.v2` in one call, companions as `tv_tensors.Mask`, so that each step
        draws once for all. Any other callable gets companions as it gets images.

        Args:
            pictures: The image, then its companions, all 8-bit RGB of `kind`.
            start: Sets random generators to where the image finds them.

        Returns:
            As many; of companions uint8 [3, H, W], unless a callable makes something else of them.
        """
        image, *companions = pictures
        start()
        if not companions:
            return [self.transformed(image)]
        if self.transform is not None and not _is_v2(self.transform):
            results = [self.transformed(image)]
            for companion in companions:
                start()
                results.append(self.transformed(companion))
            return results
        masks = [each if isinstance(each, torch.Tensor) else v2.functional.pil_to_tensor(each) for each in companions]
        if self.transform is None:
            return [self.transformed(image), *(mask.contiguous() for mask in masks)]
        given = tv_tensors.Image(image) if self._takes_tensors else image
        moved = _called(self.transform, [given, *map(tv_tensors.Mask, masks)])
        return [each.as_subclass(torch.Tensor) if isinstance(each, tv_tensors.TVTensor) else each for each in moved]


def _called(transform: Any, inputs: Sequence[Any]) -> Sequence[Any]:
    """What a pipeline makes of several inputs in one call; the containers that take one only are walked."""
    if isinstance(transform, (v1.Compose, torch.nn.Sequential)):
        for step in transform.transforms if isinstance(transform, v1.Compose) else transform:
            inputs = _called(step, inputs)
        return inputs
    results: Sequence[Any] = transform(*inputs)
    return results


def _is_v2(transform: Transform) -> bool:
    """Whether all steps of a pipeline tell masks from images, and may be called with several."""
    if isinstance(transform, v1.RandomApply):
        return False
    return all(isinstance(step, v2.Transform) and not isinstance(step, v2.Lambda) for step in _steps(transform))


def _scaled(pixels: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    if dtype == torch.uint8:
        return pixels.contiguous()
    return torch.empty(pixels.shape, dtype=torch.float32).copy_(pixels).div_(127.5).sub_(1).to(dtype)


def _takes_tensors(transform: Transform) -> bool:
    """Whether a pipeline has to be given a tensor: it needs one before it makes one, or is v2 and makes none."""
    steps = list(_steps(transform))
    for step in steps:
        if isinstance(step, (*_FROM_PIL, *_TENSORS_ONLY)):
            return isinstance(step, _TENSORS_ONLY)
    return _is_v2(transform)


def _steps(transform: Any) -> Iterator[Any]:
    if isinstance(transform, (*_CONTAINERS, torch.nn.Sequential)):
        for step in transform if isinstance(transform, torch.nn.Sequential) else transform.transforms:
            yield from _steps(step)
    else:
        yield transform
