"""One decoder: 8-bit RGB on white, whatever the file; its fast lane shows Pillow's pixels, and damage is never shown."""

import re
import struct
import zlib
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFile, PngImagePlugin

from tests.bucket import encoded, png
from tests.images.pngs import Form, chunk, png_of, rows_of
from vton_hf.errors import ImageError
from vton_hf.images import decode, decoding, to_rgb, verify

PICTURE = Image.open(BytesIO(png("picture", (24, 32))))
TURNED = 6  # EXIF: a quarter to the left, as most phones store an upright picture


@st.composite
def scanlines(draw: st.DrawFn, form: Form) -> bytes:
    """Image data of that form: any bytes behind any filter."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    return b"".join(bytes([rng.integers(5)]) + rng.bytes(length) for length in rows_of(form))


def forms(*colours: tuple[int, int]) -> st.SearchStrategy[Form]:
    """Any size and interlacing, with one of these (colour, depth)."""
    edge = st.integers(1, 20)
    return st.builds(lambda w, h, kind, i: Form(w, h, kind[1], kind[0], i), edge, edge, st.sampled_from(colours), st.integers(0, 1))  # fmt: skip


def array(image: Image.Image) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] of what `decode` promises."""
    assert image.mode == "RGB"
    assert image.info == {}
    return np.asarray(image)


