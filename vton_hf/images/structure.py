"""Checks that cost no decoding: format, dimensions, and that nothing is cut off."""

import io
import re
from typing import Final

from PIL import Image

from vton_hf.errors import ImageError
from vton_hf.images.png import SIGNATURE, check_png

MAX_PIXELS: Final = 89_478_485
"""Pillow's own limit before it warns of a decompression bomb: a quarter of a GiB as RGB."""

_JPEG_START: Final = b"\xff\xd8"
_JPEG_END: Final = b"\xd9"
_JPEG_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
"""Begins a segment; image data holds none, as it writes 255 as two bytes and has restarts of its own."""


def check_structure(data: bytes) -> str:
    """Check all that can be checked without decoding.

    Args:
        data: The whole object.

    Returns:
        Its format, in Pillow's words.

    Raises:
        ImageError: If the image cannot be used; the message says why.
    """
    kind = _kind(data)
    {"PNG": check_png, "JPEG": _check_jpeg, "WEBP": _check_webp}[kind](data)
    _check_header(data, kind)
    return kind


def _kind(data: bytes) -> str:
    """Which format the bytes say they are.

    Raises:
        ImageError: If they say something else.
    """
    if not data:
        raise ImageError("not an image: zero bytes")
    if data.startswith(SIGNATURE):
        return "PNG"
    if data.startswith(_JPEG_START):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise ImageError(f"not a PNG, JPEG or WebP image: begins with {data[:12]!r}")


def _check_header(data: bytes, kind: str) -> None:
    """Let Pillow read it.

    Raises:
        ImageError: If there is none, or its dimensions are absurd.
    """
    try:
        width, height = Image.open(io.BytesIO(data), formats=[kind]).size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"absurd dimensions: {error}") from error
    except Exception as error:
        raise ImageError(f"damaged {kind}: its header makes no sense") from error
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ImageError(f"absurd dimensions: {width} x {height} pixels, at most {MAX_PIXELS:,} are allowed")


def _check_jpeg(data: bytes) -> None:
    """Walk the segments to the end marker; a phone may append a film behind it, a header hold a preview."""
    position = len(_JPEG_START)
    while marker := _JPEG_MARKER.search(data, position):
        if marker[1] == _JPEG_END:
            return
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    raise ImageError(f"truncated JPEG: the data ends at byte {len(data):,} without an end-of-image marker")


def _check_webp(data: bytes) -> None:
    """Compare the length with what the header says."""
    size = int.from_bytes(data[4:8], "little") + 8
    if len(data) < size:
        raise ImageError(f"truncated WebP: the data ends at byte {len(data):,} of {size:,}")
