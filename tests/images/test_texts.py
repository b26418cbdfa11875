"""Texts and profiles that are too long for Pillow spoil no PNG, and those that unpack to gigabytes cost no memory."""

import tracemalloc
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.bucket import Bucket, encoded
from tests.images.pngs import Form, chunk, png_of
from vton_hf.errors import ImageError
from vton_hf.images import decode, verify

MIB = 2**20
STORED = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
EXIF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def png_with(*, before: bytes = b"", after: bytes = b"") -> bytes:
    zipped = zlib.compress(b"".join(b"\0" + row.tobytes() for row in STORED))
    return png_of(Form(3, 2), zipped, before, after)


@cache
def zipped_text(size: int, start: bytes = b"", keyword: bytes = b"workflow") -> bytes:
    return chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(start + bytes(size), 9))


LONG: dict[str, Callable[[], bytes]] = {
    "zTXt": lambda: zipped_text(2 * MIB),
    "zTXt of just what Pillow reads": lambda: zipped_text(MIB),
    "iTXt": lambda: chunk(b"iTXt", b"prompt\0\1\0en\0k\0" + zlib.compress(b"{}" * MIB)),
    "XMP": lambda: chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<x/>" * MIB)),
    "plain XMP": lambda: chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<x/>" * MIB),
    "iCCP": lambda: chunk(b"iCCP", b"wide\0\0" + zlib.compress(np.random.default_rng(0).bytes(MIB + 9), 1)),
    "garbage behind the first MiB": lambda: chunk(
        b"zTXt", b"log\0\0" + zlib.compress(bytes(3 * MIB), 0)[: 2 * MIB] + bytes(99)
    ),
    "several": lambda: 40 * zipped_text(MIB + 1),
}


@pytest.mark.parametrize("note", LONG)
@pytest.mark.parametrize("behind", [False, True], ids=["before the pixels", "behind the pixels"])
def test_a_long_text_spoils_nothing(note: str, behind: bool) -> None:
    data = png_with(**{"after" if behind else "before": LONG[note]()})
    np.testing.assert_array_equal(np.asarray(decode(data)), STORED)
    for level in ("structure", "decode"):
        kept = verify(data, level)
        np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(kept))), STORED)
    assert verify(data, "none") is data


def test_what_pillow_reads_is_kept_as_it_is() -> None:
    for note in (b"", zipped_text(MIB - 1), LONG["plain XMP"](), chunk(b"tEXt", b"a\0" + bytes(3 * MIB))):
        data = png_with(before=note)
        assert verify(data) is data
        Image.open(BytesIO(data)).load()


def test_all_but_the_long_text_is_kept() -> None:
    note = chunk(b"tEXt", b"prompt\0a dress") + chunk(b"pHYs", bytes(9)) + chunk(b"tRNS", bytes(range(6)))
    assert verify(png_with(before=LONG["zTXt"]() + note, after=LONG["iTXt"]())) == png_with(before=note)


@pytest.mark.parametrize(
    "note",
    [
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP + b" " * 2 * MIB)),
        zipped_text(0, b"\nexif\n      32\n" + (EXIF + bytes(MIB)).hex().encode(), b"Raw profile type exif"),
    ],
    ids=["XMP", "EXIF"],
)
def test_an_orientation_in_a_long_text_still_turns_the_picture(note: bytes) -> None:
    data = png_with(after=note)
    np.testing.assert_array_equal(np.asarray(decode(data)), np.rot90(STORED, -1))
    kept = Image.open(BytesIO(verify(data)))
    assert kept.getexif()[0x0112] == 6


def test_exif_is_believed_before_a_long_text() -> None:
    upright = chunk(b"eXIf", EXIF.replace(b"\0\1\0\6", b"\0\1\0\1"))
    long = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP + b" " * 2 * MIB))
    np.testing.assert_array_equal(np.asarray(decode(png_with(before=upright + long))), STORED)


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: zipped_text(300 * MIB),
        lambda: chunk(b"iCCP", b"wide\0\0" + zlib.compress(bytes(100 * MIB), 9)),
        lambda: chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(100 * MIB), 9)),
        lambda: 70 * zipped_text(MIB),
        lambda: chunk(b"tEXt", b"note\0" + bytes(70 * MIB)),
    ],
    ids=["text", "profile", "XMP", "many texts", "plain text"],
)
@pytest.mark.parametrize(
    "read", [verify, lambda data: verify(data, "decode"), decode], ids=["structure", "all", "decode"]
)
def test_a_bomb_of_texts_is_refused_by_everyone_and_costs_no_memory(bomb: Callable[[], bytes], read: Any) -> None:
    data = png_with(before=bomb())
    tracemalloc.start()
    with pytest.raises(ImageError, match=r"^absurd texts: they unpack to more than 64 MiB"):
        read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * MIB + len(data)


def test_other_formats_may_carry_what_they_like() -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 24, 3), np.uint8))
    profile = np.random.default_rng(0).bytes(3 * MIB)
    for data in (
        encoded(picture, "JPEG", icc_profile=profile),
        encoded(picture, "WEBP", icc_profile=profile, xmp=bytes(3 * MIB)),
    ):
        assert verify(data, "decode") is data
        assert decode(data).size == (24, 32)


def test_a_build_keeps_such_an_image_and_anybody_reads_it(bucket: Bucket, load: Any) -> None:
    keys = bucket.add_triplet("easy", "male", "000")
    bucket.put(keys["try_on_image"], png_with(before=LONG["zTXt"](), after=LONG["XMP"]()))
    stored = load("easy")
    assert len(stored) == 1
    for rows in (stored, load("easy", streaming=True), load("easy", embed_images=False)):
        np.testing.assert_array_equal(np.asarray(next(iter(rows))["try_on_image"]), STORED)
