"""Which format bytes are in; what is no image that can be read here is named, so that people know what to do."""

import re
from typing import Final

from vton_hf.errors import ImageError
from vton_hf.images import jpeg, png

_LOOKED_AT: Final = 4096
_CONVERT: Final = "convert it to PNG, JPEG or WebP"

_STARTS: Final = {
    b"\x89PNG": "a PNG whose line endings were changed by a transfer as text; copy it again as binary",
    b"\xef\xbf\xbdPNG": "a PNG that was written as text; copy it again as binary",
    b"GIF8": f"GIF; {_CONVERT}",
    b"II*\0": f"TIFF or a camera's raw file; {_CONVERT}",
    b"MM\0*": f"TIFF or a camera's raw file; {_CONVERT}",
    b"II+\0": f"TIFF; {_CONVERT}",
    b"MM\0+": f"TIFF; {_CONVERT}",
    b"8BPS": f"a Photoshop document; {_CONVERT}",
    b"\xff\x0a": f"JPEG XL; {_CONVERT}",
    b"\0\0\0\x0cJXL ": f"JPEG XL; {_CONVERT}",
    b"\0\0\0\x0cjP  ": f"JPEG 2000; {_CONVERT}",
    b"\xff\x4f\xff\x51": f"JPEG 2000; {_CONVERT}",
    b"\0\0\1\0": f"an icon (ICO); {_CONVERT}",
    b"DDS ": f"a texture (DDS); {_CONVERT}",
    b"v/1\1": f"OpenEXR; {_CONVERT}",
    b"%PDF": "a PDF document",
    b"\x93NUMPY": "a NumPy array",
    b"PK\3\4": "a zip archive",
    b"\x1f\x8b": "packed with gzip; unpack it",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it",
    b"version https://git-lfs": "a pointer of Git LFS; `git lfs pull` fetches the file itself",
}
"""How files begin, and what they then are."""

_BRANDS: Final = {
    b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"heis": "HEIC",
    b"hevc": "HEIC", b"hevx": "HEIC", b"hevm": "HEIC", b"hevs": "HEIC",
    b"avif": "AVIF", b"avis": "AVIF",
    b"mif1": "HEIF", b"msf1": "HEIF", b"crx ": "a camera's raw file (CR3)",
}  # fmt: skip
"""Of ISO media files, which are films otherwise."""

_PAGE: Final = re.compile(r"<(html|head|body|title|meta|script|h1|center)\b")
_PROLOGUE: Final = re.compile(r"(<\?.*?\?>|<!--.*?-->|<!doctype[^>]*>|\s)*", re.DOTALL)
_CODE: Final = re.compile(r"<error\b.*?<code>\s*(\w+)", re.DOTALL | re.IGNORECASE)
_JSON: Final = re.compile(r'\{\s*["}]|\[\s*["{\[\]\d]')


def format_of(data: bytes) -> str:
    """Which format the bytes say they are, in Pillow's words: `"PNG"`, `"JPEG"` or `"WEBP"`.

    Raises:
        ImageError: If they say something else; the message names it.
    """
    if not data:
        raise ImageError("not an image: zero bytes")
    if data.startswith(png.SIGNATURE):
        return "PNG"
    if data.startswith(jpeg.START):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    name = _named(data[:_LOOKED_AT])
    known = f", which is {name}" if name else ""
    raise ImageError(f"not a PNG, JPEG or WebP image: begins with {data[:12]!r}{known}")


def _named(head: bytes) -> str | None:
    for start, name in _STARTS.items():
        if head.startswith(start):
            return name
    if head[4:8] == b"ftyp":
        return _media(head)
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return f"BMP; {_CONVERT}"
    if not head.strip(b"\0"):
        return "nothing but zeros; write it again"
    return _text(head)


def _media(head: bytes) -> str:
    """Of an ISO media file: the major brand says what it is, or those that it is compatible with."""
    length = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[offset : offset + 4] for offset in range(16, min(length, len(head)), 4))]
    # "mif1" is a container for any codec: a brand that names one says more.
    names = sorted((_BRANDS[brand] for brand in brands if brand in _BRANDS), key="HEIF".__eq__)
    return f"{names[0]}; {_CONVERT}" if names else "an MP4 or QuickTime film"


def _text(head: bytes) -> str | None:
    """What kind of text it is; None if it is none."""
    coding = "utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    # What is looked at may end within a character.
    text = head.decode(coding, "replace").removesuffix("\N{REPLACEMENT CHARACTER}")
    if any(not (mark.isprintable() or mark.isspace()) or mark == "\N{REPLACEMENT CHARACTER}" for mark in text):
        return None
    lower = text.lower()
    body = lower[_PROLOGUE.match(lower).end() :]  # type: ignore[union-attr]  # it matches nothing as well
    if body.startswith("<svg"):
        return f"SVG; {_CONVERT}"
    if "<!doctype html" in lower or (body.startswith("<") and _PAGE.search(body)):
        return "an HTML page, not an image: what a proxy or a login answers with"
    if body.startswith("<"):
        code = _CODE.search(text)
        return "an XML document, not an image" + (f": the store's error {code[1]}" if code else "")
    return "JSON, not an image" if _JSON.match(body) else "text, not an image"
