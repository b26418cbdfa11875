"""Colour profiles by hand: of screens, of grey, of a printer."""

import struct
from itertools import product

D50 = (0.9642, 1.0, 0.8249)
Primaries = tuple[tuple[float, float, float], ...]

DISPLAY_P3: Primaries = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
SRGB: Primaries = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
ADOBE: Primaries = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def screen(primaries: Primaries, gamma: float | None = None) -> bytes:
    """RGB with that gamma, or with sRGB's curve."""
    tags = {f"{sign}XYZ": xyz(*colour) for sign, colour in zip("rgb", primaries, strict=True)}
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags | {f"{sign}TRC": _curve(gamma) for sign in "rgb"})


def grey(gamma: float | None = None) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {"kTRC": _curve(gamma)})


def printer() -> bytes:
    """CMYK, from a table of the sixteen full inks: yellowish paper, and inks that are not those of textbooks."""
    identity = bytes(range(256))
    lab = b"".join(
        bytes([round(250 * (1 - 0.3 * c - 0.4 * m - 0.05 * y) * (1 - 0.9 * k)), 128 - 40 * c + 60 * m, 140 - 50 * c + 90 * y])
        for c, m, y, k in product((0, 1), repeat=4)
    )  # fmt: skip
    matrix = struct.pack(">9i", *(65536 * (place % 4 == 0) for place in range(9)))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + identity * 4 + lab + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {"A2B0": table})


def xyz(*numbers: float) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _curve(gamma: float | None) -> bytes:
    if gamma is None:
        steps = [value / 1023 for value in range(1024)]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in steps]
        return b"curv" + struct.pack(">4xI1024H", 1024, *(round(65535 * value) for value in linear))
    return b"curv" + struct.pack(">4xIH", 1, round(gamma * 256))


def _profile(kind: bytes, space: bytes, between: bytes, tags: dict[str, bytes]) -> bytes:
    text = b"by hand\0"
    tags |= {"desc": b"desc" + struct.pack(">4xI", len(text)) + text + bytes(78), "wtpt": xyz(*D50)}
    tags |= {"cprt": b"text" + bytes(4) + text}
    table, body = struct.pack(">I", len(tags)), b""
    for sign, content in tags.items():
        table += sign.encode() + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(
        ">I4xI4s4s4s12x4s28x", 132 + 12 * len(tags) + len(body), 0x02100000, kind, space, between, b"acsp"
    )
    return (head + xyz(*D50)[8:]).ljust(128, b"\0") + table + body
