"""One argument gives a test set that shares no triplet, person or garment: wherever triplets are loaded from."""

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

import vton_hf
from tests.bucket import Bucket, png, triplet_keys
from vton_hf.cli import main
from vton_hf.demo import write_demo_bucket
from vton_hf.errors import ConfigError, EmptyPoolError

ENTITIES = r"p(?P<person>\d+)_g(?P<garment>\d+)"
SPLITS = {"splits": {"validation": 0.35, "test": 0.3}, "split_by": "both", "entities": ENTITIES}
NAMES = ("train", "validation", "test")


def stem(number: int) -> str:
    return f"p{number % 9}_g{number % 7}_{number:03d}"


def fill(bucket: Bucket) -> Bucket:
    """63 triplets of each difficulty: nine persons in seven garments."""
    for difficulty in ("easy", "medium", "hard"):
        for number in range(63):
            bucket.add_triplet(difficulty, "female", stem(number))
    return bucket


def options_of(bucket: Bucket, cache: Path) -> dict[str, Any]:
    return {"s3_prefixes": [bucket.prefix], "cache_dir": str(cache), **SPLITS}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """For tests that leave the bucket as it is, and do not mind what the cache has of others."""
    folder = tmp_path_factory.mktemp("splits")
    return options_of(fill(Bucket(folder / "bucket")), folder / "cache")


@pytest.fixture
def options(shared: dict[str, Any]) -> dict[str, Any]:
    return dict(shared)


@pytest.fixture
def filled(bucket: Bucket) -> Bucket:
    """A bucket of the test's own."""
    return fill(bucket)


@pytest.fixture
def own(filled: Bucket, tmp_path: Path) -> dict[str, Any]:
    """With that bucket, and an empty cache."""
    return options_of(filled, tmp_path / "cache")


def who(rows: Any) -> tuple[set[str], set[str]]:
    """The persons and the garments in stems."""
    parts = [text.split("_") for text in rows]
    return {part[0] for part in parts}, {part[1] for part in parts}


def assert_apart(stems: dict[str, list[str]]) -> None:
    for one in NAMES:
        assert stems[one]
        for other in NAMES:
            if one != other:
                assert not any(a & b for a, b in zip(who(stems[one]), who(stems[other]), strict=True))


def shares(difficulties: Any) -> dict[str, float]:
    found = list(difficulties)
    return {name: found.count(name) / len(found) for name in ("easy", "medium", "hard")}


def test_splits_share_nobody_and_each_keeps_the_recipe(options: dict[str, Any]) -> None:
    loaded = datasets.load_dataset("vton_hf", "hard", **options)
    assert tuple(loaded) == NAMES
    assert_apart({name: rows["stem"][:] for name, rows in loaded.items()})
    for name, rows in loaded.items():
        assert str(rows.split) == name
        within = 1 / len(rows)
        assert shares(rows["difficulty"]) == pytest.approx({"easy": 0.25, "medium": 0.25, "hard": 0.5}, abs=within)
        assert name == "train" or len(set(rows["key"])) == len(rows)
    assert {name: split.num_examples for name, split in loaded["test"].info.splits.items()} == {
        name: len(rows) for name, rows in loaded.items()
    }


def test_every_way_to_load_gives_the_same_split(options: dict[str, Any]) -> None:
    loaded = {name: vton_hf.load("hard", split=name, **options) for name in NAMES}
    lists = {name: rows["key"][:] for name, rows in loaded.items()}
    streamed = vton_hf.load("hard", split=None, streaming=True, **options)
    unembedded = vton_hf.load("hard", split=None, embed_images=False, **options)
    own = {name: value for name, value in options.items() if name != "s3_prefixes"}
    for name in NAMES:
        assert [row["key"] for row in streamed[name]] == lists[name]
        assert unembedded[name]["key"][:] == lists[name]
        torch = vton_hf.get_vton_dataset("hard", options["s3_prefixes"], split=name, columns=["key"], **own)
        assert [sample["key"] for sample in torch] == lists[name]
    assert vton_hf.load("hard", split="test[:3]+validation[-2:]", **options)["key"][:] == [
        *lists["test"][:3],
        *lists["validation"][-2:],
    ]
    assert [row["key"] for row in vton_hf.load("hard", split="test[1:3]+train[:2]", streaming=True, **options)] == [
        *lists["test"][1:3],
        *lists["train"][:2],
    ]
    assert vton_hf.load("hard", split="all", **options)["key"][:] == [key for name in NAMES for key in lists[name]]


