"""The dataset's card: stock `datasets` loads by it, and nothing that people wrote into it is lost."""

import logging
import re
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import datasets
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.s3 import MotoS3
from vton_hf.cache.features import features
from vton_hf.errors import ConfigError
from vton_hf.exports import PRESETS
from vton_hf.exports.card import Contents, Split, render
from vton_hf.exports.columns import parse_columns
from vton_hf.mixing import RECIPES
from vton_hf.naming import ROLES

ROOT = Path(__file__).parents[2]
STEADY = settings(deadline=None, derandomize=True, max_examples=30, database=None)
MARK = re.compile(r"<!-- (/?)vton-hf:(\S+?)(?: [0-9a-f]{8})? -->")
NOTE = "<!-- Each push writes this section anew, up to the next mark; write above or below it. -->\n"
FORMER = Path(__file__).parents[1] / "former" / "0.1.0" / "export.md"
"""A card that version 0.1 wrote, with a digest in each mark."""
TABLE = "| difficulty | got |\n|---|---:|\n| hard | 6 |"


def config(name: str = "hard", *, rows: int = 6, **changes: Any) -> Contents:
    split = Split(rows=rows, bytes=1000 * rows, files=f"{name}/train-*-3f2a9c01.parquet", download=900 * rows)
    given = {
        "name": name,
        "features": features(),
        "splits": {"train": split},
        "composition": TABLE,
        "recipe": {"seed": "0", "mixing": "exact"},
        "sources": ["s3://my-bucket/dataset_ultimate/"],
        "left_out": {},
        "sheet": f"{name}/contact_sheet.png",
    }
    return Contents(**(given | changes))


def card(old: str | None = None, *contents: Contents, destination: str = "org/shop", **options: Any) -> str:
    """Render, and hold that rendering once more changes nothing."""
    text = render(old, contents or [config()], destination=destination, **options)
    assert render(text, contents or [config()], destination=destination, **options) == text
    return text


def former(text: str) -> str:
    """The card as version 0.1 would have written it: with a digest in each mark, and nothing said of whose text it is."""

    def written(section: re.Match[str]) -> str:
        lines = "".join(f"{line.rstrip()}\n" for line in section[2].strip().splitlines())
        digest = sha256(lines.encode()).hexdigest()[:8]
        return f"<!-- vton-hf:{section[1]} {digest} -->\n{section[2]}<!-- /vton-hf:"

    return re.sub(rf"<!-- vton-hf:(\S+) -->\n{NOTE}(.*?)<!-- /vton-hf:", written, text, flags=re.DOTALL)


@cache
def first() -> str:
    return card(None, config("easy"), config("hard"))


def header(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text.replace("\r\n", "\n").split("---\n")[1])
    return found


def body(text: str) -> str:
    return re.split(r"^---\r?\n", text, maxsplit=2, flags=re.MULTILINE)[2]


def marks(text: str) -> list[str]:
    return [f"{end}{name}" for end, name in MARK.findall(text)]


def pairs(*names: str) -> list[str]:
    return [mark for name in names for mark in (name, f"/{name}")]


def section(text: str, name: str) -> str:
    """What stands between the marks of a section."""
    found = re.search(rf"<!-- vton-hf:{name} -->\n{NOTE}(.*?)<!-- /vton-hf:{name} -->", text, re.DOTALL)
    assert found
    return found[1].strip()


def with_header(text: str, **keys: Any) -> str:
    """The card with other keys in its header, as if people had written them."""
    return f"---\n{yaml.safe_dump(header(text) | keys, sort_keys=False)}---\n{body(text)}"


