"""PNG from within: its chunks, whether they are whole, and whether their pixels are."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import imagecodecs

from vton_hf.errors import ImageError

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
TRUECOLOUR: Final = 2
_WITH_ALPHA: Final = 6
_SMALLEST: Final = 8 + 25 + 12 + 12
"""Bytes of a signature, a header, one chunk of pixels and the end."""

_ONE_PASS: Final = ((0, 0, 1, 1),)
_ADAM7: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of each pass of an interlaced PNG: first column, first row, columns apart, rows apart."""

_LAST_FILTER: Final = 4
_HARMLESS: Final = frozenset(b"IHDR PLTE IDAT IEND cHRM cICP gAMA iCCP sBIT sRGB bKGD hIST pHYs sPLT tIME".split())
"""Chunks that Pillow's pixels do not depend on; missing are eXIf, tRNS and those of animations."""

_TEXT: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_TURNING: Final = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
"""Texts in which Pillow looks for an orientation."""


class Header(NamedTuple):
    """What IHDR says."""

    width: int
    height: int
    depth: int  # bits of a channel: 1, 2, 4, 8 or 16
    colour: int  # 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
    interlaced: bool


def chunks(data: bytes) -> Iterator[tuple[bytes, int, memoryview]]:
    """Name, position and content of each chunk, up to IEND or to where the data end."""
    view, position = memoryview(data), len(SIGNATURE)
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        if position + 12 + length > len(data):
            return
        yield name, position, view[position + 8 : position + 8 + length]
        if name == b"IEND":
            return
        position += 12 + length


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk with its length and CRC."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def header(data: bytes) -> Header:
    """What the first chunk says; the structure must have been checked."""
    width, height, depth, colour, _, _, interlace = struct.unpack_from(">IIBBBBB", data, len(SIGNATURE) + 8)
    return Header(width, height, depth, colour, interlace == 1)


def check_png(data: bytes) -> None:
    """Walk the chunks to IEND and compare each CRC.

    Raises:
        ImageError: If one is damaged or missing.
    """
    pixels, view = False, memoryview(data)
    for name, position, content in chunks(data):
        (crc,) = struct.unpack_from(">I", data, position + 8 + len(content))
        # A third of the time that zlib takes, for any buffer; name and content lie side by side.
        covered: Any = view[position + 4 : position + 8 + len(content)]  # some versions are typed for bytes alone
        if imagecodecs.deflate_crc32(covered) != crc:
            shown = name.decode("ascii", "replace")
            raise ImageError(f"damaged PNG: CRC error in chunk {shown!r} at byte {position:,}")
        if name == b"IEND" and not pixels:
            raise ImageError("damaged PNG: it holds no pixels")
        if name == b"IEND":
            return
        pixels = pixels or name == b"IDAT"
    raise ImageError(f"truncated PNG: the data ends at byte {len(data):,} without an IEND chunk")


def plain_header(data: bytes) -> Header | None:
    """The header of a PNG of 8-bit RGB or RGBA in which nothing beside the pixels has a say in how they look.

    Args:
        data: Anything.
    """
    if not data.startswith(SIGNATURE) or data[12:16] != b"IHDR" or len(data) < _SMALLEST:
        return None
    form = header(data)
    if form.depth != 8 or form.colour not in {TRUECOLOUR, _WITH_ALPHA}:  # noqa: PLR2004
        return None
    name = b""
    for name, _, content in chunks(data):
        if name not in _HARMLESS and (name not in _TEXT or bytes(content[:32]).startswith(_TURNING)):
            return None
    return form if name == b"IEND" else None


def check_scanlines(data: bytes) -> None:
    """Inflate the pixels, which takes most of the time that decoding takes, and count their rows.

    Raises:
        ImageError: If rows are missing or damaged.
    """
    form = header(data)
    rows = [(count, 1 + (wide * form.depth * _CHANNELS[form.colour] + 7) // 8) for wide, count in _passes(form)]
    whole = sum(count * length for count, length in rows)
    packed = b"".join(content for name, _, content in chunks(data) if name == b"IDAT")
    try:
        # One byte more than is needed takes in the checksum behind them.
        raw = zlib.decompressobj().decompress(packed, whole + 1)
    except zlib.error as error:
        raise ImageError(f"its pixels do not inflate ({error})") from error
    if len(raw) < whole:
        raise ImageError(f"its pixels end at byte {len(raw):,} of {whole:,}")
    start = 0
    for count, length in rows:
        end = start + count * length
        if count and max(raw[start:end:length]) > _LAST_FILTER:
            raise ImageError("a row of its pixels has a filter that does not exist")
        start = end


def _passes(form: Header) -> Iterator[tuple[int, int]]:
    """Width and height of each pass that holds pixels."""
    for left, top, across, down in _ADAM7 if form.interlaced else _ONE_PASS:
        wide, count = -(-(form.width - left) // across), -(-(form.height - top) // down)
        if wide > 0 and count > 0:
            yield wide, count
