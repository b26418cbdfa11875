"""WebP from within: its chunks, and whether the data are all there."""

from collections.abc import Iterator
from typing import Final

from vton_hf.errors import ImageError

_14_BITS: Final = 0x3FFF


def webp_shape(data: bytes) -> tuple[int, int]:
    """Width and height of the canvas; 0 if there is no header that says it.

    Raises:
        ImageError: If the data are shorter than their header says.
    """
    size = int.from_bytes(data[4:8], "little") + 8
    if len(data) < size:
        raise ImageError(f"truncated WebP: the data ends at byte {len(data):,} of {size:,}")
    first = data[12:16]
    if first == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if first == b"VP8L":
        both = int.from_bytes(data[21:25], "little")
        return 1 + (both & _14_BITS), 1 + (both >> 14 & _14_BITS)
    if first == b"VP8 ":
        return int.from_bytes(data[26:28], "little") & _14_BITS, int.from_bytes(data[28:30], "little") & _14_BITS
    return 0, 0


def webp_profile(data: bytes) -> bytes | None:
    """The colour profile, None if there is none."""
    return next((content for name, content in _chunks(data) if name == b"ICCP"), None)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position + 8 <= len(data):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        yield data[position : position + 4], data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