def parquet(path: Path, difficulty: str, rows: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns: dict[str, list[Any]] = {
        role: [Image.new("RGB", (6, 8), (number, 0, 0)) for number in range(rows)] for role in ROLES
    }
    texts = {"difficulty": difficulty, "stem": "001", "gender": "male", "garment": "coat"}
    columns |= {name: [value] * rows for name, value in texts.items()}
    columns["key"] = [f"{difficulty}/male/{number}" for number in range(rows)]
    datasets.Dataset.from_dict(columns, features=features()).to_parquet(path)


# What stock `datasets` reads


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three configs, each with a stale file that its glob leaves out, and the card of all."""
    for rows, name in enumerate(RECIPES, start=2):
        parquet(tmp_path / f"shop/{name}/train-00000-of-00001-3f2a9c01.parquet", name, rows)
        parquet(tmp_path / f"shop/{name}/train-00000-of-00001-0000aaaa.parquet", "stale", 1)
    contents = [config(name, rows=rows) for rows, name in enumerate(RECIPES, start=2)]
    text = card(None, *contents, destination=str(tmp_path / "shop"))
    (tmp_path / "shop/README.md").write_text(text, encoding="utf-8")
    return tmp_path / "shop"


@pytest.mark.parametrize(("name", "rows"), [("easy", 2), ("medium", 3), ("hard", 4), (None, 4)])
def test_stock_datasets_loads_each_config_and_one_without_a_name(folder: Path, name: str | None, rows: int) -> None:
    stored = datasets.load_dataset(str(folder), name, split="train")
    assert stored.features == features()
    assert set(stored["difficulty"]) == {name or "hard"}
    assert stored.info.splits["train"].num_examples == len(stored) == rows
    assert stored[1]["cloth_image"].getpixel((0, 0)) == (1, 0, 0)
    stream = datasets.load_dataset(str(folder), name, split="train", streaming=True)
    assert [row["key"] for row in stream] == stored["key"][:]


def test_the_code_of_the_card_runs_beside_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    monkeypatch.chdir(folder.parent)
    found: dict[str, Any] = {}
    exec(code.replace("path/to/shop", "shop"), found)
    assert len(found["ds"]) == len(list(found["stream"])) == 4


def test_the_code_of_the_card_runs_on_a_store(s3: MotoS3, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in folder.rglob("*.parquet"):
        s3.put("my-bucket", f"out/shop/{path.relative_to(folder).as_posix()}", path.read_bytes())
    text = card(None, config(rows=4), destination="s3://key:secret@my-bucket/out/shop/")
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    for name, value in {"AWS_ENDPOINT_URL": s3.url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(name, value)
    # Stock `datasets` takes any store for the Hub when it is told to stay offline.
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    found: dict[str, Any] = {}
    exec(code, found)
    assert [row["key"] for row in found["stream"]] == found["ds"]["key"][:] == [f"hard/male/{n}" for n in range(4)]


def test_the_header_says_where_the_files_lie_and_what_they_hold() -> None:
    splits = {
        "train": Split(rows=6, bytes=600, files="hard/train-*-3f2a9c01.parquet", download=500),
        "test": Split(rows=2, bytes=200, files="hard/test-*-3f2a9c01.parquet", download=150),
    }
    data = header(card(None, config(splits=splits)))
    info = data.pop("dataset_info")
    assert info.pop("features")[0] == {"name": "initial_image", "dtype": "image"}
    assert info == {
        "config_name": "hard",
        "splits": [
            {"name": "train", "num_bytes": 600, "num_examples": 6},
            {"name": "test", "num_bytes": 200, "num_examples": 2},
        ],
        "download_size": 650,
        "dataset_size": 800,
    }
    assert data == {
        "license": "unknown",
        "task_categories": ["image-to-image"],
        "tags": ["virtual-try-on", "fashion", "vton-hf"],
        "size_categories": ["n<1K"],
        "configs": [
            {
                "config_name": "hard",
                "data_files": [
                    {"split": "train", "path": "hard/train-*-3f2a9c01.parquet"},
                    {"split": "test", "path": "hard/test-*-3f2a9c01.parquet"},
                ],
            }
        ],
    }


def test_the_size_is_that_of_the_largest_config() -> None:
    text = card(None, config("easy", rows=20_000), config("medium", rows=999))
    assert header(text)["size_categories"] == ["10K<n<100K"]
    assert header(card(text, config("hard", rows=1_000_000)))["size_categories"] == ["1M<n<10M"]
    assert header(card(text, config("easy", rows=7)))["size_categories"] == ["n<1K"]


# The header that is there


def test_what_others_put_into_the_header_stays_as_it_is() -> None:
    old = (
        "---\n# kept by Ann\npretty_name:   'Shop'\nlanguage: [no]  # Norwegian\ntags: try-on\n# the files\nconfigs:\n"
        "- config_name: extra\n  data_files: extra/*.parquet\n  default: true\n\n# below\nnumber: 0x10\n---\nText."
    )
    text = card(old)
    kept = (
        "# kept by Ann\npretty_name:   'Shop'\nlanguage: [no]  # Norwegian\n",
        "# the files\n",
        "\n\n# below\nnumber: 0x10\n",
    )
    assert all(part in text for part in kept)
    assert text.index("pretty_name") < text.index("configs:") < text.index("number") < text.index("license")
    data = header(text)
    assert data["tags"] == ["try-on", "virtual-try-on", "fashion", "vton-hf"]
    assert data["configs"][0] == {"config_name": "extra", "data_files": "extra/*.parquet", "default": True}
    assert data["configs"][1]["config_name"] == "hard"


@pytest.mark.parametrize(
    "odd",
    [
        "{license: mit, mine: [1, 2]}",
        "  license: mit\n  mine: [1, 2]",
        "license: mit\ntags: &t [a]\nmine: [1, 2]\nmore: *t",
        "license: mit\nmine: [1, 2]\n...",
    ],
)
def test_a_header_written_in_an_odd_way_keeps_its_values(odd: str) -> None:
    data = header(card(f"---\n{odd}\n---\n"))
    assert (data["license"], data["mine"], data["configs"][0]["config_name"]) == ("mit", [1, 2], "hard")
    assert data.get("more") in (None, ["a"])


def test_entries_of_other_configs_stay_and_ours_are_replaced() -> None:
    other = {"config_name": "odd", "features": [{"name": "x", "dtype": "from-the-future"}], "download_size": 1}
    files = {"config_name": "odd", "data_dir": "odd"}
    first = card(None, config("easy"), config("hard", rows=6))
    data = header(first)
    mixed = with_header(first, dataset_info=[other, *data["dataset_info"]], configs=[*data["configs"], files])
    text = card(mixed, config("medium"), config("hard", rows=7))
    data = header(text)
    assert [entry["config_name"] for entry in data["dataset_info"]] == ["odd", "easy", "medium", "hard"]
    assert [entry["config_name"] for entry in data["configs"]] == ["easy", "medium", "hard", "odd"]
    assert (data["dataset_info"][0], data["configs"][-1]) == (other, files)
    assert data["dataset_info"][3]["splits"][0]["num_examples"] == 7
    assert marks(text) == pairs("about", "config:easy", "config:medium", "config:hard", "load")
    assert section(text, "config:easy") == section(first, "config:easy")
    assert "`easy`, `medium`, `hard` and `odd`" in section(text, "load")


def test_a_single_config_without_a_name_becomes_the_default_one_beside_ours() -> None:
    old = "---\ndataset_info:\n  features: []\n  splits: []\nconfigs:\n- config_name: default\n  data_files: data/*\n---\n"
    data = header(card(old))
    assert [entry["config_name"] for entry in data["dataset_info"]] == ["default", "hard"]
    assert [entry.get("default") for entry in data["configs"]] == [None, None]


def test_keys_that_people_added_to_our_entries_stay_unless_they_hide_the_files() -> None:
    text = card()
    entries = [header(text)["configs"][0] | {"data_dir": "elsewhere", "columns": ["key"]}]
    info = header(text)["dataset_info"] | {"description": "mine"}
    data = header(card(with_header(text, configs=entries, dataset_info=info)))
    assert data["configs"] == [{"columns": ["key"]} | header(text)["configs"][0]]
    assert data["dataset_info"]["description"] == "mine"


def defaults(text: str) -> dict[str, Any]:
    return {entry["config_name"]: entry["default"] for entry in header(text)["configs"] if "default" in entry}


def test_the_hardest_is_the_default_unless_one_is_there() -> None:
    easy = card(None, config("easy"))
    assert defaults(easy) == {}
    both = card(easy, config("medium"))
    assert defaults(both) == {"medium": True}
    assert "Without a name, `medium` is loaded." in both
    assert defaults(card(both, config("hard"))) == {"medium": True}
    assert defaults(card(both, config("medium", rows=9))) == {"medium": True}
    assert defaults(card(None, *map(config, ("hard", "easy", "medium")))) == {"hard": True}


@pytest.mark.parametrize(
    ("there", "given", "then"),
    [
        (None, None, "unknown"),
        (None, "mit", "mit"),
        ("cc-by-4.0", None, "cc-by-4.0"),
        ("cc-by-4.0", "mit", "mit"),
        (["mit", "other"], None, ["mit", "other"]),
    ],
)
def test_the_licence_is_the_one_given_or_there_or_unknown(there: Any, given: str | None, then: Any) -> None:
    text = card(with_header(card(), license=there), license=given)
    assert header(text)["license"] == then


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ("---\na: [1\nb: 2\n---\n", r"line \d: .*Nothing was written"),
        ("---\nlicense: mit\nlicense: other\n---\n", "'license' twice"),
        ("---\n- a\n- b\n---\n", "holds no `key: value` lines"),
        ("---\nlicense mit\n---\n", "holds no `key: value` lines"),
        ("---\non: 1\n---\n", "key True"),
        ("---\nlicense: !!python/none\n---\n", "Mend it"),
        ("---\nlicense: mit\n\n# Title\n", "no second line ---"),
        ("---\nconfigs: all\n---\n", "`configs`"),
        ("---\nconfigs:\n- data_files: x\n---\n", "`config_name`"),
        ("---\ndataset_info: [1]\n---\n", "`dataset_info`"),
        ("---\nconfigs:\n- {config_name: a, default: true}\n- {config_name: b, default: true}\n---\n", "one default"),
    ],
)
def test_a_header_that_cannot_be_merged_is_refused_with_what_to_mend(old: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        render(old, [config()], destination="s3://key:secret@bucket/shop")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("names", [[], ["hard", "hard"], ["mine"]])
def test_configs_that_are_none_twice_or_unknown_are_refused(names: list[str]) -> None:
    with pytest.raises(ConfigError, match="each once"):
        render(None, [config(name) for name in names], destination="org/shop")


# The text that is there


def test_a_new_card_has_all_sections_in_order_under_its_name() -> None:
    text = card(None, *map(config, ("hard", "easy", "medium")))
    assert re.findall(r"^#+ (.*)", body(text), re.MULTILINE) == [
        "shop",
        "What a row is",
        "easy",
        "medium",
        "hard",
        "How to load it",
    ]
    assert marks(text) == pairs("about", "config:easy", "config:medium", "config:hard", "load")
    assert text == render(None, [config(name) for name in ("easy", "medium", "hard")], destination="org/shop")
    assert text.endswith("-->\n")
    assert not re.search(r"\n{3}|[ \t]\n", body(text))


@pytest.mark.parametrize(
    "old", ["", "\n", "---\n---\n", "---\npretty_name: x\n---", "\ufeff---\npretty_name: x\n---\n\n"]
)
def test_a_readme_without_text_gets_a_title(old: str) -> None:
    assert body(card(old)).startswith("\n# shop\n\n<!-- vton-hf:about ")


@pytest.mark.parametrize("old", ["# Mine\nText", "Text.\n", "---\npretty_name: x\n---\n# Mine\n\n\nText", "\ufeffMine"])
def test_our_sections_are_appended_to_a_text_of_others(old: str) -> None:
    text = card(old)
    theirs = old.removeprefix("\ufeff").split("---\n")[-1]
    assert body(text).startswith(f"{theirs.rstrip()}\n\n<!-- vton-hf:about ")
    assert "# shop" not in text


def test_a_second_render_replaces_our_sections_and_nothing_else() -> None:
    old = (
        card()
        .replace("# shop", "# My shop\n\nHello.")
        .replace("<!-- vton-hf:load", "Between.  \n\n\n<!-- vton-hf:load")
    )
    old = old.rstrip("\n") + " tail"
    text = card(old, config(rows=7))
    assert "7 rows in `train`; 6.3 kB to download." in text
    assert "6 rows" not in text
    assert re.sub(r"<!-- vton-hf:(\S+).*?<!-- /", r"\1", body(text), flags=re.DOTALL) == re.sub(
        r"<!-- vton-hf:(\S+).*?<!-- /", r"\1", body(old), flags=re.DOTALL
    )


@STEADY
@given(st.lists(st.text() | st.text("\r\n -<>#`|x"), min_size=4, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_whatever_stands_between_our_sections_survives(texts: list[str], newline: str) -> None:
    head, *ours = re.split(r"(?=<!-- vton-hf:)|(?<=/vton-hf:load -->)", first().replace("\n", newline))
    old = head + "".join(f"{ours}{text}" for ours, text in zip(ours, [*texts, ""], strict=True))
    new = card(old, config("medium"), config("hard", rows=7))
    at = 0
    for text in texts:
        at = new.find(text, at)
        assert at >= 0
        at += len(text)
    assert marks(new) == pairs("about", "config:easy", "config:medium", "config:hard", "load")
    assert card(new, config("medium"), config("hard", rows=7)) == new


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_what_stands_between_our_marks_is_written_anew(caplog: pytest.LogCaptureFixture) -> None:
    text = card().replace("Nothing was left out.", "Nothing was left out.\n\nSeen by Ann.")
    assert card(text) == card()
    assert warnings(caplog) == []


def test_a_card_of_version_0_1_that_says_the_same_stays_as_it_is() -> None:
    theirs = FORMER.read_text(encoding="utf-8")
    digests = dict(re.findall(r"<!-- vton-hf:(\S+) ([0-9a-f]{8}) -->", theirs))
    undone = re.sub(r"(<!-- vton-hf:\S+) [0-9a-f]{8} -->\n", rf"\1 -->\n{NOTE}", theirs)
    assert dict(re.findall(r"<!-- vton-hf:(\S+) ([0-9a-f]{8}) -->", former(undone))) == digests
    old = former(card())
    assert render(old, [config()], destination="org/shop") == old
    assert section(card(old, config(rows=7)), "config:hard").startswith("## hard\n\n7 rows")


def test_an_edited_section_of_version_0_1_is_kept_as_text_below_the_new_one(caplog: pytest.LogCaptureFixture) -> None:
    edited = former(card()).replace("Nothing was left out.", "Nothing was left out, as Ann has seen.")
    text = card(edited, config(rows=7))
    assert len(warnings(caplog)) == 1
    assert "'config:hard' was edited" in warnings(caplog)[0]
    assert section(text, "config:hard").endswith("Nothing was left out.")
    theirs = text[text.index("<!-- /vton-hf:config:hard -->") : text.index("<!-- vton-hf:load")]
    assert theirs.startswith("<!-- /vton-hf:config:hard -->\n\n## hard\n\n6 rows")
    assert theirs.endswith("Nothing was left out, as Ann has seen.\n\n")
    assert card(text, config(rows=8)).count("as Ann has seen") == 1
    assert len(warnings(caplog)) == 1


def test_a_line_added_in_version_0_1_moves_below_and_the_rest_is_not_doubled(caplog: pytest.LogCaptureFixture) -> None:
    old = former(card()).replace("Nothing was left out.\n", "Nothing was left out.\n\nSeen by Ann.\n")
    text = card(old, config(rows=7))
    assert "<!-- /vton-hf:config:hard -->\n\nSeen by Ann.\n\n<!-- vton-hf:load" in text
    assert text.count("## hard") == 1
    assert len(warnings(caplog)) == 1


def test_a_section_whose_text_was_deleted_is_written_again() -> None:
    old = card()
    assert card(old.replace(section(old, "about"), "")) == old.replace("\n\n\n\n", "\n\n")


@pytest.mark.parametrize("name", ["about", "config:easy", "config:hard", "load"])
def test_a_section_that_was_deleted_comes_back_in_its_place(name: str) -> None:
    both = (config("easy"), config("hard"))
    whole = card(None, *both)
    gone = re.sub(rf"<!-- vton-hf:{name} -->.*?<!-- /vton-hf:{name} -->\n+", "", whole, flags=re.DOTALL)
    assert gone != whole
    assert card(gone, *both) == whole


def test_a_new_section_comes_before_the_next_one_so_that_remarks_stay_below_theirs() -> None:
    old = card(None, config("easy"), config("hard")).replace(
        "<!-- vton-hf:config:hard", "On easy.\n\n<!-- vton-hf:config:hard"
    )
    text = card(old, config("medium"))
    assert text.index("/vton-hf:config:easy") < text.index("On easy.\n\n<!-- vton-hf:config:medium")


@pytest.mark.parametrize("version", [str, former], ids=["today", "0.1"])
def test_line_breaks_of_windows_are_kept_and_are_no_edit(
    version: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    text = version(card(None, config("easy")))
    windows = text.replace("\n", "\r\n")
    assert render(windows, [config("easy")], destination="org/shop") == windows
    more = card(windows, config("hard"))
    assert "\n" not in more.replace("\r\n", "")
    assert more.replace("\r\n", "\n") == card(text, config("hard"))
    assert warnings(caplog) == []


def test_without_its_end_mark_a_section_ends_at_the_next_and_loses_nothing() -> None:
    old = card()
    end = "<!-- /vton-hf:config:hard -->"
    assert card(old.replace(f"{end}\n\n", "")) == old
    assert "6 rows" in (text := card(old.replace(end, "Remark."), config(rows=7)))
    assert text[text.index(end) :].index("Remark.") < text[text.index(end) :].index("<!-- vton-hf:load")
    old = former(old)
    text = card(old.replace(end, "Remark."), config(rows=7))
    assert marks(text) == pairs("about", "config:hard", "load")
    assert f"{end}\n\nRemark.\n\n<!-- vton-hf:load" in text
    assert text.count("## hard") == 1
    last = card(old.replace("<!-- /vton-hf:load -->", "The end."))
    assert last.endswith("<!-- /vton-hf:load -->\n\nThe end.\n")


def test_without_its_start_mark_a_section_is_text_of_others() -> None:
    old = card().replace("## hard", "## hard by hand")
    text = card(old.replace(f"<!-- vton-hf:config:hard -->\n{NOTE}", ""))
    assert marks(text) == pairs("about", "config:hard", "load")
    assert text.index("## hard by hand") < text.index("<!-- vton-hf:config:hard ") < text.index("## hard\n")


def test_of_a_doubled_section_one_stays_and_what_was_edited_in_the_other() -> None:
    old = card()
    copy = old[old.index("<!-- vton-hf:config") : old.index("<!-- vton-hf:load")]
    assert marks(card(old + "\n" + copy)) == pairs("about", "config:hard", "load")
    text = card(old + "\n" + former(copy).replace("## hard", "## hard, my own"))
    assert marks(text) == pairs("about", "config:hard", "load")
    assert "## hard, my own" in text[text.index("/vton-hf:load") :]
    nested = card(former(old).replace("## hard", f"## hard\n\n{copy}\nRemark."))
    assert marks(nested) == pairs("about", "config:hard", "load")
    assert "Remark." in nested


def test_marks_of_another_kind_are_left_alone() -> None:
    other = "<!-- vton-hf:config:other 00000000 -->\nx\n<!-- /vton-hf:config:other -->\n<!-- /vton-hf:future -->"
    assert other in card(f"{other}\n")


# What the sections say


def test_a_config_shows_its_picture_composition_recipe_and_sources() -> None:
    assert section(card(), "config:hard") == (
        "## hard\n\n6 rows in `train`; 5.4 kB to download.\n\n![Triplets of hard](hard/contact_sheet.png)\n\n"
        f"{TABLE}\n\n"
        "| made with | |\n|---|---|\n| sources | `s3://my-bucket/dataset_ultimate/` |\n| seed | `0` |\n"
        "| mixing | `exact` |\n\nNothing was left out."
    )


def test_a_config_without_picture_recipe_or_sources_is_shorter() -> None:
    text = section(card(None, config(sheet=None, recipe={}, sources=[])), "config:hard")
    assert "![" not in text
    assert "made with" not in text


def test_what_was_left_out_is_counted_by_reason() -> None:
    text = card(None, config(left_out={"incomplete": 1200, "excluded": 0, "broken image": 3}))
    assert "Left out: incomplete (1,200), broken image (3)." in text
    assert "Nothing was left out" not in text


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("s3://key:secret@bucket/a/", "`s3://bucket/a/`"),
        ("s3://key:sec/ret@bucket/a/", "`s3://bucket/a/`"),
        ("s3://key:1/secret@bucket/a/", "`s3://bucket/a/`"),
        ("s3://key:se?cret@bucket/a/", "`s3://bucket/a/`"),
        ("https://jane:secret@host/a/?X-Amz-Signature=secret", "`https://host/a/`"),
        ("https://secret@host:8080/a@b/#secret", "`https://host:8080/a@b/`"),
        ("https://host?sig=secret@x", "`https://host`"),
        ("simplecache::https://jane:secret@host/a/", "`simplecache::https://host/a/`"),
        ("abfs://container@account.example/a/?sig=secret", "`abfs://container@account.example/a/`"),
        ("s3://arn:aws:s3:us-east-1:1:accesspoint/x/a@b/", "`s3://arn:aws:s3:us-east-1:1:accesspoint/x/a@b/`"),
        ("file:///home/jane/bucket/dataset_ultimate/", "`file://.../bucket/dataset_ultimate/`"),
        ("file:///home/jane/", "`file://.../`"),
        ("file:///home/jane/shop/", "`file://.../shop/`"),
        ("file:///data/deep/down/shop/", "`file://.../down/shop/`"),
        ("/Users/jane/shop", "`.../shop`"),
        ("~jane/shop/", "`.../shop/`"),
        ("dataset_ultimate/easy/", "`dataset_ultimate/easy/`"),
    ],
)
def test_a_source_is_shown_without_secrets_and_without_the_home_of_a_user(source: str, shown: str) -> None:
    text = card(None, config(sources=[source], recipe={"endpoint": source}))
    assert f"| sources | {shown} |" in text
    assert f"| endpoint | {shown} |" in text
    assert not re.search(r"secret@|sec/|1/sec|=secret|jane", text)


def test_a_place_is_shown_without_secrets_and_without_the_home_of_a_user() -> None:
    for destination in ("s3://key:secret@bucket/shop/", "/home/jane/shop", "https://host/shop?sig=secret"):
        text = card(None, destination=destination)
        assert "\n# shop\n" in text
        assert not re.search("secret|jane", text)


@pytest.mark.parametrize(
    "odd",
    [
        "a|b",
        "a`b",
        "`",
        "<!-- vton-hf:about 00000000 -->",
        "<!--",
        "-->",
        "a\nb",
        "a\r\n| b",
        "\u2028",
        "<b>",
        "\ud800",
        "",
        "*_[",
    ],
)
def test_no_text_of_a_bucket_breaks_a_table_or_a_mark(odd: str) -> None:
    whole = config(
        sources=[f"s3://bucket/{odd}/"], recipe={odd: odd, "seed": "0"}, left_out={odd: 2}, composition=f"{TABLE}{odd}"
    )
    text = card(None, whole, destination=f"/data/{odd}")
    text.encode()
    assert marks(text) == pairs("about", "config:hard", "load")
    made = section(text, "config:hard").partition("| made with | |\n")[2].partition("\n\n")[0].splitlines()
    assert len(made) == 4
    assert {line.count("|") for line in made} == {3}
    assert all(line.count("`") in (0, 2) for line in made[1:])


def test_only_the_columns_that_there_are_are_described() -> None:
    few = datasets.Features({name: features()[name] for name in ("try_on_image", "key")})
    more = datasets.Features({**few, "mask": datasets.Image(), "tags": datasets.List(datasets.Value("string"))})
    text = section(card(None, config("hard", features=few)), "about")
    assert re.findall(r"^\| `(\w+)` \| `", text, re.MULTILINE) == ["try_on_image", "key"]
    both = section(card(card(None, config("hard", features=few)), config("easy", features=more)), "about")
    assert re.findall(r"^\| `(\w+)` \| `(\w+)`", both, re.MULTILINE) == [
        ("try_on_image", "Image"),
        ("key", "string"),
        ("mask", "Image"),
        ("tags", "list"),
    ]


@pytest.mark.parametrize("destination", ["org/shop", "hf://datasets/org/shop"])
def test_a_repository_is_loaded_by_its_name_with_a_token_while_it_is_private(destination: str) -> None:
    text = section(card(None, config("easy"), config("hard"), destination=destination), "load")
    assert 'ds = load_dataset("org/shop", "hard", split="train")' in text
    assert 'load_dataset("org/shop", "hard", split="train", streaming=True)' in text
    assert "The configs are `easy` and `hard`. Without a name, `hard` is loaded." in text
    assert 'token="hf_..."' in text
    assert "vton_hf.with_transform(ds, transform)" in text


def tables(text: str) -> list[list[str]]:
    return [block.splitlines() for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)]


@pytest.mark.parametrize(("destination", "name"), [("org/shop", "org/shop"), ("/data/shop", "path/to/shop")])
@pytest.mark.parametrize("preset", PRESETS)
def test_diffusers_columns_are_told_the_way_into_its_scripts(preset: str, destination: str, name: str) -> None:
    told = section(card(None, config(features=parse_columns(preset).features), destination=destination), "load")
    assert f"`--dataset_name={name}`; `--train_data_dir` would look for image files" in told
    assert "--dataset_name" not in card(destination=destination)


def test_the_builders_readme_tells_the_same() -> None:
    about = resources.files("vton_hf.exports.card").joinpath("about.md").read_text(encoding="utf-8")
    readme = tables((ROOT / "builder/README.md").read_text(encoding="utf-8"))
    columns, recipes = tables(about)
    assert columns in readme
    assert recipes in readme
    assert [line.split("`")[1] for line in columns[2:]] == [*features(), "kind", "split", "category"]
    assert [shares(line) for line in recipes[2:]] == [(name, dict(weights)) for name, weights in RECIPES.items()]


def shares(line: str) -> tuple[str, Mapping[str, float]]:
    name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
    given = zip(RECIPES, cells, strict=True)
    return name.strip("`"), {each: int(cell.split()[0]) / 100 for each, cell in given if cell}


def test_what_is_wrong_with_triplets_stands_in_the_card_if_it_was_looked_for() -> None:
    found = "| check | errors |\n|---|---:|\n| flat | 2 |"
    assert f"What `vton-hf validate` finds in its triplets:\n\n{found}" in card(None, config(findings=found))
    assert "validate" not in card(None, config())
