"""Are these bytes an image worth training on? And how an image looks on white paper."""

import io
import re
import struct
import zlib
from typing import Final

from PIL import Image, ImageOps

from vton_hf.errors import ImageError

VERIFY_LEVELS: Final = ("structure", "decode", "none")
MAX_PIXELS: Final = 89_478_485
"""Pillow's own limit before it warns of a decompression bomb: a quarter of a GiB as RGB."""

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_START: Final = b"\xff\xd8"
_JPEG_END: Final = b"\xd9"
_JPEG_MARKER: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
"""Begins a segment; image data holds none, as it writes 255 as two bytes and has restarts of its own."""


def verify(data: bytes, level: str = "structure") -> None:
    """Check the bytes of one image.

    Args:
        data: The whole object.
        level: `"structure"` checks format, dimensions, that nothing is cut off and, for PNG, every chunk's
            CRC, without decoding (0.2 ms for a PNG of 1 MB); `"decode"` decodes every pixel as well
            (about 20 ms); `"none"` checks nothing.

    Raises:
        ImageError: If the image cannot be used; the message says why.
    """
    if level == "none":
        return
    kind = _kind(data)
    {"PNG": _check_png, "JPEG": _check_jpeg, "WEBP": _check_webp}[kind](data)
    image = _open(data, kind)
    if level == "decode":
        try:
            image.load()
        except Exception as error:
            raise ImageError(f"{kind} does not decode: {error}") from error


def on_white(image: Image.Image) -> Image.Image:
    """The image as 8-bit RGB: turned as its EXIF says, transparency on white, 16 bit scaled to 8."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        # `convert` clips everything above 255 to white.
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _kind(data: bytes) -> str:
    """Which format the bytes say they are, in Pillow's words.

    Raises:
        ImageError: If they say something else.
    """
    if not data:
        raise ImageError("not an image: zero bytes")
    if data.startswith(_PNG_SIGNATURE):
        return "PNG"
    if data.startswith(_JPEG_START):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise ImageError(f"not a PNG, JPEG or WebP image: begins with {data[:12]!r}")


def _open(data: bytes, kind: str) -> Image.Image:
    """Read the header.

    Raises:
        ImageError: If there is none, or its dimensions are absurd.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"absurd dimensions: {error}") from error
    except Exception as error:
        raise ImageError(f"damaged {kind}: its header makes no sense") from error
    width, height = image.size
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ImageError(f"absurd dimensions: {width} x {height} pixels, at most {MAX_PIXELS:,} are allowed")
    return image


def _check_png(data: bytes) -> None:
    """Walk the chunks to IEND and compare each CRC."""
    view, position, pixels = memoryview(data), len(_PNG_SIGNATURE), False
    while position + 12 <= len(data):
        length, name = struct.unpack(">I4s", view[position : position + 8])
        end = position + 12 + length
        if end > len(data):
            break
        (crc,) = struct.unpack(">I", view[end - 4 : end])
        if zlib.crc32(view[position + 4 : end - 4]) != crc:
            raise ImageError(
                f"damaged PNG: CRC error in chunk {name.decode('ascii', 'replace')!r} at byte {position:,}"
            )
        if name == b"IEND" and not pixels:
            raise ImageError("damaged PNG: it holds no pixels")
        if name == b"IEND":
            return
        pixels = pixels or name == b"IDAT"
        position = end
    raise ImageError(f"truncated PNG: the data ends at byte {len(data):,} without an IEND chunk")


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
