"""What is measured of one image: its file, its pixels, and a thumbnail by which it can be compared with others."""

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vton_hf.errors import ImageError
from vton_hf.images.decoding import decode, verify
from vton_hf.images.facts import fault_of, file_facts, hidden_share
from vton_hf.images.hashes import colour_layout, difference_hash, perceptual_hash

LOOKED_AT: Final = 256
"""Pixels of the longer edge at which an image is measured: sharpness then means the same for small and large images."""

THUMBNAIL: Final = 64
"""Pixels of a thumbnail's longer edge."""

_THUMBNAIL_QUALITY: Final = 85

_LAG: Final = 4
"""Pixels, at `LOOKED_AT`, over which an edge's height is taken; a sharp edge rises within one."""

_EDGE: Final = 8
"""Levels of 255 by which an edge stands out."""

_NEAR_WHITE: Final = 235
_BORDER: Final = 0.06
_EVEN: Final = 8
"""Levels of 255 within which a row or column counts as constant: JPEG leaves that much beside an edge."""

_STEP: Final = 16
"""Levels by which content stands out from a bar."""

Grey = NDArray[np.float32]


def measured(data: bytes, picture: Image.Image | None = None, *, pixels: bool = True) -> dict[str, Any]:
    """Measure an image.

    Args:
        data: The whole object.
        picture: Its pixels, as `decode` gives them, where they are at hand.
        pixels: Whether they are looked at at all.

    Returns:
        The columns of the statistics table (`cache/statistics/schema.py`) that follow from the object. Of one that
        cannot be used `fault` and `message` alone.
    """
    try:
        if picture is None:
            picture = decode(data) if pixels else None
            data = verify(data)
        facts = file_facts(data)
    except ImageError as error:
        return faulty(error)
    if picture is None or not pixels:
        return facts
    return facts | {"hidden": hidden_share(data) if facts["alpha"] else 0.0} | measure(picture)


def faulty(error: ImageError) -> dict[str, Any]:
    """The same of an image that cannot be used."""
    return {"fault": fault_of(error), "message": str(error)}


def measure(picture: Image.Image) -> dict[str, Any]:
    """Measure the pixels of an image.

    Args:
        picture: Mode RGB, as `decode` gives it.

    Returns:
        The columns of the statistics table (`cache/statistics/schema.py`) that follow from pixels.
    """
    small = _shrunk(picture, LOOKED_AT)
    grey = small.convert("L")
    thumbnail = _shrunk(small, THUMBNAIL)
    outline, luma = thumbnail.convert("L"), np.asarray(grey, np.float32)
    return {
        "width": picture.width,
        "height": picture.height,
        "phash": perceptual_hash(outline),
        "dhash": difference_hash(outline),
        "colours": colour_layout(thumbnail),
        "thumbnail": _encoded(thumbnail),
        **_tones(grey),
        **_colours(np.asarray(thumbnail, np.int16)),
        "sharpness": _sharpness(luma),
        **_bars(np.asarray(grey), np.asarray(small)),
    }


def thumbnail_pixels(data: bytes) -> NDArray[np.uint8]:
    """A stored thumbnail, stretched to a square so that many can be compared at once: uint8 [64, 64, 3]."""
    image = Image.open(io.BytesIO(data))
    return np.asarray(image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR))


def _shrunk(picture: Image.Image, edge: int) -> Image.Image:
    longer = max(picture.size)
    if longer <= edge:
        return picture
    wide, tall = (max(1, round(length * edge / longer)) for length in picture.size)
    return picture.resize((wide, tall), Image.Resampling.BOX, reducing_gap=1.0)


def _encoded(thumbnail: Image.Image) -> bytes:
    buffer = io.BytesIO()
    thumbnail.save(buffer, "JPEG", quality=_THUMBNAIL_QUALITY, subsampling=0)
    return buffer.getvalue()


def _tones(grey: Image.Image) -> dict[str, float]:
    """Brightness and its spread, 0 to 1, and the entropy of the histogram in bits, 0 to 8."""
    counts = np.asarray(grey.histogram(), np.float64)
    shares = counts / counts.sum()
    levels = np.arange(256) / 255
    mean = float(shares @ levels)
    below = np.cumsum(shares)
    present = shares[shares > 0]
    quantiles = {f"q{percent:02}": float(levels[np.searchsorted(below, percent / 100)]) for percent in (1, 5, 95, 99)}
    return {
        "brightness": mean,
        "contrast": float(np.sqrt(shares @ (levels - mean) ** 2)),
        "entropy": float(-(present @ np.log2(present))),
        **quantiles,
    }


def _colours(pixels: NDArray[np.int16]) -> dict[str, float]:
    """Saturation, and how far the most colourful pixels are from grey, 0 to 1; how much of the border is white."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    # A fifth of the time of `max(axis=2)`.
    high, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = (high - low) / 255
    edge = max(1, round(_BORDER * min(high.shape)))
    border = np.ones(high.shape, bool)
    border[edge:-edge, edge:-edge] = False
    return {
        "saturation": float(np.mean(chroma * 255 / np.maximum(high, 1))),
        "chroma": float(np.partition(chroma, place := int(0.99 * (chroma.size - 1)), axis=None)[place]),
        "white_border": float(np.mean(low[border] >= _NEAR_WHITE)),
    }


def _sharpness(luma: Grey) -> float:
    """How steep edges are: 0.25 where they rise evenly over four pixels, 1 where within one.

    The squares of differences between neighbours, summed over four of them, by the square of the difference of the
    outermost; only where that stands out from noise, so that contrast plays no part. NaN where nothing stands out.
    """
    near = far = 0.0
    # Every fourth line will do, in a third of the time.
    for plane in (luma[:, ::4], luma.T[:, ::4]):
        if plane.shape[0] > _LAG:
            squares = np.square(plane[1:] - plane[:-1])
            sums = squares[:-3] + squares[1:-2] + squares[2:-1] + squares[3:]
            rises = np.square(plane[_LAG:] - plane[:-_LAG])
            edges = rises > _EDGE**2
            near += float(np.vdot(sums, edges))
            far += float(np.vdot(rises, edges))
    return min(near / far, 1.0) if far else float("nan")


def _bars(grey: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> dict[str, float]:
    """The shares of height and width that constant bars take, whose content begins along a straight line."""
    sides = {
        "bar_top": (grey, pixels),
        "bar_bottom": (grey[::-1], pixels[::-1]),
        "bar_left": (grey.T, pixels.transpose(1, 0, 2)),
        "bar_right": (grey.T[::-1], pixels.transpose(1, 0, 2)[::-1]),
    }
    # Of most pictures the outermost line shows that there is none.
    return {side: _bar(*lines) if np.ptp(lines[0][0]) <= _EVEN else 0.0 for side, lines in sides.items()}


def _bar(grey: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> float:
    """The share of constant lines of one brightness before the picture begins."""
    lows, highs = grey.min(axis=1).astype(np.int16), grey.max(axis=1).astype(np.int16)
    even = (highs - lows <= _EVEN) & (np.abs(highs - highs[0]) <= _EVEN)
    count = int(np.argmin(even)) if not even.all() else len(even)
    if count in (0, len(even)):
        return 0.0
    begins = np.abs(pixels[count : count + 3].astype(np.int16) - pixels[0, 0]).max(axis=(0, 2)) > _STEP
    # Along most of the edge and up to both ends: a hem on white does not reach those.
    corner = max(1, len(begins) // 10)
    parts = begins, begins[:corner], begins[-corner:]
    return count / len(even) if min(part.mean() for part in parts) > 0.6 else 0.0  # noqa: PLR2004
