"""Tensors are decoded and fitted as Pillow's images are."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.bucket import encoded
from vton_hf._core.options import ASPECTS
from vton_hf.transforms import backends
from vton_hf.transforms.backends import PilBackend, TensorBackend

ROLE = "cloth_image"


def photo(width: int, height: int) -> bytes:
    """Soft shapes with some noise."""
    rng = np.random.default_rng(width)
    soft = Image.fromarray(rng.integers(0, 256, (7, 5, 3), np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    noisy = np.asarray(soft, np.int16) + rng.integers(-6, 7, (height, width, 3), np.int16)
    return encoded(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))


def as_tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_the_pixels_are_the_same(kind: str, mode: str) -> None:
    if (kind, mode) in {("JPEG", "RGBA"), ("JPEG", "P")}:
        mode = "CMYK"
    image = Image.new("RGBA", (9, 6), (200, 30, 90, 120)).convert(mode)
    data = encoded(image, kind)
    torch.testing.assert_close(TensorBackend().decode(data), as_tensor(PilBackend().decode(data)), atol=0, rtol=0)


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("size", [(64, 48), (40, 90), (200, 130), (97, 61)])
@pytest.mark.parametrize("by_torch", [True, False], ids=["torch", "an older torch"])
def test_a_fitted_tensor_is_pillows_picture_to_two_of_255(
    size: tuple[int, int], aspect: str, by_torch: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_torch:
        monkeypatch.setattr(backends, "_torch_knows_lanczos", lambda: False)
    data = photo(73, 97)
    fitted = TensorBackend().fit(TensorBackend().decode(data), size, aspect, ROLE)
    expected = as_tensor(PilBackend().fit(PilBackend().decode(data), size, aspect, ROLE))
    assert fitted.dtype == torch.uint8
    difference = (fitted.int() - expected.int()).abs()
    assert difference.max() <= (2 if by_torch else 0)


def test_a_tensor_that_has_the_size_is_left_alone() -> None:
    picture = TensorBackend().decode(photo(30, 40))
    assert TensorBackend().fit(picture, (40, 30), "catvton", ROLE) is picture
    assert TensorBackend().resize(picture, (30, 40)) is picture
