"""The demo bucket: reproducible, well-formed, and made of triplets that mean what they show."""

import hashlib
import io
import subprocess
import sys
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageChops

from vton_hf.demo import DemoTriplet, draw_triplet, write_demo_bucket, write_demo_folder
from vton_hf.errors import ConfigError
from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES, parse_key

GROUPS = [(difficulty, gender) for difficulty in DIFFICULTIES for gender in GENDERS]


def bucket(**options: Any) -> dict[str, bytes]:
    objects: dict[str, bytes] = {}
    assert write_demo_bucket(objects.__setitem__, **options) == len(objects)
    return objects


@cache
def drawn(difficulty: str) -> list[DemoTriplet]:
    return [draw_triplet(difficulty, gender, index) for gender in GENDERS for index in range(1, 9)]


def pixels(image: Image.Image) -> npt.NDArray[np.int_]:
    return np.asarray(image).astype(int)


def close(image: Image.Image, colour: npt.NDArray[np.int_]) -> float:
    """The share of an image that has nearly this colour."""
    return float((abs(pixels(image) - colour).sum(axis=2) < 60).mean())


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert bucket(count=1, size=(64, 48)) == bucket(count=1, size=(64, 48))


def test_another_process_draws_the_same_bytes() -> None:
    code = (
        "import hashlib; from vton_hf.demo import write_demo_bucket; d = hashlib.sha256();"
        "write_demo_bucket(lambda key, data: d.update(key.encode() + data), count=1, size=(64, 48)); print(d.hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    here = hashlib.sha256()
    for key, data in bucket(count=1, size=(64, 48)).items():
        here.update(key.encode() + data)
    assert there == here.hexdigest()


def test_another_seed_gives_other_pictures_under_the_same_folders() -> None:
    one, other = bucket(count=1, size=(64, 48)), bucket(count=1, size=(64, 48), seed=1)
    assert {parse_key(key).folder for key in one} == {parse_key(key).folder for key in other}
    assert not set(one.values()) & set(other.values())


def test_a_triplet_drawn_alone_is_the_one_in_the_bucket() -> None:
    objects = bucket(count=2, size=(64, 48))
    alone = draw_triplet("hard", "male", 2, size=(64, 48))
    stored = Image.open(io.BytesIO(objects["dataset_ultimate/hard/male/try_on_image/002_vton.png"]))
    assert stored.tobytes() == alone.try_on_image.tobytes()


def test_a_larger_bucket_holds_the_smaller_one() -> None:
    assert bucket(count=1, size=(64, 48)).items() <= bucket(count=2, size=(64, 48)).items()


def test_keys_make_complete_triplets_of_every_difficulty_and_gender() -> None:
    parsed = [parse_key(key) for key in bucket(count=3, size=(64, 48))]
    triplets = {(image.difficulty, image.gender, image.stem) for image in parsed}
    assert triplets == {(*group, stem) for group in GROUPS for stem in ("001", "002", "003")}
    assert len(parsed) == len(triplets) * len(ROLES)
    assert all(image.garment for image in parsed if image.role == "cloth_image")
    assert {image.folder.split("/")[0] for image in parsed} == {"dataset_ultimate"}


def test_the_keys_read_like_the_ones_that_the_readme_shows() -> None:
    keys = set(bucket(count=2, size=(64, 48)))
    folder = "dataset_ultimate/easy/female"
    assert f"{folder}/initial_image/001_person.png" in keys
    assert f"{folder}/cloth_image/001_cloth_dress.png" in keys
    assert f"{folder}/cloth_image/002_cloth_shirt.png" in keys
    assert f"{folder}/try_on_image/001_vton.png" in keys


@pytest.mark.parametrize(("root", "start"), [("", "easy/"), ("a/b", "a/b/easy/"), ("a/b/", "a/b/easy/")])
def test_the_root_is_a_folder_or_nothing(root: str, start: str) -> None:
    assert next(iter(bucket(count=1, size=(32, 32), root=root))).startswith(start)


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (33, 47), (200, 40), (40, 200)])
def test_pictures_are_rgb_png_of_the_size_asked_for_without_metadata(size: tuple[int, int]) -> None:
    for data in bucket(count=1, size=size).values():
        image = Image.open(io.BytesIO(data))
        image.load()
        assert (image.format, image.mode, image.size, image.info) == ("PNG", "RGB", (size[1], size[0]), {})
        assert data[24] == 8


