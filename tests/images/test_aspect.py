"""Whatever shape a picture has, it comes out in the wanted size: nothing is distorted that should not be."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from tests.bucket import png
from vton_hf._core.options import ASPECTS
from vton_hf.errors import ConfigError
from vton_hf.images.aspect import check_fit, fit
from vton_hf.naming import ROLES

PERSON, GARMENT, TARGET = ROLES
WHITE, GREY, RED = (255, 255, 255), (90, 90, 90), (200, 0, 0)


def drawn(width: int, height: int, radius: int = 12) -> Image.Image:
    """A red disc in the middle of grey."""
    image = Image.new("RGB", (width, height), GREY)
    x, y = width / 2, height / 2
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius - 1, y + radius - 1), fill=RED)
    return image


def where(image: Image.Image, colour: tuple[int, int, int], slack: int = 40) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what has about this colour."""
    near = (np.abs(np.asarray(image).astype(int) - colour) < slack).all(axis=2)
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


SHAPES = [(300, 400), (400, 300), (768, 1024), (100, 400), (400, 100), (333, 217)]
SIZES = [(512, 384), (384, 512), (256, 256), (64, 200)]
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
each_size = pytest.mark.parametrize("size", SIZES, ids=str)


@each_shape
@each_size
@pytest.mark.parametrize("aspect", ["pad", "crop"])
def test_a_disc_in_the_middle_stays_a_disc_in_the_middle(
    shape: tuple[int, int], size: tuple[int, int], aspect: str
) -> None:
    made = fit(drawn(*shape), size, aspect, PERSON)
    left, top, right, bottom = where(made, RED, slack=90)
    pixel = 1 + (right - left) / 24
    assert abs((right - left) - (bottom - top)) <= pixel
    assert abs((left + right) - made.width) <= pixel
    assert abs((top + bottom) - made.height) <= pixel


@each_shape
@each_size
def test_padding_shows_all_of_it_between_equal_white_borders(shape: tuple[int, int], size: tuple[int, int]) -> None:
    made = fit(drawn(*shape), size, "pad", PERSON)
    left, top, right, bottom = where(made, GREY)
    assert (left, right) == (0, made.width) or (top, bottom) == (0, made.height)
    assert 0 <= (made.width - right) - left <= 1
    assert 0 <= (made.height - bottom) - top <= 1
    assert (right - left) / (bottom - top) == pytest.approx(shape[0] / shape[1], rel=0.02)
    pixels = np.asarray(made).copy()
    pixels[top:bottom, left:right] = WHITE
    assert (pixels == WHITE).all()


@each_shape
@each_size
def test_cropping_fills_the_picture_and_cuts_two_sides_equally(shape: tuple[int, int], size: tuple[int, int]) -> None:
    width, height = shape
    gradient = np.zeros((height, width, 3), np.uint8)
    gradient[..., 0] = np.linspace(0, 255, width).astype(np.uint8)
    gradient[..., 1] = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    made = np.asarray(fit(Image.fromarray(gradient), size, "crop", PERSON)).astype(int)
    columns, rows = made[0, :, 0], made[:, 0, 1]
    assert abs(columns[0] + columns[-1] - 255) <= 4
    assert abs(rows[0] + rows[-1] - 255) <= 4
    assert max(columns[-1] - columns[0], rows[-1] - rows[0]) >= 249, "one side is whole"


@each_shape
@each_size
def test_it_looks_as_pillow_does_it_but_for_parts_of_a_pixel(shape: tuple[int, int], size: tuple[int, int]) -> None:
    image, box = drawn(*shape), (size[1], size[0])
    for aspect, theirs in (("crop", ImageOps.fit), ("pad", ImageOps.pad)):
        options: dict[str, Any] = {"color": "white"} if aspect == "pad" else {}
        expected = theirs(image, box, Image.Resampling.LANCZOS, **options)
        difference = np.abs(np.asarray(fit(image, size, aspect, PERSON)).astype(int) - np.asarray(expected))
        assert difference.mean() < 3


