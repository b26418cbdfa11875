"""Are these bytes an image worth training on? And how an image looks on white paper."""

import io
import struct
import zlib
from typing import Final

from PIL import Image, ImageOps

from vton_hf.errors import ImageError

VERIFY_LEVELS: Final = ("structure", "decode", "none")
FORMATS: Final = ("PNG", "JPEG", "WEBP")
MAX_PIXELS: Final = 89_478_485
"""Pillow's own limit before it warns of a decompression bomb: a quarter of a GiB as RGB."""

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_END: Final = b"\xff\xd9"


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
    image = _open(data)
    if image.format == "PNG":
        _verify_png(data)
    elif image.format == "JPEG" and _JPEG_END not in data[-1024:]:
        # Cameras append data behind the end marker, but not a kilobyte of it.
        raise ImageError("truncated JPEG: no end-of-image marker")
    elif image.format == "WEBP" and len(data) < struct.unpack("<I", data[4:8])[0] + 8:
        raise ImageError(f"truncated WebP: {len(data):,} bytes, its header says more")
    if level == "decode":
        try:
            image.load()
        except Exception as error:
            raise ImageError(f"{image.format} does not decode: {error}") from error


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


def _open(data: bytes) -> Image.Image:
    """Read the header.

    Raises:
        ImageError: If it is not one of `FORMATS` or its dimensions are absurd.
    """
    if not data:
        raise ImageError("not an image: zero bytes")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"absurd dimensions: {error}") from error
    except Exception as error:
        raise ImageError(f"not a PNG, JPEG or WebP image: begins with {data[:12]!r}") from error
    width, height = image.size
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ImageError(f"absurd dimensions: {width} x {height} pixels, at most {MAX_PIXELS:,} are allowed")
    return image


def _verify_png(data: bytes) -> None:
    """Walk the chunks to IEND and compare each CRC."""
    view, position = memoryview(data), len(_PNG_SIGNATURE)
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
        if name == b"IEND":
            return
        position = end
    raise ImageError(f"truncated PNG: the data ends at byte {len(data):,} without an IEND chunk")