def test_without_a_recipe_each_triplet_of_the_split_comes_once(options: dict[str, Any]) -> None:
    prefixes = options.pop("s3_prefixes")
    found = vton_hf.split(prefixes, **SPLITS, cache_dir=options["cache_dir"])
    for name in NAMES:
        dataset = vton_hf.S3VTONDataset(prefixes, split=name, columns=["key"], **options)
        keys = [sample["key"] for sample in dataset]
        assert len(keys) == len(set(keys)) == found.counts[name]


def test_nothing_changes_without_splits(options: dict[str, Any]) -> None:
    plain = {name: value for name, value in options.items() if name not in SPLITS}
    whole = vton_hf.load("hard", split=None, **plain)
    assert list(whole) == ["train"]
    assert len(whole["train"]) == 3 * 63
    with pytest.raises(ConfigError, match=r"split='test' cannot be read .*splits=\{'validation': 0.05\} makes others"):
        vton_hf.load("hard", split="test", **plain)
    with pytest.raises(ConfigError, match=r"no whole split\. There is 'train'"):
        vton_hf.S3VTONDataset(plain.pop("s3_prefixes"), split="test", **plain)


def test_chunks_are_the_same_with_and_without_splits(own: dict[str, Any]) -> None:
    plain = {name: value for name, value in own.items() if name not in SPLITS}
    vton_hf.load("hard", **plain)
    builder = vton_hf.VTON(config_name="hard", **own)
    assert builder.missing_chunks() == []


def test_a_broken_triplet_is_replaced_from_its_own_split(own: dict[str, Any], filled: Bucket) -> None:
    keys = {name: vton_hf.load("hard", split=name, **own)["key"][:] for name in NAMES}
    for path in filled.folder.rglob("*_vton.png"):
        if f"hard/female/{path.name.removesuffix('_vton.png')}" in keys["test"][:2]:
            path.write_bytes(b"broken")
    streamed = [row["key"] for row in vton_hf.load("hard", split="test", streaming=True, listing="fresh", **own)]
    assert streamed != keys["test"]
    assert len(set(streamed)) == len(streamed) <= len(keys["test"])
    assert who([key.rpartition("/")[2] for key in streamed])[0].isdisjoint(
        who([key.rpartition("/")[2] for key in keys["train"]])[0]
    )


