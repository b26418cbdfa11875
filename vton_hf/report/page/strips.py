"""The three images of a triplet as one small picture, side by side: what the page shows of it."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from vton_hf._core.concurrency import map_prefetched
from vton_hf.errors import ImageError
from vton_hf.images import decode
from vton_hf.report.contact_sheet import placeholder

SMALL: Final = 64
LARGE: Final = 384
"""Pixels that strips are high: of a thumbnail, and of an image."""

_QUALITY: Final = {SMALL: 60, LARGE: 75}
_WIDEST: Final = 2.0
"""Of a cell, times its height."""

_UNKNOWN: Final = 0.75
"""The same of an image that cannot be shown."""

_BEHIND: Final = (128, 128, 128)
_THREADS: Final = 2

Cell = bytes | Image.Image | None
"""An image file, a picture, or nothing that can be shown."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One picture.

    Attributes:
        data: A WebP file.
        shape: Its height, and the width of each image in it, in pixels.
    """

    data: bytes
    shape: tuple[int, ...]


def strip(images: Sequence[Cell], height: int) -> Strip:
    """Lay images out side by side.

    Args:
        images: Those of a triplet; what is none, or cannot be decoded, is a hatched box.
        height: In pixels, at most: `SMALL` or `LARGE`. Where all images are smaller, that of the largest.
    """
    pictures = [_picture(image) for image in images]
    tallest = min(height, max((picture.height for picture in pictures if picture), default=height))
    cells = [_cell(picture, tallest) for picture in pictures]
    whole = Image.new("RGB", (sum(cell.width for cell in cells), tallest))
    left = 0
    for cell in cells:
        whole.paste(cell, (left, 0))
        left += cell.width
    buffer = io.BytesIO()
    whole.save(buffer, "WEBP", quality=_QUALITY[height], method=2)
    return Strip(buffer.getvalue(), (tallest, *(cell.width for cell in cells)))


def strips(rows: Iterable[tuple[int, Sequence[Cell]]], height: int) -> Iterator[tuple[int, Strip]]:
    """The strip of each row, in order, made a few at a time."""
    for (row, _), made in map_prefetched(rows, lambda item: strip(item[1], height), depth=_THREADS):
        yield row, made


def _cell(picture: Image.Image | None, height: int) -> Image.Image:
    if picture is None:
        return placeholder((round(height * _UNKNOWN), height), "no picture")
    widest = round(height * _WIDEST)
    scale = min(height / picture.height, widest / picture.width)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    small = picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if size[1] == height:
        return small
    box = Image.new("RGB", (size[0], height), _BEHIND)
    box.paste(small, (0, (height - size[1]) // 2))
    return box


def _picture(image: Cell) -> Image.Image | None:
    if not isinstance(image, bytes):
        return image
    try:
        return decode(image)
    except ImageError:
        return None
