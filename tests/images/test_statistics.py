"""What is measured of an image: of any size and mode, the same whoever decodes it."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.bucket import encoded
from tests.planting import PERSON, part_of, photograph, sound, through_jpeg
from vton_hf.images import decode, measured, thumbnail_pixels
from vton_hf.images.hashes import colour_layout, difference_hash, perceptual_hash


def photo(size: tuple[int, int] = (288, 384)) -> Image.Image:
    return sound("chelsea.png", "statistics", size)[PERSON]


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 300), (900, 3), (5, 5), (64, 64), (257, 256), (3000, 20)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "LA"])
def test_any_image_is_measured(size: tuple[int, int], mode: str) -> None:
    picture = Image.effect_noise(size, 60).convert("RGB").convert(mode)
    row = measured(encoded(picture))
    assert (row["width"], row["height"]) == size
    assert len(row["colours"]) == 48
    assert thumbnail_pixels(row["thumbnail"]).shape == (64, 64, 3)
    assert max(Image.open(io.BytesIO(row["thumbnail"])).size) == min(64, max(size))
    assert 0 <= row["brightness"] <= 1


def test_pixels_that_are_at_hand_give_the_same() -> None:
    data = encoded(photo())
    assert measured(data, decode(data)) == measured(data)


def test_without_pixels_only_the_file_is_looked_at() -> None:
    row = measured(encoded(photo()), pixels=False)
    assert row["format"] == "PNG"
    assert not {"thumbnail", "phash", "sharpness"} & row.keys()


def test_tones_are_shares_of_white() -> None:
    row = measured(encoded(Image.new("RGB", (40, 30), (51, 51, 51))))
    assert row["brightness"] == pytest.approx(0.2)
    assert (row["contrast"], row["entropy"], row["chroma"]) == (0, 0, 0)
    half = Image.new("RGB", (40, 40))
    half.paste((255, 255, 255), (0, 0, 40, 20))
    row = measured(encoded(half))
    assert (row["brightness"], row["contrast"], row["entropy"]) == (0.5, 0.5, 1)
    assert (row["q01"], row["q99"]) == (0, 1)


def test_sharpness_falls_with_blur_and_not_with_contrast_or_size() -> None:
    picture = photo()
    sharp = measured(encoded(picture))["sharpness"]
    faint = picture.point(lambda value: 40 + value * 2 // 3)
    assert measured(encoded(faint))["sharpness"] == pytest.approx(sharp, abs=0.12)
    assert measured(encoded(picture.resize((576, 768))))["sharpness"] == pytest.approx(sharp, abs=0.12)
    blurred = [measured(encoded(picture.filter(ImageFilter.GaussianBlur(radius))))["sharpness"] for radius in (1, 3, 8)]
    assert sharp > blurred[0] > blurred[1] > blurred[2]
    assert blurred[2] < 0.29


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
@pytest.mark.parametrize("colour", ["black", "white", (120, 10, 200)], ids=str)
def test_a_bar_is_measured_on_its_side(side: str, colour: Any) -> None:
    picture = photo()
    boxes = {"top": (0, 0, 288, 48), "bottom": (0, 336, 288, 384), "left": (0, 0, 36, 384), "right": (252, 0, 288, 384)}
    picture.paste(colour, boxes[side])
    row = measured(encoded(picture))
    assert {name: round(row[f"bar_{name}"], 2) for name in boxes} == {name: 0.12 * (name == side) for name in boxes}


def test_a_garment_on_white_has_no_bars() -> None:
    ground = Image.new("RGB", (300, 400), "white")
    ground.paste("navy", (60, 80, 240, 340))
    row = measured(encoded(ground))
    assert [row[f"bar_{side}"] for side in ("top", "bottom", "left", "right")] == [0, 0, 0, 0]
    assert row["white_border"] == 1


def test_hashes_of_a_copy_are_near_and_of_another_picture_far() -> None:
    picture = photo().convert("RGB")
    copies = [through_jpeg(picture, 60), picture.resize((200, 266)), picture.point(lambda value: min(255, value + 8))]
    others = [
        part_of(photograph(name), __import__("random").Random(1), (288, 384), (0.5, 0.9))
        for name in ("coffee.png", "rocket.jpg")
    ]

    def code(image: Image.Image) -> tuple[int, int]:
        grey = image.convert("L").resize((48, 64), Image.Resampling.BOX)
        return perceptual_hash(grey), difference_hash(grey)

    def bits(image: Image.Image) -> int:
        return sum((one ^ other).bit_count() for one, other in zip(code(picture), code(image), strict=True))

    assert max(map(bits, copies)) <= 7
    assert min(map(bits, others)) > 30


def test_the_layout_has_the_mean_colours_of_sixteen_cells() -> None:
    picture = Image.new("RGB", (8, 8), "red")
    picture.paste("blue", (6, 6, 8, 8))
    cells = np.frombuffer(colour_layout(picture), np.uint8).reshape(4, 4, 3)
    assert cells[3, 3].tolist() == [0, 0, 255]
    assert (cells.reshape(16, 3)[:15] == [255, 0, 0]).all()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "not-an-image"),
        (b"<html></html>", "not-an-image"),
        (encoded(Image.new("RGB", (40, 40), "red"))[:-20], "truncated"),
        (encoded(photo(), "JPEG")[:-900], "truncated"),
        (encoded(photo())[:400] + bytes(100) + encoded(photo())[500:], "unreadable"),
    ],
    ids=["empty", "page", "png", "jpeg", "damaged"],
)
def test_what_cannot_be_used_says_why(data: bytes, fault: str) -> None:
    row = measured(data)
    assert (row["fault"], row.keys()) == (fault, {"fault", "message"})