def test_what_it_comes_to_is_said_before_anything_is_built(
    own: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "vton_hf"):
        plan = vton_hf.VTON(config_name="hard", **own).plan(split="test")
    (line,) = [record for record in caplog.records if record.message.startswith("Split by 'both'")]
    assert line.levelno == logging.WARNING
    found = vton_hf.split(own["s3_prefixes"], **SPLITS, cache_dir=own["cache_dir"])
    assert f"{found.dropped:,} (" in line.message
    assert sum(found.counts.values()) + found.dropped == 3 * 63
    assert len(plan) <= found.counts["test"]
    assert not list(Path(own["cache_dir"]).rglob("*/chunks/*/*.arrow"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"splits": None}, "split_by='both' says how splits are made, and none are"),
        ({"splits": None, "split_by": None}, "entities=.* says how splits are made"),
        ({"splits": {"test": 0.001}}, r"leave 'test' without any of 63 triplets of 'easy'.*would fill it"),
        ({"split_by": "component"}, r"largest component.*holds 189 of 189 triplets \(100%\).*split_by='both'"),
        ({"split_by": "colour"}, "split_by= names the column 'colour', which does not exist"),
        ({"split_by": "person", "entities": None}, r"try entities=r'p\(\?P<person>"),
        ({"split_by": 7}, "split_by must be"),
        ({"epoch_size": {"dev": 3}}, "epoch_size must be a size of 'train', 'validation', 'test'"),
        ({"epoch_size": {"test": "max"}}, "'max'} repeats triplets"),
        ({"epoch_size": {"test": 10_000}}, "10000} would repeat triplets.*rows are the most"),
        ({"epoch_size": {"test": "some"}}, "epoch_size must be"),
        ({"splits": "nowhere.parquet"}, "names a file that says all of it"),
        ({"splits": "nowhere.parquet", "split_by": None, "entities": None}, "splits='nowhere.parquet' is not there"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        vton_hf.load("hard", split="test", **(options | changed))


def test_sizes_by_split(options: dict[str, Any]) -> None:
    loaded = vton_hf.load("hard", split=None, epoch_size={"train": 200, "test": 4}, **options)
    assert len(loaded["train"]) == 200
    assert len(loaded["test"]) == 4
    with pytest.raises(ConfigError, match="is by split, and there is only 'train'"):
        vton_hf.load("hard", s3_prefixes=options["s3_prefixes"], epoch_size={"train": 3})


def test_a_column_of_a_table_says_who_is_in_a_triplet(filled: Bucket, tmp_path: Path) -> None:
    lines = [f"{stem(number)},{number % 9},{number % 7}" for number in range(63)]
    (tmp_path / "who.csv").write_text("stem,person,garment\n" + "\n".join(lines))
    options = {"s3_prefixes": [filled.prefix], "cache_dir": tmp_path / "cache", "metadata": tmp_path / "who.csv"}
    loaded = vton_hf.load("hard", split=None, splits=SPLITS["splits"], **options)
    assert_apart({name: rows["stem"][:] for name, rows in loaded.items()})
    assert set(loaded["test"]["garment_id"]).isdisjoint(loaded["train"]["garment_id"])


def test_a_split_manifest_gives_colleagues_the_same_splits_while_the_bucket_grows(
    own: dict[str, Any], filled: Bucket, tmp_path: Path
) -> None:
    found = vton_hf.split(own["s3_prefixes"], **SPLITS, cache_dir=own["cache_dir"])
    file = found.save(tmp_path / "splits.parquet")
    split_of = dict(found.table.select(["key", "split"]).to_pandas().itertuples(index=False))
    for number in range(63, 90):
        filled.add_triplet("hard", "female", stem(number))
    rest = {"s3_prefixes": own["s3_prefixes"], "cache_dir": str(tmp_path / "theirs")}
    theirs = vton_hf.load("hard", split=None, splits=file, **rest)
    assert_apart({name: rows["stem"][:] for name, rows in theirs.items()})
    for name, rows in theirs.items():
        assert {split_of.get(key, name) for key in rows["key"]} == {name}
    again = vton_hf.split(rest["s3_prefixes"], splits=str(file), cache_dir=rest["cache_dir"])
    assert again.shared == {"person": 0, "garment": 0}
    assert repr(again).startswith("Splits(train ")
    assert found.save(filled.uri("dataset_ultimate/splits.parquet")) == filled.uri("dataset_ultimate/splits.parquet")
    below = vton_hf.load("hard", split="test", splits="splits.parquet", **rest)
    assert below["key"][:] == theirs["test"]["key"][:]


def test_interleaving_and_copies_have_splits_too(options: dict[str, Any], tmp_path: Path) -> None:
    mixed = vton_hf.load("hard", split=None, mixing="interleave", **options)
    assert_apart({name: rows["stem"][:] for name, rows in mixed.items()})
    part = vton_hf.load("hard", split="test[:2]+train[:1]", mixing="interleave", **options)
    assert part["key"][:] == [*mixed["test"]["key"][:2], mixed["train"]["key"][0]]
    streamed = vton_hf.load("hard", split="test", mixing="interleave", streaming=True, **options)
    assert who(row["stem"] for row in streamed)[0].isdisjoint(who(mixed["train"]["stem"])[0])
    builder = vton_hf.VTON(config_name="hard", **options)
    builder.download_and_prepare(str(tmp_path / "copy"))
    loaded = vton_hf.load("hard", split=None, **options)
    assert {name: rows["key"][:] for name, rows in builder.as_dataset().items()} == {
        name: rows["key"][:] for name, rows in loaded.items()
    }


def test_the_cache_opens_offline(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    before = vton_hf.load("hard", split="test", **options)["key"][:]
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    assert vton_hf.load("hard", split="test", **options)["key"][:] == before


@pytest.mark.parametrize("embed_images", [True, False])
def test_an_export_has_all_splits_by_name_and_a_card_that_proves_them(
    embed_images: bool, options: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    exported = vton_hf.export(out, configs=["hard"], embed_images=embed_images, **options)
    assert [part.split for part in exported.parts] == list(NAMES)
    stock = datasets.load_dataset(str(out), "hard", cache_dir=str(tmp_path / "stock"))
    loaded = vton_hf.load("hard", split=None, **options)
    assert {name: rows["key"][:] for name, rows in stock.items()} == {
        name: rows["key"][:] for name, rows in loaded.items()
    }
    card = (out / "README.md").read_text()
    found = vton_hf.split(options["s3_prefixes"], **SPLITS, cache_dir=options["cache_dir"])
    assert f"{found.dropped:,} (" in card
    assert "no person and no garment is in two splits" in card
    assert f"| test | 0.3 | {found.counts['test']} | {found.entities['person']['test']} |" in card
    (manifest,) = (out / "hard").glob(".split_manifest-*.parquet")
    assert f"`hard/{manifest.name}`" in card
    rest = {name: value for name, value in options.items() if name not in SPLITS}
    theirs = vton_hf.load("hard", split="test", splits=manifest, **rest)
    assert theirs["key"][:] == loaded["test"]["key"][:]
    assert vton_hf.export(out, configs=["hard"], embed_images=embed_images, **options).url is None
    vton_hf.export(out, configs=["hard"], embed_images=embed_images, **rest)
    assert not list((out / "hard").glob(".split_manifest-*"))


def test_one_split_is_exported_under_its_name(options: dict[str, Any], tmp_path: Path) -> None:
    exported = vton_hf.export(tmp_path / "out", configs=["hard"], split="test", **options)
    assert [part.split for part in exported.parts] == ["test"]
    mixed = {"held_out": "validation+test[:2]"}
    several = [
        vton_hf.export(tmp_path / name, configs=["hard"], split=mixed, embed_images=embed, **options)
        for name, embed in (("built", True), ("bucket", False))
    ]
    assert [part.rows for each in several for part in each.parts] == [several[0].parts[0].rows] * 2
    keys = [
        datasets.load_dataset(str(tmp_path / name), "hard", split="held_out", cache_dir=str(tmp_path / "c"))["key"][:]
        for name in ("built", "bucket")
    ]
    assert keys[0] == keys[1]
    assert keys[0][:-2] == vton_hf.load("hard", split="validation", **options)["key"][:]


def test_an_evaluation_freezes_the_test_split_and_builds_no_other(own: dict[str, Any], tmp_path: Path) -> None:
    frozen = vton_hf.evaluation(tmp_path / "frozen", image_size=(16, 12), **own)
    found = vton_hf.split(own["s3_prefixes"], **SPLITS, cache_dir=own["cache_dir"])
    wanted = {row["key"] for row in found.table.to_pylist() if row["split"] == "test"}
    assert {item.key for item in frozen.protocol.items} == wanted
    stored = datasets.concatenate_datasets(
        [datasets.Dataset.from_file(str(path)) for path in Path(own["cache_dir"]).rglob("chunks/*/*.arrow")]
    )
    assert set(stored["key"]) == wanted


@pytest.fixture
def measured(tmp_path: Path) -> Callable[[Callable[[Bucket], None]], dict[str, Any]]:
    """Drawn triplets of which some pictures are changed, measured by `validate`."""

    def made(change: Callable[[Bucket], None]) -> dict[str, Any]:
        bucket = Bucket(tmp_path / "drawn")
        write_demo_bucket(bucket.put, count=4, size=(96, 128))
        change(bucket)
        options = {"s3_prefixes": bucket.prefix, "cache_dir": str(tmp_path / "cache")}
        vton_hf.validate(**options)
        return options

    return made


def test_pictures_that_are_the_same_in_two_splits_are_listed_and_can_be_kept_together(
    measured: Callable[..., dict[str, Any]],
) -> None:
    def copied(bucket: Bucket) -> None:
        for folder in (bucket.folder / "dataset_ultimate").rglob("initial_image"):
            first, *others = sorted(folder.iterdir())
            for other in others:
                other.write_bytes(first.read_bytes())

    options = measured(copied)
    how = {"splits": {"test": 0.4}, "split_by": "key", **options}
    found = vton_hf.split(**how)
    assert found.near_duplicates
    pair = found.near_duplicates[0]
    assert pair.split != pair.other_split
    assert (pair.image, pair.other_image) == ("initial_image", "initial_image")
    assert pair.key.rpartition("/")[0] == pair.other_key.rpartition("/")[0]
    together = vton_hf.split(near_duplicates=True, **(how | {"splits": {"test": 0.6}}))
    assert not [pair for pair in together.near_duplicates or () if pair.image == "initial_image"]
    for folder in ("easy/female", "hard/male"):
        rows = [row for row in together.table.to_pylist() if row["key"].startswith(folder)]
        assert len({row["split"] for row in rows}) == 1


def test_links_by_pictures_need_measurements_and_something_to_keep_together(options: dict[str, Any]) -> None:
    file = vton_hf.split(**options).save(Path(options["cache_dir"]).parent / "s.parquet")
    held = {name: value for name, value in options.items() if name not in SPLITS} | {"splits": file}
    with pytest.raises(ConfigError, match="a split manifest holds them where they are"):
        vton_hf.split(near_duplicates=True, **held)
    with pytest.raises(ConfigError, match="split_by='both' keeps nothing together"):
        vton_hf.split(near_duplicates=True, **options)
    with pytest.raises(ConfigError, match="needs every image to have been measured"):
        vton_hf.split(near_duplicates=True, **(options | {"split_by": "person"}))
    assert vton_hf.split(**options).near_duplicates is None


def test_the_command_shows_splits_and_writes_them(
    options: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (prefix,) = options["s3_prefixes"]
    file = tmp_path / "s.parquet"
    where = [prefix, "--cache-dir", options["cache_dir"]]
    how = ["--splits", "validation=0.35,test=0.3", "--split-by", "both", "--entities", ENTITIES]
    assert main(["split", *where, *how, "--out", str(file), "--list"]) == 0
    shown = capsys.readouterr().out
    assert "in two or more" in shown
    assert (
        shown.count("\nin none\t")
        == vton_hf.split(splits=file, **{k: options[k] for k in ("s3_prefixes", "cache_dir")}).dropped
    )
    assert main(["plan", "hard", *where, "--splits", str(file)]) == 0
    assert "hard, validation: " in capsys.readouterr().out
    assert main(["build", "hard", *where, *how, "--epoch-size", "train=30,test=4"]) == 0
    shown = capsys.readouterr().out
    assert "hard, train: 30 rows" in shown
    assert "hard, test: 4 rows" in shown
    assert main(["split", *where, "--splits", "test=0.3", "--split-by", "garment"]) == 2
    assert "--entities 'p(?P<person>" in capsys.readouterr().err


def test_broken_triplets_make_a_split_shorter_and_never_repeat_it(
    own: dict[str, Any], filled: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    asked = len(vton_hf.load("hard", split="test", **own))
    keys = vton_hf.load("hard", split="test", **own)["key"][:]
    for difficulty in ("easy", "medium", "hard"):
        for key in [key for key in keys if key.startswith(difficulty)][:2]:
            filled.put(triplet_keys(difficulty, "female", key.rpartition("/")[2])["try_on_image"], b"broken")
    sized = own | {"epoch_size": {"test": asked}, "listing": "fresh"}
    loaded = vton_hf.load("hard", split="test", **sized)
    assert len(set(loaded["key"])) == len(loaded) < asked
    assert "rows are left, not" in caplog.text
    prefixes = sized.pop("s3_prefixes")
    torch = vton_hf.get_vton_dataset("hard", prefixes, split="test", columns=["key"], materialize=True, **sized)
    torch.set_epoch(1)
    assert len({sample["key"] for sample in torch}) == len(torch) == len(loaded)


def test_a_split_that_is_not_trained_on_is_the_same_in_every_epoch_and_with_every_seed(options: dict[str, Any]) -> None:
    keys = vton_hf.load("hard", split="test", **options)["key"][:]
    assert vton_hf.load("hard", split="test", seed=7, **options)["key"][:] == keys
    streamed = vton_hf.load("hard", split="test", seed=7, streaming=True, **options)
    assert [row["key"] for row in streamed] == keys
    interleaved = [vton_hf.load("hard", split="test", mixing="interleave", seed=seed, **options) for seed in (0, 7)]
    assert interleaved[0]["key"][:] == interleaved[1]["key"][:]
    prefixes = options.pop("s3_prefixes")
    torch = vton_hf.get_vton_dataset("hard", prefixes, split="test", columns=["key"], seed=3, **options)
    torch.set_epoch(5)
    assert [sample["key"] for sample in torch] == keys
    train = vton_hf.get_vton_dataset("hard", prefixes, split="train", columns=["key"], **options)
    first = [sample["key"] for sample in train]
    train.set_epoch(1)
    assert [sample["key"] for sample in train] != first


@pytest.mark.parametrize("split", ["validation+test", "test+validation[:2]"])
def test_a_sum_of_splits_is_exported_under_no_name_of_theirs(
    split: str, options: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"is of several splits.*Say what its rows are called"):
        vton_hf.export(tmp_path / "out", configs=["hard"], split=split, **options)


@pytest.mark.parametrize("split", [{"x": "train", "y": "all"}, {"train": "test", "test": "train"}])
def test_a_card_proves_nothing_of_splits_by_other_names(
    split: dict[str, str], options: dict[str, Any], tmp_path: Path
) -> None:
    vton_hf.export(tmp_path / "out", configs=["hard"], split=split, **options)
    assert "in two splits" not in (tmp_path / "out" / "README.md").read_text().replace("are in two splits (", "")
    assert not list((tmp_path / "out" / "hard").glob(".split_manifest-*"))


def test_broken_triplets_of_one_split_keep_no_other_from_loading(own: dict[str, Any], filled: Bucket) -> None:
    found = vton_hf.split(own["s3_prefixes"], **SPLITS, cache_dir=own["cache_dir"])
    for row in found.table.to_pylist():
        if row["split"] == "test" and row["key"].startswith("hard"):
            filled.put(triplet_keys("hard", "female", row["key"].rpartition("/")[2])["try_on_image"], b"broken")
    assert len(vton_hf.load("hard", split="train", listing="fresh", **own))
    with pytest.raises(EmptyPoolError, match="'test' has no usable triplet of 'hard'"):
        vton_hf.load("hard", split="test", **own)


def test_a_stream_leaves_out_what_nothing_may_take_the_place_of(
    own: dict[str, Any], filled: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    keys = vton_hf.load("hard", split="test", **own)["key"][:]
    for key in keys:
        if key.startswith("hard"):
            filled.put(triplet_keys("hard", "female", key.rpartition("/")[2])["try_on_image"], b"broken")
    streamed = [row["key"] for row in vton_hf.load("hard", split="test", streaming=True, listing="fresh", **own)]
    assert len(set(streamed)) == len(streamed) < len(keys)
    assert {key for key in keys if not key.startswith("hard")} <= set(streamed)
    assert "left out: no other triplet may take its place" in caplog.text


def test_a_recipe_needs_its_difficulties_alone(bucket: Bucket, tmp_path: Path) -> None:
    for number in range(40):
        bucket.add_triplet("easy", "female", stem(number))
    bucket.add_triplet("hard", "female", stem(50))
    how = {"splits": {"test": 0.4}, "split_by": "triplet", "cache_dir": str(tmp_path / "cache")}
    assert len(vton_hf.load("easy", split="test", s3_prefixes=[bucket.prefix], **how))
    found = vton_hf.split(bucket.prefix, **how)
    dataset = vton_hf.S3VTONDataset([bucket.prefix], split="test", **how)
    frozen = vton_hf.evaluation(tmp_path / "frozen", bucket.prefix, image_size=(16, 12), **how)
    assert len(dataset) == len(frozen) == found.counts["test"]


@pytest.mark.parametrize("how", [{}, SPLITS], ids=["plain", "split"])
def test_an_evaluation_leaves_the_record_of_a_dataset_alone(
    how: dict[str, Any], options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = vton_hf.evaluation(tmp_path / "frozen", image_size=(16, 12), **options)
    stored = {name: value for name, value in options.items() if name not in SPLITS} | how
    stored |= {"image_size": (16, 12), "aspect": "stretch", "image_format": "png"}
    stored["difficulty_weights"] = dict(Counter(item.difficulty for item in frozen.protocol.items))
    before = vton_hf.load("hard", **stored)["key"][:]
    again = vton_hf.evaluation(tmp_path / "again", image_size=(16, 12), **options)
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    assert vton_hf.load("hard", **stored)["key"][:] == before
    assert again.digest == frozen.digest


def test_components_of_chosen_triplets_are_told(
    bucket: Bucket, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(60):
        for gender in ("female", "male"):
            bucket.add_triplet("easy", gender, f"p{number}_g{number}")
    how = {"s3_prefixes": [bucket.prefix], "splits": {"test": 0.3}, "split_by": "component", "entities": ENTITIES}
    vton_hf.load("easy", split="test", cache_dir=str(tmp_path / "cache"), **how)
    assert "same options, or from one split manifest" not in caplog.text
    vton_hf.load("easy", split="test", gender="male", cache_dir=str(tmp_path / "cache"), **how)
    assert "that gender= leave: load all splits with the same options, or from one split manifest" in caplog.text


def test_a_triplet_is_the_same_whatever_is_said_of_its_difficulty(bucket: Bucket, tmp_path: Path) -> None:
    for number in range(60):
        for role, key in triplet_keys("easy", "female", stem(number)).items():
            bucket.put(key.replace("easy/female/", "all/"), png(role + key))
    how = {"splits": {"test": 0.3}, "split_by": "triplet", "cache_dir": str(tmp_path / "cache")}
    tests = [
        {row["key"].rpartition("/")[2] for row in found.table.to_pylist() if row["split"] == "test"}
        for found in (vton_hf.split(bucket.prefix, default_difficulty=name, **how) for name in ("easy", "hard"))
    ]
    assert tests[0] == tests[1]


@pytest.mark.parametrize("value", ["test=10%", "test=0,1", "test=0.1,test=0.3"])
def test_shares_that_cannot_be_read_are_told_on_the_command_line(
    value: str, filled: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["split", filled.prefix, "--splits", value])
    assert "is not written like validation=0.05,test=0.05" in capsys.readouterr().err


def test_without_a_recipe_broken_triplets_alone_are_missing(own: dict[str, Any], filled: Bucket) -> None:
    prefixes = own.pop("s3_prefixes")
    found = vton_hf.split(prefixes, **SPLITS, cache_dir=own["cache_dir"])
    keys = [row["key"] for row in found.table.to_pylist() if row["split"] == "test"]
    broken = [next(key for key in keys if key.startswith(name)) for name in ("easy", "hard")]
    for key in broken:
        difficulty, _, name = key.split("/")
        filled.put(triplet_keys(difficulty, "female", name)["try_on_image"], b"broken")
    dataset = vton_hf.S3VTONDataset(prefixes, split="test", columns=["key"], materialize=True, listing="fresh", **own)
    assert sorted(sample["key"] for sample in dataset) == sorted(set(keys) - set(broken))


@pytest.mark.parametrize("lazy", ["torch", "stream"])
def test_a_broken_image_that_is_read_lazily_gives_way_to_one_that_is_not_shown_and_always_the_same(
    lazy: str, own: dict[str, Any], filled: Bucket
) -> None:
    sized = own | {"epoch_size": {"test": 8}}
    keys = vton_hf.load("hard", split="test", **sized)["key"][:]
    others = {name: set(vton_hf.load("hard", split=name, **sized)["key"]) for name in ("train", "validation")}
    for key in keys[:5]:
        difficulty, _, name = key.split("/")
        filled.put(triplet_keys(difficulty, "female", name)["try_on_image"], b"broken")
    sized["listing"] = "fresh"

    def shown(seed: int, epoch: int) -> list[str]:
        if lazy == "stream":
            stream = vton_hf.load("hard", split="test", streaming=True, embed_images=False, **sized)
            return [row["key"] for row in vton_hf.with_transform(stream, None, seed=seed, max_broken=1.0)]
        rest = {name: value for name, value in sized.items() if name != "s3_prefixes"}
        dataset = vton_hf.get_vton_dataset(
            "hard", sized["s3_prefixes"], split="test", columns=["key"], seed=seed, max_broken=1.0, **rest
        )
        dataset.set_epoch(epoch)
        return [sample["key"] for sample in dataset]

    first = shown(0, 0)
    assert len(set(first)) == len(first) == len(keys)
    assert first[5:] == keys[5:]
    assert not set(first) & set(keys[:5])
    assert not any(set(first) & there for there in others.values())
    assert shown(1, 2) == first


def test_an_evaluation_leaves_out_a_difficulty_that_is_broken(
    own: dict[str, Any], filled: Bucket, tmp_path: Path
) -> None:
    found = vton_hf.split(own["s3_prefixes"], **SPLITS, cache_dir=own["cache_dir"])
    keys = [row["key"] for row in found.table.to_pylist() if row["split"] == "test"]
    for key in keys:
        if key.startswith("hard"):
            filled.put(triplet_keys("hard", "female", key.rpartition("/")[2])["try_on_image"], b"broken")
    frozen = vton_hf.evaluation(tmp_path / "frozen", image_size=(16, 12), listing="fresh", **own)
    assert {item.key for item in frozen.protocol.items} == {key for key in keys if not key.startswith("hard")}
