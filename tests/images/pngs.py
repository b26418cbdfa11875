"""PNGs by hand, of any form and with any chunks."""

import struct
import zlib
from typing import NamedTuple

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


class Form(NamedTuple):
    """What IHDR says."""

    width: int
    height: int
    depth: int = 8
    colour: int = 2
    interlace: int = 0


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(form: Form, zipped: bytes, before: bytes = b"", after: bytes = b"", piece: int = 1 << 20) -> bytes:
    """A PNG by hand, its CRCs right: chunks before and after the image data, which are cut into pieces."""
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *form[:4], 0, 0, form.interlace)) + before
    pieces = [chunk(b"IDAT", zipped[place : place + piece]) for place in range(0, len(zipped), piece)]
    return start + b"".join(pieces or [chunk(b"IDAT", b"")]) + after + chunk(b"IEND", b"")


def rows_of(form: Form) -> list[int]:
    """The bytes of each row, without its filter, pass by pass."""
    rows = []
    for left, top, across, down in ADAM7 if form.interlace else ((0, 0, 1, 1),):
        wide, count = -(-(form.width - left) // across), -(-(form.height - top) // down)
        if wide > 0:
            rows += [(wide * form.depth * CHANNELS[form.colour] + 7) // 8] * max(0, count)
    return rows
