"""Long texts in a PNG: Pillow refuses a whole file for one, although no pixel depends on it."""

import re
import zlib
from collections.abc import Mapping
from typing import Final

from PIL import ExifTags, Image

from vton_hf.errors import ImageError
from vton_hf.images.png import SIGNATURE, chunk, chunks

LARGEST: Final = 2**20
"""Bytes of one unpacked text or profile that Pillow reads."""

ALL: Final = 64 * LARGEST
"""Of all of them together; what is more is a decompression bomb, whoever wrote it."""

_COUNTED: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP"})
_RATIO: Final = 1032
"""Deflate packs at most so many bytes into one."""

_EXIF: Final = b"Raw profile type exif"
_XMP: Final = b"XML:com.adobe.xmp"
_TURN: Final = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


def readable(data: bytes) -> bytes:
    """A PNG that Pillow reads: `data` itself, or without the texts and profiles that are too long for it.

    An orientation that such a text holds is kept, as EXIF.

    Args:
        data: A PNG whose chunks are whole.

    Raises:
        ImageError: If its texts unpack to more than `ALL`; no more than that is ever unpacked.
    """
    total, long = 0, dict[int, tuple[bytes, memoryview]]()
    for name, position, content in chunks(data):
        packed = _packed(name, content)
        size = len(content) if packed is None else _unpacked_size(packed, ALL - total)
        total += size if name in _COUNTED else 0
        if total > ALL:
            raise ImageError(f"absurd texts: they unpack to more than {ALL // 2**20} MiB")
        if packed is not None and size >= LARGEST:
            long[position] = bytes(content[:80]).partition(b"\0")[0], packed
    return _without(data, long) if long else data


def unpacked(packed: bytes | memoryview, limit: int) -> bytes:
    """What zlib packed.

    Raises:
        zlib.error: If it was not packed by zlib, or is longer than `limit`.
    """
    text = zlib.decompressobj().decompress(packed, limit + 1)
    if len(text) > limit:
        raise zlib.error(f"longer than {limit:,} bytes")
    return text


def _packed(name: bytes, content: memoryview) -> memoryview | None:
    """The packed part of a chunk, where it may unpack to more than Pillow reads."""
    if name not in {b"zTXt", b"iTXt", b"iCCP"} or len(content) * _RATIO <= LARGEST:
        return None
    start = bytes(content[:80]).find(b"\0") + 2
    if name != b"iTXt":
        return content[start:]
    if not content[start - 1]:
        return None
    # A language and a translated keyword stand in between.
    whole = bytes(content)
    return content[whole.find(b"\0", whole.find(b"\0", start + 1) + 1) + 1 :]


def _unpacked_size(packed: memoryview, limit: int) -> int:
    """How long it is unpacked, a piece at a time in memory; something above the limit if it is longer than that."""
    stream, size, rest = zlib.decompressobj(), 0, bytes(packed)
    try:
        while rest and size <= limit and not stream.eof:
            size += len(stream.decompress(rest, LARGEST))
            rest = stream.unconsumed_tail
    except zlib.error:
        pass  # Pillow passes over it, if it comes that far
    return size


def _without(data: bytes, long: Mapping[int, tuple[bytes, memoryview]]) -> bytes:
    """The PNG without some chunks; the orientation that one of them holds is kept, unless there is EXIF."""
    kept = [
        (name, data[offset : offset + 12 + len(content)])
        for name, offset, content in chunks(data)
        if offset not in long
    ]
    turn = next((orientation for keyword, packed in long.values() if (orientation := _turn(keyword, packed))), None)
    if turn and b"eXIf" not in dict(kept):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = turn
        # Behind IHDR, in front of the pixels.
        kept.insert(1, (b"eXIf", chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))))
    return b"".join([SIGNATURE, *(whole for _, whole in kept)])


def _turn(keyword: bytes, packed: memoryview) -> int | None:
    """The orientation in a text, from the places where Pillow looks for one."""
    if keyword == _XMP:
        match = _TURN.search(unpacked(packed, ALL))
        return int(match[1]) if match else None
    if keyword != _EXIF:
        return None
    try:
        exif = Image.Exif()
        exif.load(bytes.fromhex("".join(unpacked(packed, ALL).decode("latin-1").split("\n")[3:])))
        turn = exif.get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001  # garbage in a camera's notes does not spoil the pixels
        return None
    return turn if isinstance(turn, int) else None