def test_a_folder_holds_the_same_objects_as_files(tmp_path: Path) -> None:
    assert write_demo_folder(tmp_path / "new", count=1, size=(32, 32), seed=4) == 18
    files = {path.relative_to(tmp_path / "new").as_posix(): path.read_bytes() for path in tmp_path.rglob("*.png")}
    assert files == bucket(count=1, size=(32, 32), seed=4)


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_person_and_target_differ_only_where_clothes_are(difficulty: str) -> None:
    for triplet in drawn(difficulty):
        difference = np.asarray(ImageChops.difference(triplet.initial_image, triplet.try_on_image)).max(axis=2)
        changed = difference > 0
        assert not changed[:, :2].any() or difficulty != "easy"
        assert not changed[:12, 60:132].any() or difficulty != "easy"
        assert 0.02 < changed.mean() < 0.5
        assert not changed[-4:].any(), "the legs below every garment stay as they are"
        rows = np.flatnonzero(changed.any(axis=1))
        assert changed[rows[0] : rows[-1]].any(axis=1).all()


def test_the_face_stays_the_same() -> None:
    for triplet in drawn("easy"):
        face = (86, 22, 106, 48)
        assert triplet.initial_image.crop(face).tobytes() == triplet.try_on_image.crop(face).tobytes()


def test_the_garments_colour_shows_in_the_target_and_not_in_the_person() -> None:
    for triplet in drawn("easy"):
        cloth = pixels(triplet.cloth_image.crop((70, 90, 122, 190))).reshape(-1, 3)
        colour = np.median(cloth, axis=0).astype(int)
        region = (60, 60, 132, 220)
        assert (
            close(triplet.try_on_image.crop(region), colour) > close(triplet.initial_image.crop(region), colour) + 0.1
        )


def test_easy_garments_are_plain_and_the_others_patterned() -> None:
    spread = [
        np.mean([pixels(one.cloth_image.crop((70, 90, 122, 170))).std(axis=(0, 1)).mean() for one in drawn(difficulty)])
        for difficulty in DIFFICULTIES
    ]
    assert spread[0] < 20 < spread[1]
    assert spread[0] < 20 < spread[2]


def hues(triplet: DemoTriplet) -> int:
    """Clearly different colours on the garment."""
    area = pixels(triplet.cloth_image.crop((60, 70, 132, 190))).reshape(-1, 3) // 64
    _, counts = np.unique(area, axis=0, return_counts=True)
    return int((counts > 0.01 * len(area)).sum())


def test_hard_garments_have_more_colours_than_medium_and_easy_ones() -> None:
    easy, medium, hard = (np.mean([hues(triplet) for triplet in drawn(difficulty)]) for difficulty in DIFFICULTIES)
    assert easy < hard
    assert medium < hard


def test_backgrounds_grow_busier_with_difficulty() -> None:
    sizes = [
        sum(
            len(zlib.compress(one.initial_image.crop((0, 0, 192, 60)).quantize(32).tobytes()))
            for one in drawn(difficulty)
        )
        for difficulty in DIFFICULTIES
    ]
    assert sizes == sorted(sizes)


def test_women_and_men_are_offered_different_garments() -> None:
    offered = [{triplet.garment for triplet in drawn("easy")[start : start + 8]} for start in (0, 8)]
    assert "dress" in offered[0] - offered[1]
    assert offered[0] & offered[1] >= {"shirt", "coat", "hoodie"}


def test_a_garment_lies_on_a_light_background_away_from_the_edges() -> None:
    for difficulty in DIFFICULTIES:
        for triplet in drawn(difficulty):
            flat = pixels(triplet.cloth_image)
            border = np.concatenate([flat[:3].reshape(-1, 3), flat[-3:].reshape(-1, 3), flat[:, :3].reshape(-1, 3)])
            assert border.min() > 180


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "3"])
def test_a_senseless_count_is_refused_before_anything_is_put(count: Any) -> None:
    objects: dict[str, bytes] = {}
    with pytest.raises(ConfigError, match="count"):
        write_demo_bucket(objects.__setitem__, count=count)
    assert not objects


@pytest.mark.parametrize("size", [(0, 10), (64,), (64, 48, 3), (64.0, 48), 64, (10, 10), (99999, 64), None])
def test_a_senseless_size_is_refused_with_an_example(size: Any) -> None:
    with pytest.raises(ConfigError, match=r"\(256, 192\)"):
        write_demo_bucket(print, count=1, size=size)


@pytest.mark.parametrize("place", [("extreme", "male", 1), ("easy", "other", 1), ("easy", "male", 0)])
def test_there_is_no_triplet_outside_the_bucket(place: tuple[str, str, int]) -> None:
    with pytest.raises(ConfigError):
        draw_triplet(*place)
