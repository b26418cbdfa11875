"""Checks that cost no decoding: format, dimensions, and that nothing is cut off."""

import io
from typing import Final, NamedTuple

from PIL import Image

from vton_hf.errors import ImageError
from vton_hf.images.jpeg import jpeg_shape
from vton_hf.images.png import check_png
from vton_hf.images.png import header as png_header
from vton_hf.images.recognition import format_of
from vton_hf.images.texts import readable
from vton_hf.images.webp import webp_shape

MAX_PIXELS: Final = 89_478_485
"""Pillow's own limit before it warns of a decompression bomb: a quarter of a GiB as RGB."""


class Sound(NamedTuple):
    """An image in which nothing was found wrong.

    Attributes:
        kind: Its format, in Pillow's words.
        data: The bytes to keep and to decode: the object's own, or where Pillow would refuse a PNG for its long
            texts, those without them.
    """

    kind: str
    data: bytes


def check_structure(data: bytes) -> Sound:
    """Check all that can be checked without decoding.

    Args:
        data: The whole object.

    Raises:
        ImageError: If the image cannot be used; the message says why.
    """
    kind = format_of(data)
    width, height = _shape(data, kind)
    # Before a library sees it: some set memory aside while they read the header.
    if width * height > MAX_PIXELS:
        raise ImageError(f"absurd dimensions: {width} x {height} pixels, at most {MAX_PIXELS:,} are allowed")
    sound = readable(data) if kind == "PNG" else data
    _check_header(sound, kind)
    return Sound(kind, sound)


def _check_header(data: bytes, kind: str) -> None:
    """Let Pillow read it.

    Raises:
        ImageError: If there is none.
    """
    try:
        shape = Image.open(io.BytesIO(data), formats=[kind]).size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"absurd dimensions: {error}") from error
    except Exception as error:
        raise ImageError(f"damaged {kind}: its header cannot be read") from error
    if min(shape) < 1:
        raise ImageError(f"absurd dimensions: {shape[0]} x {shape[1]} pixels")


def _shape(data: bytes, kind: str) -> tuple[int, int]:
    """Width and height as the file says them; 0 where it says none.

    Raises:
        ImageError: If it is damaged or cut off.
    """
    if kind == "JPEG":
        return jpeg_shape(data)
    if kind == "WEBP":
        return webp_shape(data)
    check_png(data)
    return png_header(data)[:2] if data[12:16] == b"IHDR" else (0, 0)
