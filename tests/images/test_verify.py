"""Broken bytes are told from an image before they are trained on; every image looks as on white paper."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.bucket import encoded, png
from tests.images.pngs import chunk
from vton_hf.errors import ImageError
from vton_hf.images import to_rgb, verify

PICTURE = Image.open(BytesIO(png("picture", (24, 32))))
PNG = encoded(PICTURE)
KINDS = {
    "png": PNG,
    "interlaced palette": encoded(PICTURE.convert("P"), interlace=True),
    "jpeg": encoded(PICTURE, "JPEG"),
    "progressive jpeg": encoded(PICTURE, "JPEG", progressive=True),
    "jpeg with restarts": encoded(PICTURE, "JPEG", restart_marker_blocks=1),
    "cmyk jpeg": encoded(PICTURE.convert("CMYK"), "JPEG"),
    "webp": encoded(PICTURE, "WEBP"),
    "lossless webp": encoded(PICTURE, "WEBP", lossless=True),
    "webp with alpha": encoded(PICTURE.convert("RGBA"), "WEBP"),
}
each_kind = pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
HEADER = slice(8, 33)


def chunks() -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk of `PNG`."""
    start = 8
    while start < len(PNG):
        length, name = struct.unpack(">I4s", PNG[start : start + 8])
        yield name, start, start + 12 + length
        start += 12 + length


def with_pixels(zipped: bytes) -> bytes:
    """`PNG` with other image data, its CRC right."""
    return PNG[: HEADER.stop] + chunk(b"IDAT", zipped) + chunk(b"IEND", b"")


def of_size(width: int, height: int) -> bytes:
    """`PNG` that claims another size, its CRC right."""
    return PNG[:8] + chunk(b"IHDR", struct.pack(">II", width, height) + PNG[24:29]) + PNG[HEADER.stop :]


@each_kind
@pytest.mark.parametrize("level", ["structure", "decode", "none"])
def test_a_good_image_passes(data: bytes, level: str) -> None:
    verify(data, level)


@each_kind
def test_bytes_behind_the_end_do_no_harm(data: bytes) -> None:
    verify(data + b"\x00" * 5_000, "decode")


@each_kind
def test_an_image_cut_off_anywhere_is_refused(data: bytes) -> None:
    for length in {*range(1, 64), *range(64, len(data), 37), *range(len(data) - 12, len(data))}:
        with pytest.raises(ImageError, match=r"^(truncated (PNG|JPEG|WebP): the data ends at byte|not a PNG, JPEG or)"):
            verify(data[:length])


@pytest.mark.parametrize(("name", "start", "end"), list(chunks()), ids=str)
def test_a_flipped_byte_in_any_chunk_of_a_png_is_found(name: bytes, start: int, end: int) -> None:
    for place in {*range(start, start + 9), *range(start, end, 41), *range(end - 4, end)}:
        data = bytearray(PNG)
        data[place] ^= 0x10
        with pytest.raises(ImageError, match=r"^(damaged PNG: CRC error in chunk .* at byte [\d,]+|truncated PNG)"):
            verify(bytes(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not an image: zero bytes"),
        (b"<html><body>502 Bad Gateway</body></html>", r"not a PNG, JPEG or WebP image: begins with b'<html><body>'"),
        (b"hello", "not a PNG, JPEG or WebP image: begins with b'hello'"),
        (encoded(PICTURE, "GIF"), "not a PNG, JPEG or WebP image: begins with b'GIF8"),
        (encoded(PICTURE, "BMP"), "not a PNG, JPEG or WebP image: begins with b'BM"),
        (encoded(PICTURE, "TIFF"), "not a PNG, JPEG or WebP image"),
        (PNG[:8] + PNG[HEADER.stop :], "damaged PNG: its header cannot be read"),
        (PNG[: HEADER.stop] + chunk(b"IEND", b""), "damaged PNG: it holds no pixels"),
        (b"\xff\xd8\xff\xd9", "damaged JPEG: its header cannot be read"),
        (b"RIFF\x04\x00\x00\x00WEBP", "damaged WEBP: its header cannot be read"),
    ],
    ids=["nothing", "error page", "text", "gif", "bmp", "tiff", "no header", "no pixels", "empty jpeg", "empty webp"],
)
def test_what_is_no_usable_image_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=f"^{reason}"):
        verify(data)
    verify(data, "none")


