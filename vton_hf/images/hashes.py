"""Short codes of a picture that stay nearly the same when it is encoded, resized or brightened a little."""

from typing import Final

import numpy as np
from PIL import Image

_SIDE: Final = 32
_KEPT: Final = 8
_COLOUR_CELLS: Final = 4

_FREQUENCIES = np.arange(_KEPT)[:, None] * (2 * np.arange(_SIDE) + 1)
_COSINES: Final = np.cos(np.pi * _FREQUENCIES / (2 * _SIDE))
"""The first rows of the DCT-II of 32 values, without its factors."""


def perceptual_hash(grey: Image.Image) -> int:
    """64 bits: which of the 64 lowest frequencies lie above their median (Zauner 2010, "pHash").

    Args:
        grey: Mode L.
    """
    pixels = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float64)
    low = _COSINES @ pixels @ _COSINES.T
    # The first is the mean brightness, and no part of the picture.
    return _bits(low > np.sort(low.ravel()[1:])[low.size // 2 - 1])


def difference_hash(grey: Image.Image) -> int:
    """64 bits: whether each of 8x9 cells is darker than the one to its right (Krawetz 2013, "dHash").

    Args:
        grey: Mode L.
    """
    pixels = np.asarray(grey.resize((_KEPT + 1, _KEPT), Image.Resampling.BOX), np.int16)
    return _bits(pixels[:, 1:] > pixels[:, :-1])


def colour_layout(picture: Image.Image) -> bytes:
    """The mean colours of 4x4 cells, row by row, 48 bytes: what both hashes, which are of grey, do not see.

    Args:
        picture: Mode RGB.
    """
    return picture.resize((_COLOUR_CELLS, _COLOUR_CELLS), Image.Resampling.BOX).tobytes()


def _bits(flags: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> int:
    return int.from_bytes(np.packbits(flags).tobytes(), "big")
