"""A table that says more of triplets: joined, chosen and mixed by, and taken along."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import datasets
import pytest

import vton_hf
from tests.bucket import Bucket
from tests.cli.test_cli import Cli, cli  # noqa: F401 - a fixture
from tests.trees import write_tree
from vton_hf.errors import ConfigError, EmptyPoolError, LayoutError

PEOPLE = "stem,person,weight,caption\n000,anna,1,red\n001,berta,2,\n002,carla,3,green\n"


@pytest.fixture
def asked(bucket: Bucket, tmp_path: Path) -> dict[str, Any]:
    """Three triplets of each difficulty and gender, and where they are looked for."""
    bucket.fill(3)
    return {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache"), "epoch_size": "min"}


@pytest.fixture
def people(tmp_path: Path) -> str:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    return str(path)


def test_a_table_gives_columns_to_what_is_built_streamed_and_lazy(asked: dict[str, Any], people: str) -> None:
    ds = vton_hf.load("hard", metadata=people, **asked)
    assert ds.column_names[-3:] == ["person", "weight", "caption"]
    said = {
        row["stem"]: (row["person"], row["weight"], row["caption"])
        for row in ds.remove_columns(list(ds.column_names[:3]))
    }
    assert said == {"000": ("anna", 1, "red"), "001": ("berta", 2, None), "002": ("carla", 3, "green")}
    for other in ({"streaming": True}, {"embed_images": False}):
        rows = [(row["key"], row["person"]) for row in vton_hf.load("hard", metadata=people, **asked, **other)]
        assert rows == list(zip(ds["key"], ds["person"], strict=True))


def test_without_a_table_nothing_changes(asked: dict[str, Any], people: str) -> None:
    plain = vton_hf.VTON(config_name="hard", **asked)
    with_table = vton_hf.VTON(config_name="hard", metadata=people, **asked)
    assert plain.triplets.manifest.columns is None
    assert with_table.triplets.manifest.with_columns(None).digest() == plain.triplets.manifest.digest()
    plain.download_and_prepare()
    assert with_table.missing_chunks() == []


def test_a_changed_table_is_read_again_and_fetches_nothing(asked: dict[str, Any], people: str) -> None:
    first = vton_hf.load("hard", metadata=people, **asked)
    Path(people).write_text(PEOPLE.replace("anna", "doris"), encoding="utf-8")
    builder = vton_hf.VTON(config_name="hard", metadata=people, **asked)
    assert builder.missing_chunks() == []
    second = vton_hf.load("hard", metadata=people, **asked)
    assert ("anna" in first["person"][:], "anna" in second["person"][:], "doris" in second["person"][:]) == (
        True,
        False,
        True,
    )
    assert first._fingerprint != second._fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "key,person\neasy/female/000,anna\n",
        "file_name,person\n000_person.png,anna\n",
        "file_name,person\neasy/female/try_on_image/000_vton.png,anna\n",
    ],
    ids=["key", "file name", "path"],
)
def test_it_is_joined_by_key_or_by_the_name_of_a_file(asked: dict[str, Any], tmp_path: Path, text: str) -> None:
    table = tmp_path / "people.csv"
    table.write_text(text, encoding="utf-8")
    rows = vton_hf.VTON(config_name="hard", metadata=str(table), **asked).triplets.manifest
    assert rows.columns is not None
    named = [
        key
        for key, person in zip(rows.table["key"].to_pylist(), rows.columns["person"].to_pylist(), strict=True)
        if person
    ]
    assert named[:1] == ["easy/female/000"]
    assert len(named) == (6 if "000_person" in text else 1)


def test_a_table_may_lie_in_the_bucket(asked: dict[str, Any], bucket: Bucket) -> None:
    bucket.put("dataset_ultimate/people.jsonl", b'{"stem": "000", "person": "anna"}\n')
    uri = bucket.uri("dataset_ultimate/people.jsonl")
    for path in ("people.jsonl", uri):
        assert "anna" in vton_hf.load("hard", metadata=path, **asked)["person"][:]


def test_what_has_no_counterpart_is_said_in_one_line(asked: dict[str, Any], tmp_path: Path, caplog: Any) -> None:
    table = tmp_path / "people.csv"
    table.write_text("stem,person\n000,anna\n777,nobody\n", encoding="utf-8")
    vton_hf.load("hard", metadata=str(table), **asked)
    name = repr(str(table))
    assert f"metadata={name} says nothing of 12 of 18 triplets, has 1 row that are about no triplet." in caplog.text


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("name,person\n000,anna\n", LayoutError, "has no column to join by; it has name, person"),
        ("stems,person\n000,anna\n", LayoutError, "Did you mean 'stem'?"),
        ("stem,person\n000,anna\n000,berta\n", ConfigError, "says two things of stem '000'"),
        ("stem,person\n900,anna\n", LayoutError, "says nothing of any triplet: its column 'stem' holds such as '900'"),
    ],
    ids=["no column", "nearly", "two things", "nothing"],
)
def test_a_table_that_is_of_no_use_says_why(
    asked: dict[str, Any], tmp_path: Path, text: str, error: type[Exception], said: str
) -> None:
    table = tmp_path / "people.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(error) as caught:
        vton_hf.load("hard", metadata=str(table), **asked)
    assert said in str(caught.value)


def test_a_table_that_is_not_there_is_an_error(asked: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="is not there, neither on this machine nor below a prefix"):
        vton_hf.load("hard", metadata="nobody.csv", **asked)


def test_difficulty_and_gender_fill_in_what_keys_do_not_say(bucket: Bucket, tmp_path: Path) -> None:
    for number in range(3):
        bucket.add_triplet("photos", "", f"{number:03d}")
    bucket.add_triplet("easy", "male", "001")
    table = tmp_path / "facts.csv"
    table.write_text("stem,difficulty,gender\n000,hard,female\n001,medium,female\n", encoding="utf-8")
    asked = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path), "metadata": str(table)}
    builder = vton_hf.VTON(config_name="hard", **asked)
    keys = sorted(builder.triplets.manifest.table["key"].to_pylist())
    assert keys == ["easy/male/001", "hard/female/000", "medium/female/001"]
    assert builder.triplets.audit.counts() == {"no difficulty": 3}
    rest = vton_hf.VTON(config_name="hard", default_difficulty="easy", **asked).triplets.manifest
    assert sorted(rest.table["key"].to_pylist()) == ["easy/002", *keys]


class TestWhere:
    """Rows that have one of some values in each of some columns."""

    @pytest.mark.parametrize(
        ("where", "count"),
        [
            ({"person": ["anna"]}, 6),
            ({"person": "anna", "gender": "female"}, 3),
            ({"weight": [1, 3]}, 12),
            ({"weight": "2"}, 6),
            ({"caption": [None]}, 6),
            ({"caption": [None, "red"]}, 12),
            ({"difficulty": ["easy", "hard"], "stem": ["001"]}, 4),
        ],
        ids=str,
    )
    def test_it_chooses(self, asked: dict[str, Any], people: str, where: Any, count: int) -> None:
        assert len(vton_hf.VTON(config_name="hard", metadata=people, where=where, **asked).triplets.manifest) == count

    @pytest.mark.parametrize(
        ("where", "said"),
        [
            ({"persn": "anna"}, "where= names the column 'persn', which does not exist. Did you mean 'person'?"),
            (
                {"person": "emma"},
                "where={'person': ['emma']} fits no triplet: the column holds 'anna', 'berta', 'carla'.",
            ),
            ({"person": []}, "where['person'] must be a value or a list of values, got []."),
            ("person", "where must be {column: value, or a list of values}"),
        ],
        ids=["column", "value", "nothing", "text"],
    )
    def test_what_makes_no_sense_is_refused(self, asked: dict[str, Any], people: str, where: Any, said: str) -> None:
        with pytest.raises(ConfigError) as caught:
            vton_hf.load("hard", metadata=people, where=where, **asked)
        assert said in str(caught.value)

    def test_the_command_line_says_it_too(self, asked: dict[str, Any], people: str, cli: Cli) -> None:  # noqa: F811
        told = json.loads(
            cli("scan", asked["s3_prefixes"][0], "--metadata", people, "--where", "person=anna,berta", "--json").out
        )
        assert (told["triplets"], told["columns"]["person"]) == (12, 12)
        code, _, err = cli("scan", asked["s3_prefixes"][0], "--where", "person")
        assert (code, "'person' is not written like category=dresses,upper_body" in err) == (2, True)


class TestMixBy:
    """Recipes over any column."""

    WEIGHTS: ClassVar = {"anna": 1, "carla": 3}

    def test_the_shares_are_exact_wherever_rows_come_from(self, asked: dict[str, Any], people: str) -> None:
        mix = {"metadata": people, "mix_by": "person", "difficulty_weights": self.WEIGHTS} | asked | {"epoch_size": 40}
        ds = vton_hf.load("hard", **mix)
        assert Counter(ds["person"]) == {"anna": 10, "carla": 30}
        assert [row["key"] for row in vton_hf.load("hard", streaming=True, **mix)] == ds["key"][:]
        assert vton_hf.load("hard", embed_images=False, **mix)["key"][:] == ds["key"][:]
        windows = [Counter(ds["person"][start : start + 8])["anna"] for start in range(0, 40, 8)]
        assert all(1 <= count <= 3 for count in windows)

    def test_the_cache_is_that_of_other_recipes(self, asked: dict[str, Any], people: str) -> None:
        vton_hf.load("hard", **asked)
        everyone = {"anna": 1, "berta": 1, "carla": 1}
        builder = vton_hf.VTON(
            config_name="hard", metadata=people, mix_by="person", difficulty_weights=everyone, **asked
        )
        assert builder.missing_chunks() == []

    def test_torch_datasets_exports_and_the_plan_know_it(
        self,
        asked: dict[str, Any],
        people: str,
        tmp_path: Path,
        cli: Cli,  # noqa: F811
    ) -> None:
        mix = {"metadata": people, "mix_by": "person", "difficulty_weights": self.WEIGHTS}
        given = {name: value for name, value in asked.items() if name not in ("s3_prefixes", "epoch_size")}
        samples = vton_hf.get_vton_dataset(
            "hard", asked["s3_prefixes"], columns=["person"], epoch_size=8, **mix, **given
        )
        assert Counter(samples[index]["person"] for index in range(8)) == {"anna": 2, "carla": 6}
        samples.set_epoch(1)
        assert Counter(samples[index]["person"] for index in range(8)) == {"anna": 2, "carla": 6}
        vton_hf.export(str(tmp_path / "files"), configs="hard", **(asked | mix | {"epoch_size": 8}))
        back = datasets.load_dataset(str(tmp_path / "files"), "hard", split="train", cache_dir=str(tmp_path / "back"))
        assert Counter(back["person"]) == {"anna": 2, "carla": 6}
        card = (tmp_path / "files" / "README.md").read_text(encoding="utf-8")
        assert ("| person | weight | asked |" in card, "| carla | 75% | 6 | 6 |" in card) == (True, True)
        told = ("--metadata", people, "--mix-by", "person", "--weights", "anna=1,carla=3", "--epoch-size", "8")
        out = cli("build", "hard", asked["s3_prefixes"][0], *told, "--cache-dir", tmp_path / "other").out
        assert re.search(r"^carla +75% +6 +6 ", out, flags=re.MULTILINE)

    @pytest.mark.parametrize(
        ("options", "error", "said"),
        [
            ({"mix_by": "person"}, ConfigError, "mix_by='person' needs a weight for each value of that column"),
            ({"mix_by": "persn", "difficulty_weights": {"a": 1}}, ConfigError, "Did you mean 'person'?"),
            (
                {"mix_by": "person", "difficulty_weights": {"ana": 1}},
                EmptyPoolError,
                "for person 'ana'.* Did you mean 'anna'?",
            ),
            ({"mix_by": 3}, ConfigError, "mix_by must be the name of a column"),
            ({"difficulty_weights": {"anna": 1}}, ConfigError, "Weights must be {difficulty: weight}"),
        ],
        ids=["no weights", "no column", "no value", "no name", "no mix_by"],
    )
    def test_what_makes_no_sense_is_refused(
        self, asked: dict[str, Any], people: str, options: Any, error: type[Exception], said: str
    ) -> None:
        with pytest.raises(error, match=said):
            vton_hf.load("hard", metadata=people, **(asked | options))


def test_columns_go_along_and_captions_name_them(asked: dict[str, Any], people: str, tmp_path: Path) -> None:
    options = asked | {"metadata": people}
    vton_hf.export(
        str(tmp_path / "files"),
        configs="hard",
        columns="image=try_on_image,person,text=caption",
        caption="{person} of {weight}",
        **options,
    )
    back = datasets.load_dataset(str(tmp_path / "files"), "hard", split="train", cache_dir=str(tmp_path / "back"))
    assert back.column_names == ["image", "person", "text"]
    assert set(back["text"]) == {"anna of 1", "berta of 2", "carla of 3"}
    with pytest.raises(ConfigError, match=r"has the field \{persn\}, which does not exist. Did you mean 'person'\?"):
        vton_hf.export(str(tmp_path / "more"), configs="hard", columns="text=caption", caption="{persn}", **options)
    with pytest.raises(ConfigError, match=r"asks for 'persn', which does not exist. Did you mean 'person'\?"):
        vton_hf.export(str(tmp_path / "more"), configs="hard", columns="persn", **options)


def test_a_changed_column_is_another_file_and_the_same_is_none(
    asked: dict[str, Any], people: str, tmp_path: Path
) -> None:
    options = asked | {"metadata": people, "configs": "hard"}
    vton_hf.export(str(tmp_path / "files"), **options)
    again = vton_hf.export(str(tmp_path / "files"), **options)
    assert sum(part.new_files for part in again.parts) == 0
    Path(people).write_text(PEOPLE.replace("anna", "doris"), encoding="utf-8")
    changed = vton_hf.export(str(tmp_path / "files"), **options)
    assert sum(part.new_files for part in changed.parts) == 1


def test_a_row_about_a_file_is_about_who_wears_it(bucket: Bucket, tmp_path: Path) -> None:
    root = write_tree("viton-hd", bucket.put)
    table = tmp_path / "people.csv"
    table.write_text("file_name,person\n" + "".join(f"{n:05d}_00.jpg,p{n}\n" for n in range(100, 103)))
    ds = vton_hf.load(
        "easy",
        s3_prefixes=bucket.uri(root),
        metadata=str(table),
        where={"split": "test"},
        default_difficulty="easy",
        cache_dir=tmp_path / "cache",
    )
    assert ds["kind"][:] == ["unpaired"] * 3
    assert ds["person"][:] == [f"p{int(stem[:5])}" for stem in ds["stem"]]


def test_folds_of_a_table_go_over_splits_of_a_layout(bucket: Bucket, tmp_path: Path) -> None:
    root = write_tree("viton-hd", bucket.put)
    table = tmp_path / "folds.csv"
    table.write_text("stem,split\n" + "".join(f"{n:05d}_00,{n % 2}\n" for n in range(4)))
    how = {"metadata": str(table), "default_difficulty": "easy", "cache_dir": tmp_path / "cache"}
    ds = vton_hf.load("easy", s3_prefixes=bucket.uri(root), where={"split": ["1"]}, **how)
    assert sorted(ds["stem"]) == ["00001_00", "00003_00"]


@pytest.mark.parametrize(
    ("where", "stems"),
    [
        ({"flag": "True"}, {"000"}),
        ({"flag": ["true"]}, {"000"}),
        ({"size": "1.0"}, {"000"}),
        ({"size": 2.5}, {"001"}),
        ({"person": None}, {"002"}),
    ],
    ids=str,
)
def test_values_may_be_written_as_people_write_them(
    asked: dict[str, Any], tmp_path: Path, where: Any, stems: set[str]
) -> None:
    table = tmp_path / "more.csv"
    table.write_text("stem,flag,size,person\n000,True,1.0,a\n001,False,2.5,b\n002,False,3.5,\n")
    assert set(vton_hf.load("hard", metadata=str(table), where=where, **asked)["stem"]) == stems


def test_a_gender_that_nobody_says_is_none(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill({"easy": 2}, genders=("", "female"))
    how = {"s3_prefixes": bucket.prefix, "cache_dir": tmp_path / "cache"}
    assert set(vton_hf.load("easy", where={"gender": None}, **how)["gender"]) == {""}


def test_lists_are_no_values_to_choose_by(asked: dict[str, Any], tmp_path: Path) -> None:
    table = tmp_path / "tags.jsonl"
    table.write_text("\n".join(json.dumps({"stem": f"{n:03d}", "tags": ["a"], "note": "x" * 500}) for n in range(3)))
    with pytest.raises(ConfigError, match="names 'tags', a column of list"):
        vton_hf.load("hard", metadata=str(table), where={"tags": "a"}, **asked)
    with pytest.raises(ConfigError, match=r"the column holds 'xxx.*\.\.\.") as error:
        vton_hf.load("hard", metadata=str(table), where={"note": "y"}, **asked)
    assert len(str(error.value)) < 200
