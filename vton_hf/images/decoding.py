"""Bytes to pixels: the one decoder, with a faster lane for the PNGs that buckets are full of."""

import io
from typing import Final, TypeAlias

import imagecodecs
import numpy as np
from kornia_rs.io import decode_image_png_u8
from numpy.typing import NDArray
from PIL import Image, ImageFile

from vton_hf.errors import ImageError
from vton_hf.images.paper import on_white
from vton_hf.images.png import TRUECOLOUR, check_scanlines, header, plain_header
from vton_hf.images.structure import MAX_PIXELS, check_structure

Pixels: TypeAlias = NDArray[np.uint8]

VERIFY_LEVELS: Final = ("structure", "decode", "none")


def verify(data: bytes, level: str = "structure") -> None:
    """Check the bytes of one image.

    Args:
        data: The whole object.
        level: `"structure"` checks format, dimensions, that nothing is cut off and, for PNG, every chunk's
            CRC, without decoding (0.4 ms for a PNG of 1 MB); `"decode"` decodes every pixel as well
            (12 ms); `"none"` checks nothing.

    Raises:
        ImageError: If the image cannot be used; the message says why.
    """
    if level == "structure":
        check_structure(data)
    elif level == "decode" and not _is_whole(data):
        _by_pillow(data)


def is_sound(data: bytes) -> bool:
    """Whether all pixels of one image can be had."""
    try:
        verify(data, "decode")
    except ImageError:
        return False
    return True


def decode(data: bytes) -> Image.Image:
    """The pixels of one image.

    Args:
        data: The whole object: a PNG, JPEG or WebP.

    Returns:
        Mode RGB, values 0 to 255, in memory, without metadata: turned as its EXIF says, transparency on white,
        16 bit reduced to the high 8, grey, palette and CMYK as RGB. Of an animation, the first picture. Colour
        profiles are not applied.

    Raises:
        ImageError: If the image cannot be used, whatever `ImageFile.LOAD_TRUNCATED_IMAGES` says of cut-off ones; the
            message says why.
    """
    pixels = _plain_pixels(data)
    return _by_pillow(data) if pixels is None else Image.fromarray(pixels)


def decode_array(data: bytes) -> Pixels:
    """The pixels of one image as an array; everything as `decode` has it.

    Returns:
        uint8 [H, W, 3].

    Raises:
        ImageError: As `decode`.
    """
    pixels = _plain_pixels(data)
    return np.array(_by_pillow(data)) if pixels is None else pixels


def _plain_pixels(data: bytes) -> Pixels | None:
    """The pixels of a plain PNG, equal to Pillow's; None if it is not plain or there is anything wrong with it.

    Milliseconds on one core for a photo as PNG of 768x1024 (1.1 MB) and of 512x512: this 8.3 and 3.3, libspng 14.1
    and 5.2, Pillow 13 35.8 and 14. It checks each CRC by itself, but not the checksum within the pixels' stream: what
    an encoder with broken memory wrote is found by `verify(data, "decode")` only.
    """
    form = plain_header(data)
    if form is None or form.width * form.height > MAX_PIXELS:
        return None
    mode = "rgb" if form.colour == TRUECOLOUR else "rgba"
    try:
        pixels = decode_image_png_u8(data, (form.height, form.width), mode)
    except Exception:  # noqa: BLE001  # Pillow's lane finds out what is wrong, and says so
        return None
    return pixels if mode == "rgb" else np.array(on_white(Image.fromarray(pixels)))


def _is_whole(data: bytes) -> bool:
    """Whether a plain PNG decodes with all its checksums; False also of any other image."""
    try:
        imagecodecs.spng_decode(data if plain_header(data) else b"")
    except Exception:  # noqa: BLE001  # Pillow's lane finds out what is wrong, and says so
        return False
    return True


def _by_pillow(data: bytes) -> Image.Image:
    kind = check_structure(data)
    try:
        if kind == "JPEG" and ImageFile.LOAD_TRUNCATED_IMAGES:
            imagecodecs.jpeg8_decode(data)  # while a training script has set that, Pillow is silent about damage
        stored = Image.open(io.BytesIO(data), formats=[kind])
        stored.load()
        if kind == "PNG":
            if _may_lack_rows(stored):
                check_scanlines(data)
            _scale_clear_colour(stored, header(data).depth)
        image = on_white(stored)
    except Exception as error:
        raise ImageError(f"{kind} does not decode: {error}") from error
    # A transform that looks for an orientation must not turn it again.
    image.info = {}
    return image


def _may_lack_rows(image: Image.Image) -> bool:
    """Whether Pillow may have been silent about damage: it leaves rows at 0 if a PNG's data end well behind a row."""
    if ImageFile.LOAD_TRUNCATED_IMAGES or image.info.get("interlace"):
        return True
    return not any(image.crop((0, image.height - 1, image.width, image.height)).tobytes())


def _scale_clear_colour(image: Image.Image, depth: int) -> None:
    """Say the transparent colour of a PNG in the 8 bits of its pixels; Pillow leaves it as it stands in the file."""
    clear = image.info.get("transparency")
    if isinstance(clear, tuple) and depth == 16:  # noqa: PLR2004
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    elif isinstance(clear, int) and image.mode == "L" and depth < 8:  # noqa: PLR2004
        image.info["transparency"] = clear * 255 // (2**depth - 1)
