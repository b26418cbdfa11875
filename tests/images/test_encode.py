"""Bytes of images in each format: what they keep, what they weigh, what any library makes of them."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.bucket import encoded, png
from vton_hf._core.options import IMAGE_FORMATS
from vton_hf.images import decode, verify
from vton_hf.images.encode import BYTES_A_PIXEL, LOSSY, encode

LOSSLESS = [kind for kind in IMAGE_FORMATS if kind not in LOSSY]


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth shapes under a little noise, and a flat border."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 5, width), np.linspace(0, 7, height))
    planes = [127 + 90 * np.sin(x * k + seed) * np.cos(y + k) + rng.normal(0, 3, (height, width)) for k in (1, 2, 3)]
    pixels = np.stack(planes, axis=2).clip(0, 255).astype(np.uint8)
    pixels[:, : width // 4] = 255
    return Image.fromarray(pixels)


@given(width=st.integers(1, 70), height=st.integers(1, 70), seed=st.integers(0, 9), kind=st.sampled_from(LOSSLESS))
def test_every_pixel_comes_back_also_through_pillow(*, width: int, height: int, seed: int, kind: str) -> None:
    image = photo(width, height, seed)
    data = encode(image, kind)
    verify(data, "decode")
    assert decode(data).tobytes() == image.tobytes()
    assert Image.open(io.BytesIO(data)).tobytes() == image.tobytes()


def test_a_png_is_as_small_as_pillows_and_a_fast_one_is_not_compressed() -> None:
    image = photo(300, 200)
    assert len(encode(image, "png")) < 1.05 * len(encoded(image))
    assert 3 * 300 * 200 < len(encode(image, "png-fast")) < 1.01 * 3 * 300 * 200


@pytest.mark.parametrize("kind", LOSSY)
def test_a_higher_quality_is_nearer_and_larger_and_the_default_is_95(kind: str) -> None:
    image = photo(120, 90)
    files = [encode(image, kind, quality) for quality in (30, 95, 100)]
    wrong = [np.abs(np.asarray(decode(data), int) - np.asarray(image)).mean() for data in files]
    assert wrong[0] > wrong[1] > wrong[2] > 0
    assert len(files[0]) < len(files[1]) < len(files[2])
    assert encode(image, kind) == files[1]


@pytest.mark.parametrize("kind", IMAGE_FORMATS)
def test_a_photograph_stays_below_what_a_build_reckons_with(kind: str) -> None:
    image = photo(300, 200)
    quality = 100 if kind in LOSSY else None
    assert len(encode(image, kind, quality)) < BYTES_A_PIXEL[kind] * 300 * 200 + 2000


def test_jpeg_keeps_the_colour_of_a_thin_stripe() -> None:
    image = Image.new("RGB", (32, 32), "blue")
    image.paste("red", (15, 0, 16, 32))
    red, _, blue = decode(encode(image, "jpeg")).getpixel((15, 16))
    assert red > 200
    assert blue < 60


def test_noise_comes_back_too() -> None:
    image = decode(png("noise", (64, 48)))
    assert decode(encode(image, "png")).tobytes() == image.tobytes()
