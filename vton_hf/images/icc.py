"""A colour profile made of numbers, for files that name a colour space instead of carrying a profile."""

import struct
from typing import Final


def _profile(name: str, primaries: tuple[tuple[float, float, float], ...]) -> bytes:
    """An ICC profile of version 4: three primaries (XYZ under D50) and sRGB's tone curve."""
    text = name.encode("utf-16-be")
    curve = struct.pack(">4s4xHH", b"para", 3, 0) + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    described = struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(text), 28) + text
    tags = {b"desc": described, b"cprt": described, b"wtpt": _xyz(*_D50)}
    tags |= {sign + b"XYZ": _xyz(*colour) for sign, colour in zip((b"r", b"g", b"b"), primaries, strict=True)}
    tags |= {sign + b"TRC": curve for sign in (b"r", b"g", b"b")}
    body, table = b"", struct.pack(">I", len(tags))
    start = 128 + 4 + 12 * len(tags)
    for sign, content in tags.items():
        table += struct.pack(">4sII", sign, start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", start + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return (head + bytes(28) + _fixed(*_D50)).ljust(128, b"\0") + table + body


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _xyz(*numbers: float) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*numbers)


_D50: Final = (0.96420, 1.0, 0.82491)

DISPLAY_P3: Final = _profile(
    "Display P3", ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
)
"""What Apple's cameras and screens write."""