@pytest.mark.parametrize(("role", "aspect"), [(PERSON, "crop"), (TARGET, "crop"), (GARMENT, "pad")])
@each_shape
def test_catvton_crops_people_and_pads_garments(role: str, aspect: str, shape: tuple[int, int]) -> None:
    image = drawn(*shape)
    made, expected = fit(image, (256, 192), "catvton", role), fit(image, (256, 192), aspect, role)
    assert made.tobytes() == expected.tobytes()


def test_catvton_cuts_at_whole_pixels() -> None:
    image = Image.open(BytesIO(png("photo", (101, 67))))
    cut = image.crop((30, 0, 70, 67)).resize((60, 100), Image.Resampling.LANCZOS)
    assert fit(image, (100, 60), "catvton", PERSON).tobytes() == cut.tobytes()
    white = Image.new("RGB", (60, 100), "white")
    white.paste(image.resize((60, 39), Image.Resampling.LANCZOS), (0, 30))
    assert fit(image, (100, 60), "catvton", GARMENT).tobytes() == white.tobytes()


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("role", ROLES)
def test_a_picture_that_has_the_size_is_left_alone(aspect: str, role: str) -> None:
    image = Image.open(BytesIO(png("right", (48, 64))))
    assert fit(image, (64, 48), aspect, role) is image
    once = fit(image, (33, 77), aspect, role)
    assert fit(once, (33, 77), aspect, role) is once


@given(
    width=st.integers(1, 400), height=st.integers(1, 400), tall=st.integers(1, 60), wide=st.integers(1, 60),
    aspect=st.sampled_from(ASPECTS), role=st.sampled_from(ROLES),
)  # fmt: skip
def test_any_shape_comes_out_in_exactly_any_size(
    *, width: int, height: int, tall: int, wide: int, aspect: str, role: str
) -> None:
    image = Image.new("RGB", (width, height), GREY)
    made = fit(image, (tall, wide), aspect, role)
    assert (made.mode, made.size) == ("RGB", (wide, tall))
    assert made.getcolors()
    assert {colour for _, colour in made.getcolors()} <= {WHITE, GREY}
    assert GREY in {colour for _, colour in made.getcolors()}


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_picture_that_goes_in_is_not_changed(aspect: str) -> None:
    image = drawn(30, 50, 5)
    before = image.tobytes()
    fit(image, (20, 20), aspect, GARMENT)
    assert image.tobytes() == before


@pytest.mark.parametrize("size", [(1, 1), (1024, 768), [512, 512], np.array([5, 5])], ids=str)
@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_size_and_an_aspect_that_make_sense_pass(size: object, aspect: str) -> None:
    check_fit(size, aspect)
    check_fit(None, "stretch")


@pytest.mark.parametrize(
    "size",
    [
        0,
        512,
        "512",
        (512,),
        (1, 2, 3),
        (0, 5),
        (5, -1),
        (5.0, 5),
        (True, True),
        ("5", "5"),
        {5, 6},
        np.array([5, 5, 5]),
    ],
    ids=repr,
)
def test_a_size_that_makes_no_sense_is_refused(size: object) -> None:
    with pytest.raises(ConfigError, match=r"^image_size must be \(height, width\) in pixels, or"):
        check_fit(size, "stretch")


@pytest.mark.parametrize("aspect", ["squash", "", None, 1, "Pad", ["pad"]])
def test_an_aspect_that_does_not_exist_is_refused(aspect: object) -> None:
    with pytest.raises(ConfigError, match=r"^aspect must be 'stretch', 'pad', 'crop' or 'catvton', got .*\."):
        check_fit((5, 5), aspect)


@pytest.mark.parametrize("aspect", ["pad", "crop", "catvton"])
def test_an_aspect_without_a_size_is_refused(aspect: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^aspect='{aspect}' needs a size .*image_size=\(1024, 768\), or leave aspect="
    ):
        check_fit(None, aspect)
