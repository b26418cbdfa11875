"""What leaves the house: names, captions and the picture of person and garment, and how wrong wishes are refused."""

import io
from collections.abc import Mapping, Sequence

import datasets
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from tests.bucket import encoded, png
from vton_hf.cache.features import TEXT_COLUMNS, features, image_column
from vton_hf.errors import ConfigError, ImageError
from vton_hf.exports.columns import PRESETS, parse_columns
from vton_hf.naming import ROLES


def triplets(persons: Sequence[bytes], garments: Sequence[bytes]) -> pa.Table:
    """Rows as they are stored; row n has stem `n` and key `k/n`."""
    count = len(persons)
    images = {"initial_image": persons, "cloth_image": garments, "try_on_image": [png("worn")] * count}
    columns = [
        image_column(list(images[role]), pa.array([f"s3://b/{role}/{n}.png" for n in range(count)])) for role in ROLES
    ]
    texts = {"stem": "{}", "key": "k/{}", "difficulty": "hard", "gender": "female", "garment": "dress"}
    columns += [pa.array([texts[name].format(n) for n in range(count)]) for name in TEXT_COLUMNS]
    return pa.Table.from_arrays(columns, schema=features().arrow_schema)


TABLE = triplets([png("a"), png("b")], [png("c"), png("d")])


def opened(cell: Mapping[str, bytes]) -> Image.Image:
    return Image.open(io.BytesIO(cell["bytes"]))


def test_none_leaves_everything_as_it_is() -> None:
    columns = parse_columns(None).of(features())
    assert columns.features == features()
    assert columns.apply(TABLE).equals(TABLE, check_metadata=True)


@pytest.mark.parametrize(
    "said",
    [
        "picture=try_on_image,key,text=caption",
        " picture = try_on_image , key , text = caption ",
        ["picture=try_on_image", "key", "text=caption"],
        ("picture=try_on_image", "key=key", "text=caption"),
        {"picture": "try_on_image", "key": "key", "text": "caption"},
    ],
)
def test_columns_can_be_said_in_every_form(said: str | list[str] | dict[str, str]) -> None:
    columns = parse_columns(said)
    assert columns.made_from == (("picture", "try_on_image"), ("key", "key"), ("text", "caption"))
    made = columns.apply(TABLE)
    assert made.schema.equals(columns.features.arrow_schema, check_metadata=True)
    assert made["picture"].to_pylist() == TABLE["try_on_image"].to_pylist()
    assert made["key"].to_pylist() == ["k/0", "k/1"]
    assert made["text"].to_pylist() == ["dress the person in the garment"] * 2


def test_one_source_may_leave_under_two_names() -> None:
    made = parse_columns("a=condition,b=condition").apply(TABLE)
    assert made["a"] == made["b"]


def test_the_presets_have_the_names_that_the_trainers_look_for() -> None:
    text, image = datasets.Value("string"), datasets.Image()
    traced = {"difficulty": text, "key": text}
    assert parse_columns("controlnet").features == {
        "image": image, "conditioning_image": image, "text": text, **traced,
    }  # fmt: skip
    assert parse_columns("instruct-pix2pix").features == {
        "input_image": image, "edit_prompt": text, "edited_image": image, "condition": image, **traced,
    }  # fmt: skip


def test_the_presets_show_the_right_images() -> None:
    made = parse_columns("controlnet").apply(TABLE)
    assert made["image"].to_pylist() == TABLE["try_on_image"].to_pylist()
    assert opened(made["conditioning_image"][0].as_py()).size == (24, 16)
    made = parse_columns("instruct-pix2pix").apply(TABLE)
    assert made["input_image"].to_pylist() == TABLE["initial_image"].to_pylist()
    assert made["edited_image"].to_pylist() == TABLE["try_on_image"].to_pylist()


def test_rows_can_be_read_by_datasets() -> None:
    columns = parse_columns("controlnet")
    dataset = datasets.Dataset(columns.apply(TABLE))
    assert dataset.features == columns.features
    assert dataset[1]["conditioning_image"].size == (24, 16)


