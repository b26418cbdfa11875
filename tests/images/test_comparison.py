"""What the images of a triplet say of each other, on pictures of which it is known."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.bucket import encoded
from tests.planting import GARMENT, PERSON, TARGET, sound
from vton_hf.images import compare, measured, thumbnail_pixels

SOURCE = "coffee.png"


def compared(**changed: Image.Image) -> dict[str, float]:
    pictures = {**sound(SOURCE, "comparison"), **changed}
    thumbnails = [
        thumbnail_pixels(measured(encoded(pictures[role]))["thumbnail"])[None] for role in (PERSON, GARMENT, TARGET)
    ]
    return {name: float(values[0]) for name, values in compare(*thumbnails).items()}


@pytest.fixture(scope="module")
def pictures() -> dict[str, Image.Image]:
    return sound(SOURCE, "comparison")


def test_a_sound_triplet_changes_in_its_middle_to_its_garment() -> None:
    found = compared()
    assert found["similarity"] > 0.5
    assert abs(found["shift_x"]) + abs(found["shift_y"]) < 0.01
    assert 0.05 < found["changed"] < 0.4
    assert found["changed_top"] == found["changed_elsewhere"] == 0
    assert found["changed_x0"] < 0.5 < found["changed_x1"]
    assert found["worn"] > 0.8
    assert max(abs(found[f"cast_{name}"]) for name in ("red", "green", "blue")) < 0.02


def test_many_at_once_give_what_each_gives_alone() -> None:
    several = [sound(SOURCE, str(index)) for index in range(3)]
    stacks = [
        np.stack([thumbnail_pixels(measured(encoded(each[role]))["thumbnail"]) for each in several])
        for role in (PERSON, GARMENT, TARGET)
    ]
    together = compare(*stacks)
    for index in range(3):
        alone = compare(*(stack[index : index + 1] for stack in stacks))
        for name, values in alone.items():
            np.testing.assert_allclose(together[name][index], values[0], atol=1e-4, err_msg=name)


@pytest.mark.parametrize(("across", "down"), [(0.05, 0), (0, -0.04), (-0.06, 0.03)])
def test_a_shift_is_measured_in_shares_of_an_edge(pictures: Any, across: float, down: float) -> None:
    target = pictures[TARGET]
    box = (1, 0, -across * target.width, 0, 1, -down * target.height)
    moved = target.transform(target.size, Image.Transform.AFFINE, box, Image.Resampling.BICUBIC)
    found = compared(**{TARGET: moved})
    assert (found["shift_x"], found["shift_y"]) == pytest.approx((across, down), abs=0.006)
    assert found["similarity_shifted"] > found["similarity"] + 0.2


def test_a_mirrored_target_fits_mirrored(pictures: Any) -> None:
    found = compared(**{TARGET: ImageOps.mirror(pictures[TARGET])})
    assert found["mirrored"] > 0.5 > found["similarity_shifted"] + 0.2
    turned = compared(**{TARGET: pictures[TARGET].transpose(Image.Transpose.ROTATE_180)})
    assert turned["turned"] > 0.5


def test_a_cast_is_measured_and_is_no_change(pictures: Any) -> None:
    shift = np.array([15, 0, -12])
    cast = Image.fromarray((np.asarray(pictures[TARGET]).astype(int) + shift).clip(0, 255).astype(np.uint8))
    found, sound_one = compared(**{TARGET: cast}), compared()
    shifts = [255 * (found[f"cast_{name}"] - sound_one[f"cast_{name}"]) for name in ("red", "green", "blue")]
    assert shifts == pytest.approx(shift, abs=3)
    assert found["changed"] == pytest.approx(sound_one["changed"], abs=0.03)


def test_a_person_given_back_has_not_changed(pictures: Any) -> None:
    assert compared(**{TARGET: pictures[PERSON]})["changed"] == 0
    assert compared(**{GARMENT: pictures[TARGET]})["garment_target_change"] == 0
    assert compared(**{GARMENT: pictures[PERSON]})["garment_person_change"] == 0


def test_pictures_of_one_colour_fit_nothing() -> None:
    plain = Image.new("RGB", (30, 40), "grey")
    found = compared(**{PERSON: plain, TARGET: plain, GARMENT: plain})
    assert found["similarity"] == found["changed"] == 0
    assert np.isnan(found["worn"])