@pytest.mark.parametrize("size", [(100_000, 100_000), (10_000, 10_000), (2**31 - 1, 1)])
def test_absurd_dimensions_are_refused_without_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"^absurd dimensions: "):
        verify(of_size(*size))


@pytest.mark.parametrize("size", [(0, 32), (24, 0)])
def test_an_image_without_an_area_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"^damaged PNG: its header cannot be read"):
        verify(of_size(*size))


@pytest.mark.parametrize(
    "data",
    [with_pixels(b""), with_pixels(b"no zlib data"), with_pixels(zlib.compress(b"\x00" * 100))],
    ids=["none", "garbage", "too few"],
)
def test_only_decoding_finds_bad_pixels_behind_a_right_crc(data: bytes) -> None:
    verify(data, "structure")
    with pytest.raises(ImageError, match=r"^PNG does not decode: "):
        verify(data, "decode")


def test_the_preview_in_a_jpeg_does_not_stand_for_its_end() -> None:
    exif = Image.Exif()
    exif[0x010E] = encoded(PICTURE, "JPEG").decode("latin-1")
    data = encoded(PICTURE, "JPEG", exif=exif.tobytes())
    verify(data)
    with pytest.raises(ImageError, match=r"^truncated JPEG"):
        verify(data[:-2])


def pixels(image: Image.Image) -> list[tuple[int, ...]]:
    white = to_rgb(image)
    assert white.mode == "RGB"
    return [white.getpixel((x, y)) for y in range(white.height) for x in range(white.width)]


def reopened(image: Image.Image, kind: str = "PNG", **options: object) -> Image.Image:
    return Image.open(BytesIO(encoded(image, kind, **options)))


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("L", 7, (7, 7, 7)),
        ("1", 255, (255, 255, 255)),
        ("RGBA", (255, 0, 0, 255), (255, 0, 0)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("LA", (0, 0), (255, 255, 255)),
        ("LA", (100, 255), (100, 100, 100)),
        ("I;16", 65535, (255, 255, 255)),
        ("I;16", 257 * 100, (100, 100, 100)),
        ("I;16", 300, (1, 1, 1)),
    ],
)
def test_an_image_of_any_mode_is_seen_on_white(mode: str, colour: int | tuple[int, ...], seen: tuple[int, ...]) -> None:
    assert pixels(reopened(Image.new(mode, (2, 1), colour))) == [seen, seen]


def test_every_colour_of_every_transparency_is_rounded_to_the_nearest() -> None:
    colour, alpha = np.meshgrid(np.arange(256), np.arange(256))
    image = np.stack([colour, colour, colour, alpha], axis=2).astype(np.uint8)
    expected = 255 + (colour - 255) * alpha / 255
    assert np.abs(np.asarray(to_rgb(Image.fromarray(image)))[..., 0] - expected).max() < 0.5


def test_an_image_that_is_put_on_white_stays_as_it_was() -> None:
    for image in (Image.new("RGBA", (2, 1), (1, 2, 3, 4)), Image.new("I;16", (2, 1), 999), PICTURE):
        before = image.mode, image.tobytes(), dict(image.info)
        to_rgb(image)
        assert (image.mode, image.tobytes(), image.info) == before


def test_the_clear_colour_of_a_palette_is_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    assert pixels(reopened(image, transparency=0)) == [(255, 255, 255), (0, 0, 200)]


def test_a_clear_colour_without_alpha_is_white() -> None:
    image = Image.new("RGB", (2, 1), (9, 9, 9))
    image.putpixel((1, 0), (1, 2, 3))
    assert pixels(reopened(image, transparency=(9, 9, 9))) == [(255, 255, 255), (1, 2, 3)]


def test_a_cmyk_jpeg_is_seen_in_its_colours() -> None:
    (red, green, blue), *_ = pixels(reopened(Image.new("RGB", (8, 8), (200, 100, 50)).convert("CMYK"), "JPEG"))
    assert max(abs(red - 200), abs(green - 100), abs(blue - 50)) < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_is_turned_as_its_exif_says(orientation: int, kind: str) -> None:
    upright = Image.new("RGB", (32, 16), "white")
    upright.paste("black", (0, 0, 16, 8))
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright if orientation == 1 else upright.transpose(turns[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    seen = to_rgb(reopened(stored, kind, exif=exif.tobytes(), quality=95))
    assert seen.size == (32, 16)
    dark = {(x, y) for x in (4, 27) for y in (2, 13) if seen.getpixel((x, y))[0] < 128}
    assert dark == {(4, 2)}
