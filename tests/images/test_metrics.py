"""PSNR and SSIM by their definitions; values of scikit-image 0.26 on the same pictures."""

import math

import numpy as np
import pytest
from PIL import Image

from vton_hf.errors import ImageError
from vton_hf.images.metrics import psnr, ssim


def grey(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.repeat(pixels.astype(np.uint8)[..., None], 3, axis=2))


Y, X = np.mgrid[0:40, 0:60]
WAVES = grey(128 + 80 * np.sin(X / 4) * np.cos(Y / 7))
STRIPED = grey(np.asarray(WAVES)[..., 0] + 9.0 * (X % 2))


def test_equal_pictures_are_equal() -> None:
    assert psnr(WAVES, WAVES) == math.inf
    assert ssim(WAVES, WAVES) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("step", [1, 10, 100])
def test_psnr_of_an_even_difference_is_that_of_its_square(step: int) -> None:
    dark, light = Image.new("RGB", (5, 4), (50, 50, 50)), Image.new("RGB", (5, 4), (50 + step,) * 3)
    assert psnr(dark, light) == pytest.approx(20 * math.log10(255 / step))


def test_psnr_sees_each_channel() -> None:
    assert psnr(Image.new("RGB", (5, 4)), Image.new("RGB", (5, 4), (0, 0, 9))) == pytest.approx(
        10 * math.log10(255**2 / 27)
    )


def test_ssim_of_flat_pictures_follows_from_their_means() -> None:
    dark, light = Image.new("RGB", (20, 20), (100,) * 3), Image.new("RGB", (20, 20), (150,) * 3)
    constant = (0.01 * 255) ** 2
    expected = (2 * 100 * 150 + constant) / (100**2 + 150**2 + constant)
    assert ssim(dark, light) == pytest.approx(expected, abs=1e-9)


def test_ssim_is_that_of_others() -> None:
    # structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255,
    # full=True)[1][5:-5, 5:-5].mean()
    assert ssim(WAVES, STRIPED) == pytest.approx(0.95450828, abs=1e-6)
    assert ssim(WAVES, STRIPED) == ssim(STRIPED, WAVES)


def test_ssim_of_a_negative_is_below_zero() -> None:
    assert ssim(WAVES, grey(255 - np.asarray(WAVES)[..., 0].astype(float))) < 0


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_what_cannot_be_compared_is_refused(measure: object) -> None:
    with pytest.raises(ImageError, match=r"\(60, 40\) and \(40, 60\) pixels cannot be compared"):
        measure(WAVES, WAVES.transpose(Image.Transpose.ROTATE_90))  # type: ignore[operator]


def test_ssim_needs_a_window() -> None:
    with pytest.raises(ImageError, match="11 x 11 pixels at a time"):
        ssim(Image.new("RGB", (10, 30)), Image.new("RGB", (10, 30)))
