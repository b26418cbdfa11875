"""The contact sheet shows every triplet, and survives whatever a bucket holds."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from vton_hf.errors import ConfigError
from vton_hf.report import contact_sheet, pick_examples

RED, GREEN, BLUE = (200, 20, 20), (20, 180, 20), (20, 20, 200)


def row(difficulty: str = "easy", stem: str = "001", **changes: Any) -> dict[str, Any]:
    images = {
        "initial_image": Image.new("RGB", (60, 80), RED),
        "cloth_image": Image.new("RGB", (60, 80), GREEN),
        "try_on_image": Image.new("RGB", (60, 80), BLUE),
    }
    return {**images, "difficulty": difficulty, "gender": "male", "stem": stem, "garment": "coat"} | changes


def area(sheet: Image.Image, colour: tuple[int, int, int]) -> int:
    """How many pixels have this colour."""
    return int((np.asarray(sheet) == colour).all(axis=2).sum())


def left_edge(sheet: Image.Image, colour: tuple[int, int, int]) -> int:
    return int(np.argwhere((np.asarray(sheet) == colour).all(axis=2))[:, 1].min())


def test_a_triplet_shows_its_three_images_in_order_from_left_to_right() -> None:
    sheet = contact_sheet([row()], height=80)
    assert left_edge(sheet, RED) < left_edge(sheet, GREEN) < left_edge(sheet, BLUE)
    assert {area(sheet, colour) for colour in (RED, GREEN, BLUE)} == {60 * 80}


def test_the_sheet_grows_with_rows_columns_and_height() -> None:
    rows = [row(stem=str(number)) for number in range(4)]
    one, two = contact_sheet(rows, columns=1), contact_sheet(rows, columns=2)
    assert two.width > one.width
    assert two.height < one.height
    assert contact_sheet(rows, columns=2, height=80).width < two.width
    assert contact_sheet(rows, columns=2, title="Triplets").height > two.height


def test_columns_that_no_row_fills_take_no_space() -> None:
    assert contact_sheet([row()], columns=9).size == contact_sheet([row()], columns=1).size


def test_difficulties_are_grouped_under_bands_of_their_own_colour() -> None:
    mixed = [row("hard"), row("easy"), row("hard"), row("medium"), row("odd")]
    sheet = np.asarray(contact_sheet(mixed, columns=1, height=80))
    edge = sheet[:, 0]
    bands = [tuple(int(part) for part in colour) for colour in edge if tuple(colour) != (255, 255, 255)]
    assert len(dict.fromkeys(bands)) == 4
    assert contact_sheet(mixed).tobytes() == contact_sheet([mixed[1], mixed[3], mixed[0], mixed[2], mixed[4]]).tobytes()


def test_a_wide_image_keeps_its_aspect_ratio() -> None:
    sheet = contact_sheet([row(cloth_image=Image.new("RGB", (120, 40), GREEN))], height=80)
    assert area(sheet, GREEN) == 60 * 20


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I", "I;16", "F", "HSV"])
def test_every_mode_of_image_is_shown(mode: str) -> None:
    sheet = contact_sheet([row(cloth_image=Image.new(mode, (60, 80)))], height=80)
    missing = contact_sheet([row(cloth_image=None)], height=80)
    assert sheet.mode == "RGB"
    assert sheet.tobytes() != missing.tobytes()


def test_what_is_transparent_shows_white() -> None:
    clear = Image.new("RGBA", (60, 80), (*GREEN, 0))
    white = Image.new("RGB", (60, 80), (255, 255, 255))
    assert contact_sheet([row(cloth_image=clear)]).tobytes() == contact_sheet([row(cloth_image=white)]).tobytes()


def test_sixteen_bits_are_scaled() -> None:
    deep = Image.new("I;16", (60, 80), 128 * 257)
    assert area(contact_sheet([row(cloth_image=deep)], height=80), (128, 128, 128)) == 60 * 80


def truncated() -> Image.Image:
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(buffer, "PNG")
    return Image.open(io.BytesIO(buffer.getvalue()[:900]))


def test_an_image_that_is_none_broken_or_no_image_becomes_a_placeholder() -> None:
    expected = contact_sheet([row(cloth_image=None)]).tobytes()
    for nothing in (truncated(), b"bytes", Image.new("RGB", (0, 5))):
        assert contact_sheet([row(cloth_image=nothing)]).tobytes() == expected
    assert expected != contact_sheet([row()]).tobytes()


def test_missing_keys_are_fine() -> None:
    assert contact_sheet([{}, {"stem": "7"}, {"key": "a/b.png"}]).mode == "RGB"


@pytest.mark.parametrize("text", ["日本語", "платье", "عربي", "👗", "a\nb\tc", "\ud800", "\0", "", "x" * 100_000])
def test_no_caption_or_title_is_too_odd(text: str) -> None:
    plain = contact_sheet([row()], title="title")
    assert contact_sheet([row(stem=text, garment=text)], title=text or "title").size == plain.size


def test_a_long_caption_stays_within_its_triplet() -> None:
    long = np.asarray(contact_sheet([row(stem="W" * 300)], columns=1))
    assert (long[-10:, -6:] == 255).all()


def test_rows_may_come_from_a_generator_and_are_not_changed() -> None:
    rows = [row()]
    before = dict(rows[0])
    assert contact_sheet(one for one in rows).tobytes() == contact_sheet(rows).tobytes()
    assert rows[0] == before


def test_no_rows_is_an_error_that_says_so() -> None:
    with pytest.raises(ConfigError, match="at least one triplet"):
        contact_sheet([])


def test_one_row_is_told_from_rows() -> None:
    with pytest.raises(ConfigError, match=r"rows must be rows of a dataset, got a dictionary: write \[ds\[0\]\]"):
        contact_sheet({"key": "easy/male/001"})  # type: ignore[arg-type]


def test_a_sheet_of_many_shows_the_first_and_says_of_how_many() -> None:
    drawn: list[int] = []

    class Many:
        def __len__(self) -> int:
            return 10_000

        def __getitem__(self, index: int) -> dict[str, Any]:
            drawn.append(index)
            return row()

    some = contact_sheet(Many(), height=24)
    assert drawn == list(range(64))
    assert some.tobytes() == contact_sheet([row()] * 64, height=24, title="(the first 64 of 10,000)").tobytes()
    told = contact_sheet([row()] * 3, limit=2, title="Mine", height=24)
    assert told.tobytes() == contact_sheet([row()] * 2, title="Mine (the first 2 of 3)", height=24).tobytes()
    assert contact_sheet((row() for _ in range(80)), height=24).height < some.height, "of how many is not known"
    assert contact_sheet([row()] * 80, limit=None, height=24).height > some.height


@pytest.mark.parametrize("options", [{"columns": 0}, {"columns": 1.5}, {"height": 0}, {"height": -3}, {"limit": 0}])
def test_a_senseless_option_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        contact_sheet([row()], **options)


def texts(*rows: str) -> dict[str, list[str]]:
    """Columns from texts such as `"easy female a"`, or `"easy a"` where no gender is said."""
    places = [(row.split()[0], row.split()[1] if row.count(" ") > 1 else "", row) for row in rows]
    return dict(zip(("difficulty", "gender", "key"), map(list, zip(*places, strict=True)), strict=True))


def test_the_first_of_each_difficulty_and_gender_are_chosen_and_none_twice() -> None:
    rows = texts(
        *("hard male b", "hard male b", "easy male z", "hard male a", "hard male c", "hard x"),
        *("easy female q", "medium male m", "easy male z", "easy male y", "hard x"),
    )
    assert pick_examples(rows) == [6, 2, 9, 7, 0, 3, 5]
    assert pick_examples(rows, each=1) == [6, 2, 7, 0, 5]
    assert pick_examples(rows, each=9) == [6, 2, 9, 7, 0, 3, 4, 5]


def test_texts_may_be_an_arrow_table_in_chunks_with_nothing_said_or_no_row() -> None:
    rows = pa.table(texts("easy b", "hard male a", "easy b", "easy a"))
    split = pa.concat_tables([rows.slice(0, 1), rows.slice(1)])
    unsaid = split.set_column(1, "gender", pa.array([None, "male", None, None], pa.string()))
    assert pick_examples(split) == pick_examples(unsaid) == [0, 3, 1]
    assert pick_examples(split.slice(0, 0)) == pick_examples({"difficulty": [], "gender": [], "key": []}) == []


def test_choosing_from_a_million_rows() -> None:
    numbers = np.arange(1_000_000)
    rows = {
        "difficulty": pa.array(np.array(["hard", "easy"])[numbers % 2]),
        "gender": pa.array(np.full(len(numbers), "male")),
        "key": pa.array(numbers // 1000).cast(pa.string()),
    }
    assert pick_examples(rows) == [1, 1001, 0, 1000]


@pytest.mark.parametrize("each", [0, -1, 1.5])
def test_choosing_less_than_one_makes_no_sense(each: Any) -> None:
    with pytest.raises(ConfigError, match="each"):
        pick_examples(texts("easy b"), each)
