"""What a level of checking refuses, every stricter one and every decoder refuses as well; a bomb is never unpacked."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.bucket import Bucket, encoded
from tests.images.pngs import Form, chunk, png_of, rows_of
from vton_hf.errors import ImageError
from vton_hf.images import decode, decode_array, verify
from vton_hf.images.spec import ImageSpec

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 24, 3), np.uint8))

READERS: dict[str, Callable[[bytes], Any]] = {
    "structure": verify,
    "decode level": lambda data: verify(data, "decode"),
    "decode": decode,
    "decode_array": decode_array,
    "to sRGB": lambda data: decode(data, to_srgb=True),
}


def refusals(data: bytes) -> dict[str, str]:
    """Who refuses it, and why."""
    said = {}
    for name, read in READERS.items():
        try:
            read(data)
        except ImageError as error:
            said[name] = str(error)
    return said


def large_png(form: Form) -> bytes:
    """A sound one of zeros, packed a row at a time."""
    packer = zlib.compressobj(1)
    zipped = b"".join(packer.compress(bytes(1 + row)) for row in rows_of(form))
    return png_of(form, zipped + packer.flush())


def jpeg_of(width: int, height: int) -> bytes:
    """A small one that claims another size."""
    data = bytearray(encoded(PICTURE, "JPEG"))
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_of(size: int, **options: Any) -> bytes:
    """A small one that claims to be a square of that size, in whichever header it has."""
    data = bytearray(encoded(PICTURE, "WEBP", **options))
    if data[12:16] == b"VP8X":
        data[24:30] = 2 * (size - 1).to_bytes(3, "little")
    elif data[12:16] == b"VP8L":
        data[21:25] = ((size - 1) | (size - 1) << 14).to_bytes(4, "little")
    else:
        data[26:30] = 2 * size.to_bytes(2, "little")
    return bytes(data)


BOMBS = {
    "png": lambda: large_png(Form(9_500, 9_500)),
    "rgba png": lambda: large_png(Form(9_500, 9_500, colour=6)),
    "interlaced png": lambda: png_of(Form(20_000, 20_000, interlace=1), zlib.compress(bytes(9))),
    "1 bit png": lambda: large_png(Form(40_000, 40_000, 1, 0)),
    "16 bit png": lambda: png_of(Form(10_000, 10_000, 16, 2), zlib.compress(bytes(9))),
    "palette png": lambda: png_of(Form(10_000, 10_000, 8, 3), b"", before=chunk(b"PLTE", bytes(9))),
    "jpeg": lambda: jpeg_of(60_000, 60_000),
    "progressive jpeg": lambda: jpeg_of(60_000, 60_000).replace(b"\xff\xc0", b"\xff\xc2"),
    "webp": lambda: webp_of(16_000),
    "lossless webp": lambda: webp_of(16_000, lossless=True),
    "animated webp": lambda: webp_of(2**24, save_all=True, append_images=[PICTURE.rotate(90)]),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_by_everyone_before_memory_is_set_aside(bomb: str) -> None:
    data = BOMBS[bomb]()
    tracemalloc.start()
    said = refusals(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert set(said) == set(READERS)
    assert all(reason.startswith("absurd dimensions: ") for reason in said.values()), said
    assert peak < 20_000_000 + 5 * len(data)


@pytest.mark.parametrize("image_spec", [ImageSpec(), ImageSpec((8, 6)), ImageSpec(to_srgb=True)], ids=str)
def test_no_way_of_storing_an_image_decodes_a_bomb(image_spec: ImageSpec) -> None:
    bodies = {
        "initial_image": encoded(PICTURE),
        "cloth_image": jpeg_of(60_000, 60_000),
        "try_on_image": encoded(PICTURE),
    }
    made = image_spec.apply(bodies, "decode").images
    assert str(made["cloth_image"]).startswith("absurd dimensions: ")
    assert isinstance(made["initial_image"], bytes)


@pytest.mark.parametrize("image_spec", [ImageSpec(), ImageSpec((8, 6)), ImageSpec(to_srgb=True)], ids=str)
def test_every_way_of_storing_an_image_checks_as_thoroughly_as_it_is_told(image_spec: ImageSpec) -> None:
    zipped = bytearray(zlib.compress(bytes(4 * 13)))
    zipped[-1] ^= 1
    body = png_of(Form(4, 4), bytes(zipped))
    assert isinstance(image_spec.apply({"cloth_image": body}, "structure").images["cloth_image"], bytes)
    refused = image_spec.apply({"cloth_image": body}, "decode").images["cloth_image"]
    assert str(refused).startswith("PNG does not decode: ")


def test_a_bomb_in_a_bucket_reaches_nobody(bucket: Bucket, load: Any) -> None:
    keys = bucket.add_triplet("easy", "male", "000")
    bucket.add_triplet("easy", "male", "001")
    bucket.put(keys["cloth_image"], png_of(Form(20_000, 20_000), b""))
    uris = load("easy", embed_images=False)
    with pytest.raises(ImageError, match="absurd dimensions: 20000 x 20000 pixels"):
        uris.filter(lambda key: key.endswith("000"), input_columns="key")[0]
    assert [row["key"] for row in load("easy", streaming=True)] == ["easy/male/001"] * 2


@pytest.mark.parametrize("name", [b"tEXt", b"pHYs", b"gAMA", b"tIME", b"IDAT", b"IEND", b"eXIf", b"vpAg"])
@pytest.mark.parametrize("colour", [2, 6, 0])
def test_a_wrong_checksum_anywhere_is_refused_by_everyone(name: bytes, colour: int) -> None:
    form = Form(4, 3, colour=colour)
    zipped = zlib.compress(bytes(sum(1 + row for row in rows_of(form))))
    content = {b"pHYs": bytes(9), b"gAMA": bytes(4), b"tIME": bytes(7)}.get(name, b"note\0text")
    data = bytearray(png_of(form, zipped, before=b"" if name in {b"IDAT", b"IEND"} else chunk(name, content)))
    assert name == b"eXIf" or not refusals(bytes(data))
    place = data.index(name)
    length = int.from_bytes(data[place - 4 : place], "big")
    data[place + 4 + length] ^= 1
    assert set(refusals(bytes(data))) == set(READERS)


SOUND = {
    "png": encoded(PICTURE),
    "rgba": encoded(PICTURE.convert("RGBA")),
    "palette": encoded(PICTURE.quantize(16)),
    "jpeg": encoded(PICTURE, "JPEG"),
    "webp": encoded(PICTURE, "WEBP"),
    "animated webp": encoded(PICTURE, "WEBP", save_all=True, append_images=[PICTURE.rotate(90)]),
}


@pytest.mark.parametrize("kind", SOUND)
def test_levels_nest_whatever_happens_to_a_file(kind: str) -> None:
    rng = np.random.default_rng(0)
    whole = SOUND[kind]
    for _ in range(150):
        data = bytearray(whole)
        for place in rng.integers(0, min(len(data), 400 if rng.random() < 0.5 else len(data)), rng.integers(1, 4)):
            data[place] ^= 1 << int(rng.integers(8))
        said = refusals(bytes(data[: len(data) if rng.random() < 0.8 else rng.integers(len(data))]))
        if "structure" in said:
            assert set(said) == set(READERS), said
        assert ("decode" in said) == ("decode_array" in said)
        if "decode" in said:
            assert "decode level" in said, said
