"""Decodes PNG, JPEG and WebP to 8-bit RGB; plain PNGs through a faster library."""

import io
from typing import TypeAlias

import imagecodecs
import numpy as np
from kornia_rs.io import decode_image_png_u8
from numpy.typing import NDArray
from PIL import Image, ImageFile

from vton_hf.errors import ImageError
from vton_hf.images.png import TRUECOLOUR, check_scanlines, header, plain_header
from vton_hf.images.profiles import Profile, profile_of
from vton_hf.images.profiles import to_srgb as convert
from vton_hf.images.structure import Sound, check_structure
from vton_hf.images.to_rgb import in_eight_bits, on_paper, to_rgb, upright

Pixels: TypeAlias = NDArray[np.uint8]


def verify(data: bytes, level: str = "structure") -> bytes:
    """Check the bytes of one image.

    Args:
        data: The whole object.
        level: `"structure"` checks format, dimensions, that nothing is cut off and, for PNG, every chunk's
            CRC, without decoding (0.1 ms for a PNG of 1 MB); `"decode"` checks the same and decodes every pixel
            (14 ms); `"none"` checks nothing.

    Returns:
        The bytes to keep: `data`, or of a PNG that Pillow would refuse for a text or profile of more than 1 MiB the
        same pixels without it.

    Raises:
        ImageError: If the image cannot be used; the message says why.
    """
    if level == "none":
        return data
    sound = check_structure(data)
    if level == "decode" and not _is_whole(sound.data):
        _by_pillow(sound)
    return sound.data


def is_sound(data: bytes) -> bool:
    """Whether all pixels of one image can be had."""
    try:
        verify(data, "decode")
    except ImageError:
        return False
    return True


def decode(data: bytes, *, to_srgb: bool = False) -> Image.Image:
    """The pixels of one image.

    Args:
        data: The whole object: a PNG, JPEG or WebP.
        to_srgb: Convert the colours of an image that carries another colour profile; otherwise profiles are ignored.

    Returns:
        Mode RGB, values 0 to 255, in memory, without metadata: turned as its EXIF says, transparency on white,
        16 bit reduced to the high 8, grey, palette and CMYK as RGB. Of an animation, the first picture.

    Raises:
        ImageError: If the image cannot be used: all that `verify` refuses at `"structure"`, and pixels that do not
            decode, whatever `ImageFile.LOAD_TRUNCATED_IMAGES` says of cut-off ones; the message says why.
    """
    picture = _decoded(data, to_srgb=to_srgb)
    return picture if isinstance(picture, Image.Image) else Image.fromarray(picture)


def decode_array(data: bytes, *, to_srgb: bool = False) -> Pixels:
    """The pixels of one image as an array; everything as `decode` has it.

    Returns:
        uint8 [H, W, 3].

    Raises:
        ImageError: As `decode`.
    """
    picture = _decoded(data, to_srgb=to_srgb)
    return np.array(picture) if isinstance(picture, Image.Image) else picture


def _decoded(data: bytes, *, to_srgb: bool) -> Image.Image | Pixels:
    """The pixels, from whichever decoder is the fastest that can."""
    sound = check_structure(data)
    profile = profile_of(data) if to_srgb else None
    if profile is not None and profile.icc is not None:
        return _by_pillow(sound, profile)
    pixels = _plain_pixels(sound.data)
    return _by_pillow(sound) if pixels is None else pixels


def _plain_pixels(data: bytes) -> Pixels | None:
    """The pixels of a plain PNG, equal to Pillow's; None if it is not plain or there is anything wrong with it.

    Milliseconds on one core for a photo as PNG of 768x1024 (1.1 MB) and of 512x512: this 8.3 and 3.3, libspng 14.1
    and 5.2, Pillow 13 35.8 and 14. It does not check the checksum within the pixels' stream: what an encoder with
    broken memory wrote is found by `verify(data, "decode")` only.
    """
    form = plain_header(data)
    if form is None:
        return None
    mode = "rgb" if form.colour == TRUECOLOUR else "rgba"
    try:
        pixels = decode_image_png_u8(data, (form.height, form.width), mode)
    except Exception:  # noqa: BLE001  # Pillow finds out what is wrong, and says so
        return None
    return pixels if mode == "rgb" else np.array(to_rgb(Image.fromarray(pixels)))


def _is_whole(data: bytes) -> bool:
    """Whether a plain PNG decodes with all its checksums; False also of any other image."""
    try:
        imagecodecs.spng_decode(data if plain_header(data) else b"")
    except Exception:  # noqa: BLE001  # Pillow finds out what is wrong, and says so
        return False
    return True


def _by_pillow(sound: Sound, profile: Profile | None = None) -> Image.Image:
    kind, data = sound
    try:
        if kind == "JPEG" and ImageFile.LOAD_TRUNCATED_IMAGES:
            imagecodecs.jpeg8_decode(data)  # while a training script has set that, Pillow is silent about damage
        image: Image.Image = _opened(sound)
        image.load()
        if kind == "PNG":
            if _may_lack_rows(image):
                check_scanlines(data)
            image = _with_clear_colour(image, sound)
        image = in_eight_bits(upright(image))
        image = on_paper(image if profile is None else convert(image, profile))
    except Exception as error:
        raise ImageError(f"{kind} does not decode: {error}") from error
    # A transform that looks for an orientation must not turn it again.
    image.info = {}
    return image


def _opened(sound: Sound) -> ImageFile.ImageFile:
    return Image.open(io.BytesIO(sound.data), formats=[sound.kind])


def _may_lack_rows(image: Image.Image) -> bool:
    """Whether Pillow may have been silent about damage: it leaves rows at 0 if a PNG's data end well behind a row."""
    if ImageFile.LOAD_TRUNCATED_IMAGES or image.info.get("interlace"):
        return True
    return not any(image.crop((0, image.height - 1, image.width, image.height)).tobytes())


def _with_clear_colour(image: Image.Image, sound: Sound) -> Image.Image:
    """A PNG with its transparent colour in the 8 bits of its pixels; Pillow leaves it as it stands in the file."""
    clear, depth = image.info.get("transparency"), header(sound.data).depth
    if isinstance(clear, tuple) and depth == 16:  # noqa: PLR2004
        return _cleared(image, sound, clear)
    if isinstance(clear, tuple):
        image.info["transparency"] = tuple(value & 255 for value in clear)
    elif isinstance(clear, int) and image.mode in {"1", "L"}:
        # Of the 16 bits in the file only as many count as a pixel has.
        most = 2**depth - 1
        image.info["transparency"] = (clear & most) * 255 // most
    return image


def _cleared(image: Image.Image, sound: Sound, clear: tuple[int, ...]) -> Image.Image:
    """RGB of 16 bits, of which Pillow keeps the high 8, as RGBA: clear is what has the colour in all 16."""
    low = _opened(sound)
    # The same pixels read from the other end: of each value its low byte.
    low.tile = [tile._replace(args="RGB;16L") for tile in low.tile]
    low.load()
    pixels = np.asarray(image).astype(np.uint16) << 8 | np.asarray(low)
    alpha = np.where((pixels == np.array(clear)).all(axis=2), 0, 255).astype(np.uint8)
    picture = image.copy()
    del picture.info["transparency"]
    picture.putalpha(Image.fromarray(alpha))
    return picture
