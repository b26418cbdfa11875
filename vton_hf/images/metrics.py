"""How much of a picture an encoding keeps: PSNR and SSIM."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vton_hf.errors import ImageError

_Plane = NDArray[np.float64]

_PEAK: Final = 255.0
_SIGMA: Final = 1.5
WINDOW: Final = 11
"""Pixels that SSIM looks at, each way."""

_C1, _C2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2


def psnr(picture: Image.Image, other: Image.Image) -> float:
    """Peak signal-to-noise ratio over all three channels: 10 log10(255^2 / mean squared error).

    Args:
        picture: Mode RGB.
        other: Mode RGB, of the same size.

    Returns:
        dB; infinite for equal pictures. From about 40 on, people see no difference.

    Raises:
        ImageError: If the sizes differ.
    """
    _check_sizes(picture, other)
    error = float(np.mean((np.asarray(picture, np.float64) - np.asarray(other, np.float64)) ** 2))
    return float(10 * np.log10(_PEAK**2 / error)) if error else float("inf")


def ssim(picture: Image.Image, other: Image.Image) -> float:
    """Mean structural similarity of luma, as Wang et al. define it.

    Windows are Gaussian, 11 x 11 with sigma 1.5, wherever one lies within the picture; K1 = 0.01, K2 = 0.03. Wang,
    Bovik, Sheikh, Simoncelli: "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE
    Transactions on Image Processing 13(4), 2004.

    Args:
        picture: Mode RGB, at least 11 pixels wide and high.
        other: Mode RGB, of the same size.

    Returns:
        1 for equal pictures, less the less they are alike; negative where one is the other's negative.

    Raises:
        ImageError: If the sizes differ, or are too small for a window.
    """
    _check_sizes(picture, other)
    if min(picture.size) < WINDOW:
        raise ImageError(f"SSIM looks at {WINDOW} x {WINDOW} pixels at a time; the pictures have {picture.size}.")
    x, y = (np.asarray(image.convert("L"), np.float64) for image in (picture, other))
    mean_x, mean_y = _blurred(x), _blurred(y)
    variances = _blurred(x * x) - mean_x**2 + _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    return float(np.mean(luminance * (2 * covariance + _C2) / (variances + _C2)))


def _blurred(plane: _Plane) -> _Plane:
    """The plane's Gaussian means, where the window lies within."""
    steps = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-(steps**2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    rows, columns = plane.shape[0] - WINDOW + 1, plane.shape[1] - WINDOW + 1
    across, down = np.zeros((plane.shape[0], columns)), np.zeros((rows, columns))
    for step, weight in enumerate(weights):
        across += weight * plane[:, step : step + columns]
    for step, weight in enumerate(weights):
        down += weight * across[step : step + rows]
    return down


def _check_sizes(picture: Image.Image, other: Image.Image) -> None:
    if picture.size != other.size:
        raise ImageError(f"Pictures of {picture.size} and {other.size} pixels cannot be compared.")
