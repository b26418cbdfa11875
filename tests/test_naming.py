"""One grammar for a key and for a column of keys."""

import string

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vton_hf.errors import LayoutError
from vton_hf.naming import (
    DIFFICULTIES,
    GENDERS,
    KEY_PATTERN,
    NAME_PATTERNS,
    ROLES,
    ImageKey,
    format_key,
    parse_key,
)

COLD = settings(deadline=None, derandomize=True, max_examples=200)
EXTENSIONS = (".png", ".PNG", ".jpg", ".JPG", ".jpeg", ".JPeg", ".webp", ".WebP")
ODD_STEMS = [
    "001",
    "a b",
    "it's",
    '"x"',
    "[1](2){3}",
    "a#b",
    "a%20b",
    "1+1",
    "été",
    "人",
    "a_person",
    "_",
    "x.png",
    "a\nb",
]

words = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=12)
stems = words.filter(lambda stem: "_cloth" not in stem)


def images() -> st.SearchStrategy[ImageKey]:
    roles, difficulties, genders = (
        st.sampled_from(ROLES),
        st.sampled_from(DIFFICULTIES),
        st.sampled_from(("", *GENDERS)),
    )
    return st.builds(
        lambda root, role, stem, garment, difficulty, gender: ImageKey(
            folder="/".join(filter(None, (root, difficulty, gender))) + "/",
            role=role,
            stem=stem,
            garment=garment if role == "cloth_image" else "",
            difficulty=difficulty,
            gender=gender,
        ),
        st.text(string.ascii_lowercase + " -.#%", min_size=1),
        roles,
        stems,
        words,
        difficulties,
        genders,
    )


@COLD
@given(images(), st.sampled_from(EXTENSIONS))
def test_what_is_written_is_read_back(image: ImageKey, extension: str) -> None:
    assert parse_key(format_key(image, extension)) == image


@COLD
@given(
    st.sampled_from(ROLES),
    st.lists(st.sampled_from(["_cloth_", "_person", "_vton", ".png", ".PNG", "a", "\n", "_", "é"])),
)
def test_arrow_reads_a_name_as_python_does(role: str, parts: list[str]) -> None:
    key = f"easy/{role}/{''.join(parts)}"
    place = pc.extract_regex(pa.array([key]), KEY_PATTERN)[0].as_py()
    column = place and pc.extract_regex(pa.array([place["name"]]), NAME_PATTERNS[place["role"]])[0].as_py()
    try:
        image = parse_key(key)
    except LayoutError:
        assert not column
    else:
        assert (image.stem, image.garment) == (column["stem"], column.get("garment", ""))


@pytest.mark.parametrize("stem", ODD_STEMS)
@pytest.mark.parametrize("role", ROLES)
def test_any_character_may_stand_in_a_stem(stem: str, role: str) -> None:
    key = format_key(ImageKey("s3://photos/easy/", role, stem))
    assert parse_key(key).stem == stem


@pytest.mark.parametrize(
    "key",
    [
        "",
        "001_person.png",
        "easy/female/001_person.png",
        "easy/initial_image/",
        "easy/initial_image/_person.png",
        "easy/initial_image/001.png",
        "easy/initial_image/001_person",
        "easy/initial_image/001_person.gif",
        "easy/initial_image/001_person.png.txt",
        "easy/initial_image/001_person.png\n",
        "easy/initial_image/001_PERSON.png",
        "easy/initial_image/001_cloth_dress.png",
        "easy/initial_image/001_vton.png",
        "easy/cloth_image/001_person.png",
        "easy/cloth_image/001_cloth.png",
        "easy/cloth_image/_cloth_dress.png",
        "easy/try_on_image/001_person.png",
        "easy/try_on_image/thumbs/001_vton.png",
        "easy/Initial_Image/001_person.png",
        "easy/my_initial_image/001_person.png",
    ],
)
def test_a_wrong_name_is_refused_with_the_right_ones(key: str) -> None:
    with pytest.raises(LayoutError, match=r"names no image of a triplet\. Expected .*STEM_person\.png") as caught:
        parse_key(key)
    assert repr(key) in str(caught.value)


@pytest.mark.parametrize(
    ("folder", "difficulty", "gender"),
    [
        ("easy/female/", "easy", "female"),
        ("EASY/Female/", "easy", "female"),
        ("root/Hard/MALE/batch_7/", "hard", "male"),
        ("easy/hard/", "hard", ""),
        ("hard/easy/male/female/", "easy", "female"),
        ("female/medium/", "medium", "female"),
        ("easy/", "easy", ""),
        ("dataset_ultimate/", "", ""),
        ("", "", ""),
        ("uneasy/hardly/females/", "", ""),
        ("s3://hard/easy/", "easy", ""),
        ("s3://hard/", "", ""),
        ("s3://male/easy/", "easy", ""),
        ("file:///data/hard/female/", "hard", "female"),
    ],
)
def test_the_deepest_folder_says_difficulty_and_gender(folder: str, difficulty: str, gender: str) -> None:
    image = parse_key(f"{folder}initial_image/001_person.png")
    assert (image.folder, image.difficulty, image.gender) == (folder, difficulty, gender)


def test_a_garment_may_be_nameless() -> None:
    assert parse_key("easy/cloth_image/001_cloth_.png").garment == ""
