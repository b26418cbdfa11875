"""Stored and on the fly, by Pillow and by torch, of any version: one order of passes, so hard edges are the same."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import vton_hf
from tests.bucket import Bucket, encoded
from vton_hf._core.options import ASPECTS
from vton_hf.images import MAX_PIXELS
from vton_hf.images.aspect import fit, halfway, resized
from vton_hf.naming import ROLES
from vton_hf.transforms import backends
from vton_hf.transforms.backends import PilBackend, TensorBackend

SHAPES = [(97, 61), (61, 97), (108, 192), (192, 108), (33, 200), (7, 150)]
WANTED = [(102, 77), (77, 102), (40, 90), (90, 40), (200, 130), (12, 200), (200, 12), (61, 61), (16, 16), (3, 5)]
"""Width and height: both edges up and down, each more than the other."""


def edges(width: int, height: int) -> Iterator[Image.Image]:
    """Stripes, checks, speckles and letters in black and white."""
    y, x = np.mgrid[:height, :width]
    for on in (
        x % 2,
        y % 2,
        (x + y) % 2,
        (x // 3 + y // 2) % 2,
        np.random.default_rng(width).random((height, width)) > 0.7,
    ):
        yield Image.fromarray(np.repeat((on * 255).astype(np.uint8)[..., None], 3, axis=2))
    letters = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(letters).multiline_text((1, 1), "SALE 50%\nhier & da\nWMWMWM", fill="black")
    yield letters


def as_tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def across_then_down(image: Image.Image, shape: tuple[int, int]) -> Image.Image:
    """What Pillow before 13 does by itself."""
    return image.resize((shape[0], image.height), Image.Resampling.LANCZOS).resize(shape, Image.Resampling.LANCZOS)


@pytest.mark.parametrize("by_torch", [True, False], ids=["torch", "an older torch"])
def test_both_kinds_show_the_same_edges(by_torch: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not by_torch:
        monkeypatch.setattr(backends, "_torch_knows_lanczos", lambda: False)
    for shape, wanted in product(SHAPES, WANTED):
        for image in edges(*shape):
            expected = np.asarray(across_then_down(image, wanted)).astype(int)
            np.testing.assert_array_equal(np.asarray(PilBackend().resize(image, wanted)), expected)
            made = TensorBackend().resize(as_tensor(image), wanted).permute(1, 2, 0).numpy()
            assert np.abs(made - expected).max() <= (2 if by_torch else 0), (shape, wanted)


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("role", ROLES)
def test_a_picture_is_fitted_the_same_by_both(aspect: str, role: str) -> None:
    for shape, size in product(SHAPES[:4], [(77, 102), (102, 77), (48, 64)]):
        for image in edges(*shape):
            expected = np.asarray(fit(image, size, aspect, role)).astype(int)
            made = TensorBackend().fit(as_tensor(image), size, aspect, role).permute(1, 2, 0).numpy()
            assert np.abs(made - expected).max() <= 2, (shape, size)


@pytest.mark.parametrize(("shape", "size"), [((108, 192), (102, 77)), ((192, 108), (77, 102))], ids=["tall", "wide"])
def test_what_is_stored_is_what_is_made_on_the_fly(
    bucket: Bucket, tmp_path: Path, shape: tuple[int, int], size: tuple[int, int]
) -> None:
    *_, speckles, letters = edges(*shape)
    keys = bucket.add_triplet("easy", "male", "000")
    for role, picture in zip(ROLES, (speckles, letters, speckles), strict=True):
        bucket.put(keys[role], encoded(picture))
    options: dict[str, Any] = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache")}
    stored = vton_hf.load("easy", image_size=size, **options)[0]
    plain = vton_hf.S3VTONDataset(
        options["s3_prefixes"], image_size=size, dtype=torch.uint8, cache_dir=options["cache_dir"]
    )[0]
    through_pil = vton_hf.set_transform(vton_hf.load("easy", **options), lambda image: image, image_size=size)[0]
    for role in ROLES:
        expected = as_tensor(stored[role])
        assert (plain[role].int() - expected.int()).abs().max() <= 2
        assert through_pil[role].tobytes() == stored[role].tobytes()


def test_a_ribbon_takes_no_gigabytes_between_the_passes() -> None:
    for shape, wanted in product(
        [(1, MAX_PIXELS), (1000, 80_000), (MAX_PIXELS, 1)], [(1024, 768), (20_000, 400), (1, 1)]
    ):
        width, height = halfway(shape, wanted)
        assert (width, height) in {(wanted[0], shape[1]), (shape[0], wanted[1])}
        assert width * height <= MAX_PIXELS
    ribbon = Image.new("RGB", (1, 1_000_000), "red")
    assert resized(ribbon, (200, 10)).getpixel((100, 5))[0] >= 254
