"""What a file says of itself before its pixels are looked at, and what is wrong with one that cannot be used."""

import io
from typing import Any, Final

import numpy as np
from PIL import Image
from xxhash import xxh3_128_digest

from vton_hf.errors import ImageError
from vton_hf.images import jpeg, png
from vton_hf.images.decoding import verify
from vton_hf.images.profiles import profile_of
from vton_hf.images.recognition import format_of
from vton_hf.images.to_rgb import orientation

TRUNCATED: Final = "truncated"
NOT_AN_IMAGE: Final = "not-an-image"
UNREADABLE: Final = "unreadable"

_CUT_OFF: Final = ("truncated", "pixels end at", "premature end", "not enough", "unexpected end")
"""How this package and the decoders say that a file ends too early."""

_SHOWS: Final = 16
"""Levels of 255 by which colours below transparent pixels differ where a picture is hidden there."""


def fault_of(error: ImageError) -> str:
    """Which kind of fault an image has: one of the constants above."""
    text = str(error)
    if text.startswith("not a"):
        return NOT_AN_IMAGE
    return TRUNCATED if any(words in text.lower() for words in _CUT_OFF) else UNREADABLE


def file_facts(data: bytes) -> dict[str, Any]:
    """Read what a sound file says of itself.

    Args:
        data: The whole object, which `verify` has found sound.

    Returns:
        The columns of the statistics table (`cache/statistics/schema.py`) that follow from the file, without pixels:
        `width` and `height` are those of the upright picture.

    Raises:
        ImageError: If it is not sound after all.
    """
    kind = format_of(data)
    plain = png.plain_header(data) if kind == "PNG" else None
    shown = _plain(plain) if plain else _as_opened(data if kind != "PNG" else verify(data), kind)
    profile = profile_of(data)
    return {
        **shown,
        "content": xxh3_128_digest(data),
        "format": kind,
        "profile": None if profile is None else profile.name,
        "trailing": _trailing(data, kind),
    }


def _plain(form: png.Header) -> dict[str, Any]:
    """What there is to know of a PNG of 8-bit RGB or RGBA in which nothing else has a say in how it looks."""
    alpha = form.colour != png.TRUECOLOUR
    mode = "RGBA" if alpha else "RGB"
    facts = {"mode": mode, "bits": form.depth, "frames": 1, "alpha": alpha, "orientation": 1}
    return {"width": form.width, "height": form.height, **facts}


def _as_opened(data: bytes, kind: str) -> dict[str, Any]:
    """What Pillow says; to look for an orientation it decodes all of a PNG."""
    with Image.open(io.BytesIO(data), formats=[kind]) as image:
        turn = orientation(image)
        wide, tall = image.size if turn < 5 else image.size[::-1]  # noqa: PLR2004 - those beyond swap the edges
        return {
            "width": wide,
            "height": tall,
            "mode": image.mode,
            "bits": png.header(data).depth if kind == "PNG" else 8,
            "frames": _frames(image),
            "alpha": "A" in image.getbands() or "transparency" in image.info,
            "orientation": turn,
        }


def hidden_share(data: bytes) -> float | None:
    """Of an image with transparency, the share of its pixels that are fully transparent and hide a picture.

    Loaders that drop the alpha channel show it: `convert("RGB")` does. None if Pillow cannot decode it.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("RGBA"))
    except Exception:  # noqa: BLE001  # a damaged file makes its decoder raise nearly anything
        return None
    clear = pixels[pixels[:, :, 3] == 0][:, :3].astype(np.int16)
    if not len(clear):
        return 0.0
    differs = np.abs(clear - np.median(clear, axis=0)).max(axis=1) > _SHOWS
    return float(differs.sum() / (pixels.shape[0] * pixels.shape[1]))


def _frames(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # noqa: BLE001  # the first picture is sound, whatever follows it
        return 1


def _trailing(data: bytes, kind: str) -> int:
    """Bytes behind the end of a sound image: a film that a phone appended, or what another program left."""
    if kind == "PNG":
        ends = [position + 12 + len(content) for _, position, content in png.chunks(data)]
        return len(data) - ends[-1]
    if kind == "JPEG":
        return len(data) - jpeg.end_of(data)
    size = int.from_bytes(data[4:8], "little") + 8
    return len(data) - size - size % 2 if len(data) > size + size % 2 else 0
