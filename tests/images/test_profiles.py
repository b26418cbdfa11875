"""Colour profiles are ignored unless `to_srgb` asks for their conversion, the same wherever an image is decoded."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.bucket import encoded, png
from tests.images import icc
from tests.images.pngs import chunk
from vton_hf.images import decode, decode_array, profile_of, to_rgb

PICTURE = Image.open(BytesIO(png("picture", (24, 32))))
P3 = icc.screen(icc.DISPLAY_P3)
TO_D50 = {"p3": np.array(icc.DISPLAY_P3).T, "srgb": np.array(icc.SRGB).T}


def by_the_book(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Display P3 as sRGB, by the definition of both; [..., 3] of 0 to 255."""
    signal = pixels / 255
    linear = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    linear = (linear @ (np.linalg.inv(TO_D50["srgb"]) @ TO_D50["p3"]).T).clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def converted(data: bytes) -> NDArray[np.uint8]:
    made = decode(data, to_srgb=True)
    assert made.mode == "RGB"
    assert made.info == {}
    np.testing.assert_array_equal(decode_array(data, to_srgb=True), np.asarray(made))
    return np.asarray(made)


def with_cicp(data: bytes, *points: int) -> bytes:
    return data[:33] + chunk(b"cICP", bytes(points)) + data[33:]


P3_FILES: dict[str, Callable[[], bytes]] = {
    "png": lambda: encoded(PICTURE, icc_profile=P3),
    "jpeg": lambda: encoded(PICTURE, "JPEG", quality=100, subsampling=0, icc_profile=P3),
    "progressive jpeg": lambda: encoded(PICTURE, "JPEG", quality=100, progressive=True, icc_profile=P3),
    "jpeg, profile of many segments": lambda: encoded(PICTURE, "JPEG", icc_profile=P3 + bytes(200_000)),
    "webp": lambda: encoded(PICTURE, "WEBP", lossless=True, icc_profile=P3),
    "cICP": lambda: with_cicp(encoded(PICTURE), 12, 13, 0, 1),
    "cICP before a profile": lambda: with_cicp(encoded(PICTURE, icc_profile=icc.grey(1.0)), 12, 13, 0, 1),
    "palette": lambda: encoded(PICTURE.quantize(64), icc_profile=P3),
    "interlaced": lambda: encoded(PICTURE, icc_profile=P3, interlace=True),
}


