"""Colour profiles: whether an image carries one that is not sRGB, and its colours as sRGB."""

import io
import struct
import zlib
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from PIL import Image, ImageCms

from vton_hf.errors import ImageError
from vton_hf.images import jpeg, png
from vton_hf.images.icc import DISPLAY_P3
from vton_hf.images.jpeg import jpeg_profile
from vton_hf.images.texts import unpacked
from vton_hf.images.webp import webp_profile

_MODES: Final = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Colour spaces of a profile, and what Pillow calls them."""

_SHIFT: Final = 3
"""Of 255: a profile that moves no colour further is sRGB, whatever it is called. Writers round differently."""

_LARGEST: Final = 2**22
"""Bytes of a profile that is looked at; printers' have up to 3 MB."""

_GREY: Final = {0, 4}
"""Colour types of a PNG."""

_CICP_SRGB: Final = b"\1\x0d"
_CICP_DISPLAY_P3: Final = b"\x0c\x0d"
"""Primaries and transfer function, as ITU-T H.273 counts them."""


class Profile(NamedTuple):
    """A profile that is not sRGB.

    Attributes:
        name: What it calls itself.
        icc: The profile itself; None if it cannot be applied: damaged, or of another colour space than the image.
        mode: Of Pillow: what it applies to.
    """

    name: str
    icc: bytes | None
    mode: str


def profile_of(data: bytes) -> Profile | None:
    """The colour profile of an image; None if it carries none, or sRGB.

    Looked for in a PNG's cICP and iCCP, a JPEG's APP2 and a WebP's ICCP. What a PNG's gAMA and cHRM or EXIF's
    ColorSpace say is not looked at.

    Args:
        data: The whole object; nothing is found in what is no image.
    """
    try:
        icc, modes = _embedded(data)
    except (ImageError, IndexError, struct.error):
        return None
    profile = _judged(icc) if isinstance(icc, bytes) else icc
    if profile is None or profile.mode in modes:
        return profile
    return profile._replace(icc=None)


def to_srgb(image: Image.Image, profile: Profile) -> Image.Image:
    """The colours of an image as sRGB.

    Args:
        image: As it is stored, 8 bit, of any mode; it is not changed.
        profile: Its own, of a file of this kind.

    Returns:
        Mode RGB, or RGBA where the image is transparent anywhere.
    """
    clear = "A" in image.getbands() or "transparency" in image.info
    alpha = image.convert("RGBA").getchannel("A") if clear else None
    colours = image if image.mode == profile.mode else image.convert("RGBA").convert("RGB").convert(profile.mode)
    result = Image.new("RGB", image.size)
    _transform(profile.icc or b"", profile.mode).apply(colours, result)
    if alpha is not None:
        result.putalpha(alpha)
    return result


@lru_cache(maxsize=16)
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """From a profile to sRGB, as browsers do it: the perceptual intent where a profile has several."""
    own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(own, srgb, mode, "RGB", ImageCms.Intent.PERCEPTUAL)


@lru_cache(maxsize=64)
def _judged(icc: bytes) -> Profile | None:
    """What a profile is; None if it is sRGB. A bucket holds thousands of images and a handful of profiles."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile
        name = " ".join((own.profile_description or "without a name").split("\0")[0].split())
        mode = _MODES[own.xcolor_space.strip()]
        grid = _grid(mode)
        shifted = ImageCms.applyTransform(grid, _transform(icc, mode))
    except Exception:  # noqa: BLE001  # a damaged profile makes its parser raise anything
        return _DAMAGED
    if mode != "CMYK" and np.abs(np.asarray(shifted, int) - np.asarray(grid.convert("RGB"))).max() <= _SHIFT:
        return None
    return Profile(name, icc, mode)


def _grid(mode: str) -> Image.Image:
    """Colours from all over the space."""
    if mode != "RGB":
        return Image.frombytes("L", (256, 1), bytes(range(256))).convert(mode)
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(steps, steps, steps), axis=3).reshape(9, 81, 3))


_Found = bytes | Profile | None
_DAMAGED: Final = Profile("damaged", None, "RGB")


def _embedded(data: bytes) -> tuple[_Found, set[str]]:
    """The profile, and the modes of Pillow that one for this file may apply to."""
    if data.startswith(png.SIGNATURE):
        return _of_png(data), {"RGB", "L"} if png.header(data).colour in _GREY else {"RGB"}
    if data.startswith(jpeg.START):
        icc, channels = jpeg_profile(data)
        return icc, {1: {"RGB", "L"}, 4: {"CMYK"}}.get(channels, {"RGB"})
    return webp_profile(data), {"RGB"}


def _of_png(data: bytes) -> _Found:
    icc: _Found = None
    for name, _, content in png.chunks(data):
        if name == b"cICP":
            return _of_code_points(bytes(content[:2]))
        if name == b"iCCP":
            try:
                icc = unpacked(content[bytes(content[:80]).find(b"\0") + 2 :], _LARGEST)
            except zlib.error:
                icc = _DAMAGED
        if name == b"IDAT":
            break
    return icc


def _of_code_points(points: bytes) -> Profile | None:
    if points == _CICP_SRGB:
        return None
    if points == _CICP_DISPLAY_P3:
        return Profile("Display P3", DISPLAY_P3, "RGB")
    return Profile(f"code points {' '.join(map(str, points))} of H.273", None, "RGB")
