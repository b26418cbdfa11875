"""JPEG from within: its segments, and whether the end is there."""

import re
from collections.abc import Iterator
from typing import Final

from vton_hf.errors import ImageError

START: Final = b"\xff\xd8"

_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
"""Begins a segment; image data holds none, as it writes 255 as two bytes and has restarts of its own."""

_END: Final = 0xD9
_SCAN: Final = 0xDA
_PROFILE: Final = 0xE2
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the segments that say the dimensions."""

_ICC: Final = b"ICC_PROFILE\0"


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment up to the end marker; a phone may append a film, a header hold a preview.

    Raises:
        ImageError: If there is no end marker.
    """
    for marker, start, stop in _marked(data):
        if marker != _END:
            yield marker, data[start:stop]


def end_of(data: bytes) -> int:
    """Where the image ends: behind its end marker.

    Raises:
        ImageError: If there is none.
    """
    return [stop for _, _, stop in _marked(data)][-1]


def _marked(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Each marker up to the end marker, and where its content begins and ends."""
    position = len(START)
    while marker := _MARKER.search(data, position):
        if marker[1][0] == _END:
            yield _END, marker.end(), marker.end()
            return
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        yield marker[1][0], marker.end() + 2, position
    raise ImageError(f"truncated JPEG: the data ends at byte {len(data):,} without an end-of-image marker")


def jpeg_shape(data: bytes) -> tuple[int, int]:
    """Width and height, the largest that any frame names; the data are checked up to their end.

    Raises:
        ImageError: If there is no end marker.
    """
    # Read to the end, whatever comes first.
    frames = [content for marker, content in segments(data) if marker in _FRAMES]
    shapes = [(int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")) for frame in frames]
    return max(shapes, key=lambda shape: shape[0] * shape[1], default=(0, 0))


def jpeg_profile(data: bytes) -> tuple[bytes | None, int]:
    """The colour profile, None if there is none and empty if part of it is missing, and the number of channels."""
    parts, whole, channels = dict[int, bytes](), 0, 0
    for marker, content in segments(data):
        if marker == _SCAN:
            break
        if marker in _FRAMES:
            channels = content[5] if len(content) > 5 else 0  # noqa: PLR2004
        if marker == _PROFILE and content.startswith(_ICC):
            # Profiles are longer than segments: each part has its number, from 1, and says how many there are.
            number, whole = content[len(_ICC) : len(_ICC) + 2].ljust(2, b"\0")
            parts[number] = content[len(_ICC) + 2 :]
    if not parts:
        return None, channels
    return (b"".join(parts[number] for number in sorted(parts)) if len(parts) == whole else b""), channels