def by_pillow(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(to_rgb(Image.open(BytesIO(data))))


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by a word with each image that goes through the fast lane without complaint."""
    taken: list[str] = []
    real = decoding.decode_image_png_u8

    def decode_image_png_u8(*arguments: Any) -> Any:
        pixels = real(*arguments)
        taken.append("fast")
        return pixels

    monkeypatch.setattr(decoding, "decode_image_png_u8", decode_image_png_u8)
    return taken


@pytest.fixture(params=[False, True], ids=["strict", "LOAD_TRUNCATED_IMAGES"])
def leniency(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What training scripts set so that Pillow swallows damaged files."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", request.param)


XMP = '<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
NOTES = {
    "gAMA": chunk(b"gAMA", struct.pack(">I", 100_000)),
    "cHRM": chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
    "sRGB": chunk(b"sRGB", b"\0"),
    "iCCP": chunk(b"iCCP", b"odd profile\0\0" + zlib.compress(b"profile" * 9)),
    "cICP": chunk(b"cICP", b"\x01\x0d\0\x01"),
    "sBIT": chunk(b"sBIT", b"\5\5\5"),
    "bKGD": chunk(b"bKGD", b"\0\5\0\5\0\5"),
    "pHYs": chunk(b"pHYs", struct.pack(">IIB", 2835, 1, 1)),
    "tIME": chunk(b"tIME", struct.pack(">HBBBBB", 2024, 2, 30, 1, 2, 3)),
    "PLTE": chunk(b"PLTE", b"\1\2\3" * 7),
    "sPLT": chunk(b"sPLT", b"name\0\x08" + b"\1\2\3\4\0\1"),
    "tEXt": chunk(b"tEXt", b"parameters\0a photo of a person in a dress"),
    "zTXt": chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"{}" * 99)),
    "iTXt": chunk(b"iTXt", b"workflow\0\0\0\0\0" + "Prüfung".encode()),
}


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (1, 37), (41, 1), (24, 32), (5, 7), (301, 203)], ids=str)
def test_a_plain_png_takes_the_fast_lane_to_the_same_pixels(mode: str, size: tuple[int, int], fast: list[str]) -> None:
    picture = Image.frombytes(mode, size, np.random.default_rng(0).bytes(len(mode) * size[0] * size[1]))
    data = encoded(picture)
    np.testing.assert_array_equal(array(decode(data)), by_pillow(data))
    assert fast == ["fast"]


@pytest.mark.parametrize("note", NOTES.values(), ids=NOTES)
@pytest.mark.parametrize("colour", [2, 6])
def test_what_a_png_notes_beside_its_pixels_changes_none(note: bytes, colour: int, fast: list[str]) -> None:
    form = Form(5, 3, colour=colour)
    zipped = zlib.compress(b"".join(b"\0" + bytes(range(10, 10 + row)) for row in rows_of(form)))
    bare = array(decode(png_of(form, zipped)))
    for data in (png_of(form, zipped, before=note), png_of(form, zipped, after=note)):
        np.testing.assert_array_equal(array(decode(data)), bare)
        np.testing.assert_array_equal(by_pillow(data), bare)
    assert fast == ["fast"] * 3


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_the_fast_lane_shows_what_pillow_shows(data: st.DataObject) -> None:
    form = data.draw(forms((2, 8), (6, 8)))
    zipped = zlib.compress(data.draw(scanlines(form)), data.draw(st.integers(0, 9)))
    notes = st.lists(st.sampled_from(sorted(NOTES)), unique=True, max_size=4).map(lambda names: b"".join(NOTES[name] for name in names))  # fmt: skip
    whole = png_of(form, zipped, data.draw(notes), data.draw(notes), data.draw(st.sampled_from([1, 7, 64, 1 << 20])))
    np.testing.assert_array_equal(array(decode(whole)), by_pillow(whole))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_every_other_png_looks_as_libpng_shows_it(data: st.DataObject) -> None:
    form = data.draw(forms((0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16), (6, 16)))  # fmt: skip
    before = b""
    if form.colour == 3:
        before += chunk(b"PLTE", np.random.default_rng(form.width).bytes(3 * 2**form.depth))
    pixels = data.draw(scanlines(form))
    if form.colour in (0, 3) and data.draw(st.booleans()):
        # Of 16 bits a value that is there: the first row is not filtered when its first byte is 0.
        clear = data.draw(st.integers(0, 2**form.depth - 1)) if form.depth < 16 else int.from_bytes(pixels[1:3], "big")
        before += chunk(b"tRNS", struct.pack(">H", clear) if form.colour == 0 else bytes(range(clear)) or b"\0")
    elif form.colour == 2 and data.draw(st.booleans()):
        before += chunk(b"tRNS", pixels[1:7])
    whole = png_of(form, zlib.compress(pixels), before)
    np.testing.assert_allclose(array(decode(whole)).astype(int), by_libpng(whole), atol=1)


def by_libpng(data: bytes) -> NDArray[np.float64]:
    """The image on white, [H, W, 3] or [H, W, 1], values 0 to 255."""
    pixels = imagecodecs.png_decode(data)
    pixels = np.atleast_3d(pixels if pixels.dtype == np.uint8 else pixels >> 8).astype(float)
    colour, alpha = (pixels, 255.0) if pixels.shape[2] in (1, 3) else (pixels[..., :-1], pixels[..., -1:])
    return np.broadcast_to(255 + (colour - 255) * alpha / 255, (*pixels.shape[:2], 3))


@pytest.mark.parametrize(
    ("form", "row", "clear", "seen"),
    [
        (Form(4, 1, 1, 0), b"\xa0", b"\0\1", [255, 0, 255, 0]),
        (Form(4, 1, 2, 0), b"\x1b", b"\0\2", [0, 85, 255, 255]),
        (Form(2, 1, 4, 0), b"\x1b", b"\0\x0b", [17, 255]),
        (Form(2, 1, 8, 0), b"\x1b\x0b", b"\0\x0b", [27, 255]),
        (Form(2, 1, 16, 0), b"\x1b\x1b\x0b\x0c", b"\x0b\x0c", [27, 255]),
        (Form(2, 1, 16, 2), b"\x1b\1" * 3 + b"\x0b\1" * 3, b"\x0b\1" * 3, [27, 255]),
        (Form(4, 1, 1, 0), b"\xa0", b"\0\0", [255, 255, 255, 255]),
        (Form(4, 1, 2, 0), b"\x1b", b"\xff\2", [0, 85, 255, 255]),
        (Form(2, 1, 4, 0), b"\x1b", b"\1\x1b", [17, 255]),
        (Form(2, 1, 8, 0), b"\x1b\x0b", b"\1\x0b", [27, 255]),
        (Form(2, 1, 16, 0), b"\x0b\x0b\x0b\x0c", b"\x0b\x0c", [11, 255]),
        (Form(2, 1, 16, 0, 1), b"\x0b\x0b\0\x0b\x0c", b"\x0b\x0c", [11, 255]),
        (Form(2, 1, 16, 2), b"\x0b\1" * 3 + b"\x0b\2" * 3, b"\x0b\2" * 3, [11, 255]),
        (Form(2, 1, 16, 2), b"\x0b\1\x0b\1\x0b\2" + b"\x0b\2" * 3, b"\x0b\2" * 3, [11, 255]),
        (Form(2, 1, 16, 2, 1), b"\x0b\1" * 3 + b"\0" + b"\x0b\2" * 3, b"\x0b\2" * 3, [11, 255]),
        (Form(2, 1, 8, 2), b"\x1b" * 3 + b"\x0b" * 3, b"\1\x0b" * 3, [27, 255]),
        (Form(2, 1, 8, 2), b"\x1b" * 3 + b"\x0b" * 3, b"\0\x0b" * 3, [27, 255]),
        (Form(2, 1, 8, 2, 1), b"\x1b" * 3 + b"\0" + b"\x0b" * 3, b"\0\x0b" * 3, [27, 255]),
    ],
    ids=str,
)
@pytest.mark.parametrize("behind", [False, True], ids=["before the pixels", "behind the pixels"])
def test_the_clear_colour_of_a_png_is_white(
    form: Form, row: bytes, clear: bytes, seen: list[int], behind: bool
) -> None:
    note = chunk(b"tRNS", clear)
    data = png_of(form, zlib.compress(b"\0" + row), *((b"", note) if behind else (note,)))
    assert array(decode(data)).tolist() == [[[grey] * 3 for grey in seen]]


@pytest.mark.parametrize(
    "note",
    [
        chunk(b"eXIf", EXIF[6:]),
        chunk(b"tEXt", b"Raw profile type exif\0\nexif\n      32\n" + EXIF.hex().encode()),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n      32\n" + EXIF.hex().encode())),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP.encode()),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP.encode())),
    ],
    ids=["eXIf", "ImageMagick", "ImageMagick, zipped", "XMP", "XMP, zipped"],
)
@pytest.mark.parametrize("behind", [False, True], ids=["before the pixels", "behind the pixels"])
def test_a_png_is_turned_wherever_it_says_so(note: bytes, behind: bool) -> None:
    stored = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    zipped = zlib.compress(b"".join(b"\0" + row.tobytes() for row in stored))
    upright = array(decode(png_of(Form(3, 2), zipped, *((b"", note) if behind else (note,)))))
    np.testing.assert_array_equal(upright, np.rot90(stored, -1))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_a_turned_image_is_not_turned_again_by_what_comes_after(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = TURNED
    once = decode(encoded(PICTURE, kind, exif=exif.tobytes()))
    assert once.size == (32, 24)
    assert array(once).tolist() == array(decode(encoded(once))).tolist()
    assert once.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("garbage", [b"", b"MM", b"garbage", EXIF[6:-9], EXIF[6:18] + b"\xff" * 30], ids=repr)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.filterwarnings("ignore:(Corrupt|Possibly corrupt) EXIF data:UserWarning")
def test_a_camera_s_garbled_notes_do_not_spoil_the_pixels(kind: str, garbage: bytes) -> None:
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    data = encoded(PICTURE, kind, exif=b"Exif\0\0" + garbage, **options)
    np.testing.assert_array_equal(array(decode(data)), array(decode(encoded(PICTURE, kind, **options))))


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("1", 255, (255, 255, 255)),
        ("L", 7, (7, 7, 7)),
        ("LA", (100, 255), (100, 100, 100)),
        ("LA", (0, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("I;16", 257 * 100, (100, 100, 100)),
        ("I;16", 65535, (255, 255, 255)),
    ],
)
def test_a_file_of_any_mode_is_rgb_on_white(mode: str, colour: Any, seen: tuple[int, ...]) -> None:
    assert {tuple(pixel) for row in array(decode(encoded(Image.new(mode, (3, 2), colour)))) for pixel in row} == {seen}


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_of_any_mode_is_rgb(mode: str) -> None:
    grey = Image.new("RGB", (16, 16), (100, 100, 100)).convert(mode)
    assert np.abs(array(decode(encoded(grey, "JPEG"))).astype(int) - 100).max() < 8


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_shown(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    assert decode(data).getpixel((4, 4)) == (255, 0, 0)


KINDS = {
    "png": encoded(PICTURE),
    "rgba png": encoded(PICTURE.convert("RGBA")),
    "palette png": encoded(PICTURE.quantize(16)),
    "16 bit png": encoded(PICTURE.convert("L").convert("I;16")),
    "1 bit png": encoded(PICTURE.convert("L").convert("1")),
    "jpeg": encoded(PICTURE, "JPEG"),
    "progressive jpeg": encoded(PICTURE, "JPEG", progressive=True),
    "cmyk jpeg": encoded(PICTURE.convert("CMYK"), "JPEG"),
    "webp": encoded(PICTURE, "WEBP"),
    "lossless webp": encoded(PICTURE, "WEBP", lossless=True),
}
each_kind = pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)


@each_kind
@pytest.mark.usefixtures("leniency")
def test_a_file_that_is_cut_off_anywhere_is_refused(data: bytes) -> None:
    for length in {*range(60), *range(60, len(data), 31), *range(len(data) - 12, len(data))}:
        with pytest.raises(ImageError, match=r"^(truncated (PNG|JPEG|WebP): the data ends at byte|not an? )"):
            decode(data[:length])


@each_kind
@pytest.mark.usefixtures("leniency")
def test_whatever_happens_to_a_file_it_is_an_image_or_an_image_error(data: bytes) -> None:
    rng = np.random.default_rng(0)
    for place in range(0, len(data), 1 + len(data) // 500):
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        try:
            assert decode(bytes(damaged)).mode == "RGB"
        except ImageError as error:
            assert re.match(r"(truncated|damaged|absurd|not an?|\w+ does not decode:) ", str(error))  # noqa: PT017


@pytest.mark.parametrize("place", [*range(2, 40), *range(40, 700, 61)])
def test_damage_that_pillow_finds_in_a_jpeg_is_found_while_it_is_told_to_be_silent(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = bytearray(encoded(PICTURE, "JPEG"))
    damaged[place] ^= 0xFF
    refused = not decodes(bytes(damaged))
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert decodes(bytes(damaged)) is not refused


def decodes(data: bytes) -> bool:
    try:
        decode(data)
    except ImageError:
        return False
    return True


DAMAGED = [Form(24, 32), Form(24, 32, colour=6), Form(24, 32, interlace=1), Form(24, 32, 16, 2), Form(24, 32, 8, 0), Form(24, 32, 1, 0), Form(24, 32, 4, 0, 1)]  # fmt: skip
each_form = pytest.mark.parametrize("form", DAMAGED, ids=str)


def image_data(form: Form) -> bytes:
    rng = np.random.default_rng(1)
    return b"".join(b"\0" + rng.bytes(row) for row in rows_of(form))


@each_form
@pytest.mark.usefixtures("leniency")
def test_damage_behind_a_right_crc_is_found_by_checking_thoroughly(form: Form) -> None:
    zipped = zlib.compress(image_data(form))
    whole = array(decode(png_of(form, zipped))).tolist()
    for place in {*range(40), *range(40, len(zipped), 1 + len(zipped) // 150), *range(len(zipped) - 8, len(zipped))}:
        damaged = bytearray(zipped)
        damaged[place] ^= 1 << place % 8
        data = png_of(form, bytes(damaged))
        try:
            verify(data, "decode")
            shown = array(decode(data)).tolist()
        except ImageError as error:
            assert str(error).startswith("PNG does not decode: ")  # noqa: PT017
        else:
            assert shown == whole, "only the idle bits behind the last code may change"


@each_form
@pytest.mark.usefixtures("leniency")
def test_rows_that_are_missing_are_never_shown_as_black(form: Form) -> None:
    raw = image_data(form)
    rows = [1 + row for row in rows_of(form)]
    for length in (0, 1, sum(rows[:1]), sum(rows[: len(rows) // 2]), sum(rows[:-1]), len(raw) - 1):
        with pytest.raises(ImageError, match=r"^PNG does not decode: (its pixels end at byte|image file is trunc)"):
            decode(png_of(form, zlib.compress(raw[:length])))
    for end in (0, 1, 50, len(zlib.compress(raw)) - 60):
        with pytest.raises(ImageError, match=r"^PNG does not decode: "):
            decode(png_of(form, zlib.compress(raw)[:end]))
    assert decodes(png_of(form, zlib.compress(raw + b"more than is needed")))


@each_form
@pytest.mark.parametrize("row", [0, 11, 31])
@pytest.mark.usefixtures("leniency")
def test_a_row_with_a_filter_that_does_not_exist_is_refused(form: Form, row: int) -> None:
    raw = bytearray(image_data(form))
    raw[sum(1 + length for length in rows_of(form)[:row])] = 5
    with pytest.raises(ImageError, match=r"^PNG does not decode: "):
        decode(png_of(form, zlib.compress(bytes(raw))))


@pytest.mark.parametrize(
    ("zipped", "reason"),
    [
        (zlib.compress(bytes(7)), "its pixels end at byte 7 of 14"),
        (zlib.compress(b"\0" * 7 + b"\5" + bytes(6)), "a row of its pixels has a filter that does not exist"),
        (zlib.compress(bytes(14))[:-1] + b"?", "its pixels do not inflate (Error -3 while decompressing data"),
    ],
    ids=["rows", "filter", "checksum"],
)
@pytest.mark.parametrize("colour", [2, 3])
def test_what_pillow_would_be_silent_about_is_said(
    zipped: bytes, reason: str, colour: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    form = Form(2 if colour == 2 else 6, 2, colour=colour)
    with pytest.raises(ImageError, match=f"^PNG does not decode: {re.escape(reason)}"):
        verify(png_of(form, zipped, before=chunk(b"PLTE", bytes(30))), "decode")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not an image: zero bytes"),
        (b"<html><body>502 Bad Gateway</body></html>", r"not a PNG, JPEG or WebP image: begins with b'<html><body>'"),
        (encoded(PICTURE, "GIF"), "not a PNG, JPEG or WebP image: begins with b'GIF8"),
        (png_of(Form(100_000, 100_000), b""), "absurd dimensions: "),
        (png_of(Form(10_000, 10_000), b""), "absurd dimensions: "),
        (png_of(Form(0, 5), b""), "damaged PNG: its header cannot be read"),
        (
            png_of(Form(9_000, 9_000), zlib.compress(b"")),
            "PNG does not decode: ",
        ),
        (png_of(Form(2, 2), b"no zlib data"), "PNG does not decode: "),
        (b"\xff\xd8\xff\xd9", "damaged JPEG: its header cannot be read"),
        (b"RIFF\x04\x00\x00\x00WEBP", "damaged WEBP: its header cannot be read"),
    ],
    ids=[
        "nothing",
        "error page",
        "gif",
        "huge",
        "large",
        "no width",
        "no pixels",
        "no zlib",
        "empty jpeg",
        "empty webp",
    ],
)
@pytest.mark.usefixtures("leniency")
def test_what_is_no_usable_image_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=f"^{reason}"):
        decode(data)


@settings(deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x10\0\0\0WEBPVP8 "])
)
def test_no_bytes_are_so_odd_that_another_error_escapes(data: bytes, start: bytes) -> None:
    try:
        decode(start + data)
    except ImageError:
        return
    raise AssertionError("a random image")


def test_a_png_that_the_fast_lane_refuses_goes_through_pillow(fast: list[str]) -> None:
    raw = b"\0" + bytes(range(6))
    data = png_of(Form(2, 1), zlib.compress(raw), before=chunk(b"vpAg", b"\0"))
    assert array(decode(data)).ravel().tolist() == list(range(6))
    assert fast == []


def test_long_notes_of_a_generator_of_pictures_keep_the_fast_lane(fast: list[str]) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("workflow", "{}" * 10_000, zip=True)
    notes.add_itxt("prompt", "ein Kleid " * 1_000)
    np.testing.assert_array_equal(array(decode(encoded(PICTURE, pnginfo=notes))), np.asarray(PICTURE))
    assert fast == ["fast"]