def test_a_caption_is_filled_in_row_by_row() -> None:
    template = "{gender} {garment!s:>6} {{{difficulty}}} {stem} {key}"
    made = parse_columns({"text": "caption"}, template).apply(TABLE)
    assert made["text"].to_pylist() == ["female  dress {hard} 0 k/0", "female  dress {hard} 1 k/1"]


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("a {colour} dress", "has the field {colour}, which does not exist. Allowed: text with any of {difficulty}"),
        ("a {garmet}", "Did you mean 'garment'?"),
        ("{key.__class__}", "has the field {key.__class__}, which does not exist. Allowed"),
        ("{key[0]}", "has the field {key[0]}"),
        ("{}", "has the field {}, which does not exist."),
        ("{0}", "has the field {0}, which does not exist."),
        ("{key:{stem}}", "has a field within {key:...}"),
        ("a {garment", "is malformed: expected '}' before end of string"),
        ("a } b", "is malformed: Single '}'"),
        ("{stem:03d}", "is malformed: Unknown format code 'd'"),
        ("{key!x}", "is malformed: Unknown conversion specifier"),
        (7, "caption must be a text, got 7."),
    ],
)
def test_a_template_that_would_fail_is_refused_at_once(caption: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_columns("text=caption", caption).of(features())
    assert words in str(caught.value)


def test_a_caption_that_no_column_shows_is_refused() -> None:
    for columns in (None, "image=try_on_image"):
        with pytest.raises(ConfigError, match=r"yet no column shows it\. Add one, such as columns='text=caption"):
            parse_columns(columns, "a dress")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            "image=tryon_image",
            "asks for 'tryon_image', which does not exist. Did you mean 'try_on_image'? Allowed: a pr",
        ),
        ("instruct_pix2pix", "Did you mean 'instruct-pix2pix'?"),
        (
            "image=worn",
            (
                "columns= asks for 'worn', which does not exist. Allowed: a preset ('instruct-pix2pix', 'controlnet'), or SOURCE or "
                "NAME=SOURCE, separated by commas, where SOURCE is one of: initial_image, cloth_image, try_on_image, "
                "difficulty, stem, gender, garment, key, caption, condition."
            ),
        ),
        ("", "asks for '', which does not exist. Allowed"),
        ("key,", "asks for ''"),
        ("a=b=key", "asks for 'b=key'"),
        ("=key", "names a column ''. Allowed: a letter, then"),
        ("a/b=key", "names a column 'a/b'"),
        ("a.b=key", "names a column 'a.b'"),
        ("__key__=key", "names a column '__key__'"),
        ("a" * 65 + "=key", "64 at most"),
        ("key,key", "has 'key' and 'key': each name once"),
        (["a=key", "A=stem"], "has 'a' and 'A': each name once, whatever its case."),
        ([], "chooses no column. Allowed"),
        ({}, "chooses no column. Allowed"),
        (7, "columns must be a preset, a list of columns or {name: column}, got 7. Allowed: a preset ("),
        ([7], "columns must be"),
        ({"a": 7}, "columns must be"),
        (b"key", "columns must be"),
    ],
)
def test_columns_that_make_no_sense_are_refused(columns: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_columns(columns).of(features())
    assert words in str(caught.value)


def test_every_preset_is_itself_allowed() -> None:
    for name, pairs in PRESETS.items():
        assert parse_columns(name).made_from == parse_columns([f" {name} "]).made_from == tuple(pairs.items())


def test_a_condition_shows_the_person_beside_the_garment() -> None:
    garment = Image.new("RGB", (8, 4), "blue")
    made = parse_columns("condition").apply(triplets([png("p", (12, 16))], [encoded(garment)]))
    (cell,) = made["condition"].to_pylist()
    assert cell["path"] == "0_condition.png"
    assert cell["bytes"].startswith(b"\x89PNG")
    both = np.asarray(opened(cell))
    assert both.shape == (16, 24, 3)
    assert np.array_equal(both[:, :12], np.asarray(Image.open(io.BytesIO(png("p", (12, 16))))))
    # The garment fits the width: 12 x 6 of 12 x 16, centred on white.
    assert (both[:5, 12:] == 255).all()
    assert (both[5:11, 12:] == (0, 0, 255)).all()
    assert (both[11:, 12:] == 255).all()


def test_a_condition_is_seen_as_trainers_see_it() -> None:
    clear, grey = Image.new("RGBA", (6, 8), (9, 9, 9, 0)), Image.new("L", (6, 8), 7)
    (cell,) = parse_columns("condition").apply(triplets([encoded(clear)], [encoded(grey)]))["condition"].to_pylist()
    both = np.asarray(opened(cell))
    assert (both[:, :6] == 255).all()
    assert (both[:, 6:] == 7).all()


def test_a_condition_is_a_png_where_both_are() -> None:
    red, blue = (encoded(Image.new("RGB", (16, 16), colour), "JPEG") for colour in ("red", "blue"))
    cells = parse_columns("condition").apply(triplets([red, red, png("a")], [blue, png("b"), blue]))["condition"]
    assert [cell["path"] for cell in cells.to_pylist()] == ["0_condition.jpg", "1_condition.jpg", "2_condition.jpg"]
    assert [opened(cell).format for cell in cells.to_pylist()] == ["JPEG"] * 3
    both = opened(cells[0].as_py())
    assert [sampling for _, *sampling, _ in both.layer] == [[1, 1]] * 3  # type: ignore[attr-defined]
    assert np.abs(np.asarray(both)[8, [15, 16]].astype(int) - [[255, 0, 0], [0, 0, 255]]).max() < 8


def test_many_conditions_stay_in_order() -> None:
    persons = [png(f"p{n}") for n in range(20)]
    made = parse_columns("condition").apply(triplets(persons, [png("g")] * 20).slice(3))["condition"].to_pylist()
    assert [cell["path"] for cell in made] == [f"{n}_condition.png" for n in range(3, 20)]
    for cell, person in zip(made, persons[3:], strict=True):
        assert opened(cell).crop((0, 0, 12, 16)).tobytes() == Image.open(io.BytesIO(person)).tobytes()


def test_a_broken_image_is_named_with_its_row() -> None:
    table = triplets([png("a"), png("b")], [png("c"), png("d")[:-20]])
    with pytest.raises(ImageError) as caught:
        parse_columns("controlnet").apply(table)
    assert str(caught.value).startswith("'k/1' cannot be exported: cloth_image 's3://b/cloth_image/1.png': truncated")
    assert parse_columns("image=cloth_image").apply(table).num_rows == 2


def test_no_rows_are_no_rows() -> None:
    columns = parse_columns("controlnet")
    assert columns.apply(TABLE.slice(0, 0)) == columns.features.arrow_schema.empty_table()