@pytest.mark.parametrize("kind", P3_FILES)
def test_display_p3_is_converted_by_the_book_and_ignored_by_default(kind: str) -> None:
    data = P3_FILES[kind]()
    ignored = np.asarray(Image.open(BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(np.asarray(decode(data)), ignored)
    np.testing.assert_allclose(converted(data), by_the_book(ignored), atol=1.5)
    assert np.abs(converted(data).astype(int) - ignored).max() > 20


def test_what_looked_red_is_red() -> None:
    red = Image.new("RGB", (2, 2), (234, 51, 35))
    assert np.abs(converted(encoded(red, icc_profile=P3)).astype(int) - (255, 0, 0)).max() <= 4
    assert decode(encoded(red, icc_profile=P3)).getpixel((0, 0)) == (234, 51, 35)


@pytest.mark.parametrize(
    "data",
    [
        encoded(PICTURE),
        encoded(PICTURE, icc_profile=icc.screen(icc.SRGB)),
        encoded(PICTURE, "JPEG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
        encoded(PICTURE.convert("L"), icc_profile=icc.grey()),
        encoded(PICTURE, "WEBP"),
        with_cicp(encoded(PICTURE, icc_profile=P3), 1, 13, 0, 1),
    ],
    ids=["none", "sRGB by another hand", "lcms's sRGB", "grey with sRGB's curve", "webp", "cICP of sRGB"],
)
def test_srgb_is_left_alone_whatever_it_calls_itself(data: bytes) -> None:
    assert profile_of(data) is None
    np.testing.assert_array_equal(converted(data), np.asarray(decode(data)))


@pytest.mark.parametrize(
    "data",
    [
        encoded(PICTURE, icc_profile=icc.screen(icc.ADOBE, 2.2)),
        encoded(PICTURE.convert("L"), icc_profile=icc.grey(1.8)),
        encoded(PICTURE.convert("L"), "JPEG", icc_profile=icc.grey(1.8)),
        encoded(PICTURE.convert("CMYK"), "JPEG", icc_profile=icc.printer()),
    ],
    ids=["Adobe RGB", "grey png", "grey jpeg", "CMYK jpeg"],
)
def test_any_profile_is_converted_as_pillow_does_it(data: bytes) -> None:
    stored = Image.open(BytesIO(data))
    own, srgb = ImageCms.ImageCmsProfile(BytesIO(stored.info["icc_profile"])), ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(stored, own, srgb, outputMode="RGB")
    np.testing.assert_array_equal(converted(data), np.asarray(expected))
    assert np.abs(converted(data).astype(int) - np.asarray(decode(data))).max() > 8


def test_a_grey_picture_may_have_a_profile_of_colours() -> None:
    data = encoded(PICTURE.convert("L"), "JPEG", icc_profile=icc.screen(icc.ADOBE, 1.0))
    pixels = converted(data)
    assert (pixels.max(axis=2) - pixels.min(axis=2)).max() <= 1
    assert pixels.mean() > np.asarray(decode(data)).mean() + 20


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_the_colours_are_converted_before_they_are_put_on_white(mode: str) -> None:
    clear = Image.new("RGBA", (2, 1), (200, 200, 200, 0))
    clear.putpixel((1, 0), (200, 60, 60, 255))
    profile = icc.grey(1.0) if mode == "LA" else P3
    made = converted(encoded(clear.convert(mode), icc_profile=profile))
    assert made[0, 0].tolist() == [255, 255, 255]
    seen = clear.convert(mode).convert("RGB").getpixel((1, 0))
    assert made[0, 1].tolist() != list(seen)


def test_sixteen_bits_and_orientation_go_together_with_a_profile() -> None:
    grey = Image.fromarray(np.array([[257 * 40, 257 * 200]], np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(grey, icc_profile=icc.grey(1.0), exif=exif.tobytes())
    made = converted(data)
    assert made.shape == (2, 1, 3)
    assert made[0, 0, 0] > 100


DAMAGED = {
    "garbage": encoded(PICTURE, icc_profile=b"garbage" * 30),
    "empty": encoded(PICTURE, "JPEG", icc_profile=P3[:20]),
    "cut short": encoded(PICTURE, "WEBP", lossless=True, icc_profile=P3[:250]),
    "not packed": encoded(PICTURE)[:33] + chunk(b"iCCP", b"odd\0\0no zlib data") + encoded(PICTURE)[33:],
    "a part is missing": encoded(PICTURE, "JPEG", icc_profile=P3).replace(b"ICC_PROFILE\0\1\1", b"ICC_PROFILE\0\1\2"),
    "of printers, in RGB": encoded(PICTURE, icc_profile=icc.printer()),
    "of grey, in RGB": encoded(PICTURE, icc_profile=icc.grey(1.8)),
    "of screens, in CMYK": encoded(PICTURE.convert("CMYK"), "JPEG", icc_profile=P3),
    "high dynamic range": with_cicp(encoded(PICTURE), 9, 16, 0, 1),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_profile_that_cannot_be_applied_is_ignored_and_known(kind: str) -> None:
    found = profile_of(DAMAGED[kind])
    assert found is not None
    assert found.icc is None
    np.testing.assert_array_equal(converted(DAMAGED[kind]), np.asarray(decode(DAMAGED[kind])))


def test_nothing_is_found_in_what_is_no_image() -> None:
    for data in (
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8",
        b"<html>",
        b"RIFF",
        encoded(PICTURE)[:20],
        encoded(PICTURE, "JPEG")[:9],
    ):
        assert profile_of(data) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_no_byte_of_a_profile_is_so_odd_that_an_error_escapes(kind: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        own = bytearray(P3)
        for place in rng.integers(0, len(own), 3):
            own[place] ^= 1 << int(rng.integers(8))
        data = encoded(PICTURE, kind, icc_profile=bytes(own))
        assert converted(data).shape == np.asarray(to_rgb(Image.open(BytesIO(data)))).shape
