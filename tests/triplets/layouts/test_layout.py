"""What a layout may say: by name, in a TOML file, as a dictionary; and what is said of one that makes no sense."""

from pathlib import Path
from typing import Any

import pytest

from vton_hf.errors import ConfigError
from vton_hf.triplets import Layout, layout_text, read_layout

PAIR = {"kind": "pair", "cloth_image": "c/{stem}.jpg", "try_on_image": "p/{stem}.jpg"}
NAMES = ("vton", "viton-hd", "dresscode", "catvton", "table")


def refusal(layout: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read_layout(layout)
    return str(caught.value)


def test_auto_is_no_layout() -> None:
    assert read_layout("auto") is None
    assert read_layout(None) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_layout_with_a_name_is_the_same_as_its_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(layout_text(name), encoding="utf-8")
    assert read_layout(path) == read_layout(name)
    assert layout_text(str(path)) == layout_text(name)


@pytest.mark.parametrize("name", ["dresscode-mr", "igpair"])
def test_the_layouts_of_the_docs_are_layouts(name: str) -> None:
    layout = read_layout(Path(__file__).parents[3] / "docs" / "layouts" / f"{name}.toml")
    assert isinstance(layout, Layout)
    assert layout.name == name


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ("vitonhd", "Did you mean 'viton-hd'?"),
        (7, "layout must be 'auto', 'vton'"),
        ("no/such.toml", "layout='no/such.toml' cannot be read"),
        ({**PAIR, "colums": {}}, "has the key 'colums', which does not exist. Did you mean 'columns'?"),
        ({**PAIR, "try_on_image": "p/{stm}.jpg"}, "has the field {stm}, which does not exist. Did you mean 'stem'?"),
        ({**PAIR, "try_on_image": "p/a.jpg"}, "has no {stem}, which says what belongs together"),
        ({**PAIR, "try_on_image": "p/{stem}/{stem}.jpg"}, "has {stem} twice"),
        ({**PAIR, "try_on_image": "/p/{stem}.jpg"}, "must be a pattern of keys below some folder"),
        ({**PAIR, "try_on_image": "s3://b/{stem}.jpg"}, "must be a pattern of keys below some folder"),
        ({**PAIR, "try_on_image": "p/{split}_{stem}.jpg"}, "has {split} in a file's name"),
        ({"cloth_image": "c/{stem}.jpg"}, "does not say where try_on_image lies"),
        ({**PAIR, "kind": "triplet"}, "or kind = 'pair', if there is no picture of the person before"),
        ({**PAIR, "kind": "pairs"}, "Did you mean 'pair'?"),
        ({**PAIR, "pair_columns": ["person", "cloth"]}, "pair_columns must be 'person' and 'garment'"),
        ({**PAIR, "columns": {"key": "k/{stem}.png"}}, "must be a name that is none of"),
        ({**PAIR, "columns": ["mask"]}, "must be a table of names and values"),
        ({**PAIR, "cloth_image": 3}, "must be a text, or a list of them"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_sense_is_refused_with_the_nearest_that_does(layout: Any, said: str) -> None:
    assert said in refusal(layout)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("kind = pair", encoding="utf-8")
    assert f"layout={str(path)!r} is no TOML file: " in refusal(str(path))
