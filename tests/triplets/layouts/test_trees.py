"""Datasets in the layouts of others, as their readers expect them: found, loaded, trained on, exported, looked at."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
from torch.utils.data import DataLoader

import vton_hf
from tests.bucket import Bucket
from tests.cli.test_cli import Cli, cli  # noqa: F401 - a fixture
from tests.fake_hub import Hub, run_python
from tests.s3 import MotoS3
from tests.trees import CATEGORIES, ROOTS, write_tree
from vton_hf.errors import LayoutError
from vton_hf.triplets import Naming, discover, layout_text, read_layout

DOCS = Path(__file__).parents[3] / "docs" / "layouts"
ASKED = {"dresscode-mr": str(DOCS / "dresscode-mr.toml"), "igpair": str(DOCS / "igpair.toml")}
COUNTS = {"viton-hd": 4, "dresscode": 12, "catvton": 4, "table": 4, "dresscode-mr": 16, "igpair": 4}
"""Rows that are trained on: of DressCode of each category, of DressCode-MR of each garment and file."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)


def options(bucket: Bucket, name: str, cache: Path) -> dict[str, Any]:
    """What a user writes: a dataset that says no difficulty is given one."""
    root = write_tree(name, bucket.put)
    given = {"s3_prefixes": [bucket.uri(root)], "cache_dir": str(cache), "default_difficulty": "hard"}
    given |= {"layout": ASKED[name]} if name in ASKED else {}
    return given | {
        "difficulty_weights": dict.fromkeys(("easy", "medium", "hard") if name == "table" else ("hard",), 1)
    }


@pytest.mark.parametrize("name", ROOTS)
def test_it_loads_trains_exports_and_is_looked_at(name: str, bucket: Bucket, tmp_path: Path) -> None:
    asked = options(bucket, name, tmp_path / "cache") | {"epoch_size": COUNTS[name]}
    ds = vton_hf.load("hard", **asked)
    assert ds.num_rows == COUNTS[name]
    assert ("initial_image" in ds.column_names) == (name in ("table", "dresscode-mr"))
    stream = vton_hf.load("hard", streaming=True, **asked)
    assert [row["key"] for row in stream] == ds["key"][:]
    assert stream.features == ds.features
    lazy = vton_hf.load("hard", embed_images=False, **asked)
    assert lazy[0]["cloth_image"].tobytes() == ds[0]["cloth_image"].tobytes()
    assert train(ds) == train(lazy)
    result = vton_hf.export(str(tmp_path / "files"), configs="hard", **asked)
    assert [part.rows for part in result.parts] == [COUNTS[name]]
    back = datasets.load_dataset(str(tmp_path / "files"), "hard", split="train", cache_dir=str(tmp_path / "back"))
    assert (back["key"][:], back.column_names) == (ds["key"][:], ds.column_names)
    assert back[0]["cloth_image"].tobytes() == ds[0]["cloth_image"].tobytes()
    assert str(bucket.folder).encode() not in b"".join(
        path.read_bytes() for path in (tmp_path / "files").rglob("*.parquet")
    )
    found = {key: value for key, value in asked.items() if key not in ("epoch_size", "difficulty_weights")}
    prefix = found.pop("s3_prefixes")
    page = vton_hf.preview(
        prefix, "hard", html=tmp_path / "page.html", difficulty_weights=asked["difficulty_weights"], **found
    )
    assert ds["key"][0] in page.read_text(encoding="utf-8")
    assert ds["key"][0] in ds._repr_html_()


def train(ds: Any) -> float:
    """One step, on pairs of garment and person."""
    paired = vton_hf.with_transform(
        ds.filter(lambda kind: kind != "unpaired", input_columns="kind"), image_size=(64, 48)
    )
    batch = next(iter(DataLoader(paired, batch_size=3, collate_fn=vton_hf.collate_triplets)))
    torch.manual_seed(0)
    model = torch.nn.Conv2d(3, 3, 3, padding=1)
    loss = torch.nn.functional.mse_loss(model(batch["cloth_image"]), batch["try_on_image"])
    loss.backward()
    return float(loss.detach())


@pytest.mark.parametrize("name", [name for name in ROOTS if name not in ASKED])
def test_it_is_recognised_from_s3_and_the_layout_that_was_seen_finds_the_same(
    name: str, s3: MotoS3, tmp_path: Path
) -> None:
    root = write_tree(name, lambda key, data: s3.put("photos", key, data))
    given = {"s3_prefixes": [f"s3://photos/{root}"], "storage_options": s3.storage_options}
    seen = vton_hf.VTON(config_name="hard", default_difficulty="hard", **given).triplets
    assert [each.layout for each in seen.audit.seen] == [name]
    asked = vton_hf.VTON(config_name="hard", default_difficulty="hard", layout=name, **given).triplets
    assert asked.manifest.digest() == seen.manifest.digest()
    path = tmp_path / "seen.toml"
    path.write_text(layout_text(name), encoding="utf-8")
    from_file = vton_hf.VTON(config_name="hard", default_difficulty="hard", layout=str(path), **given).triplets
    assert from_file.manifest.digest() == seen.manifest.digest()


def test_scan_says_which_layout_it_saw_and_writes_it(bucket: Bucket, cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    prefix = bucket.uri(write_tree("viton-hd", bucket.put))
    file = tmp_path / "seen.toml"
    code, out, _ = cli("scan", prefix, "--default-difficulty", "hard", "--layout-out", file)
    assert code == 0
    assert f"{prefix}: layout 'viton-hd' (test/image/ and test/cloth/, test_pairs.txt, train_pairs.txt)" in out
    assert "3 triplets of test not drawn; --where split=test takes them." in out
    assert "Columns: kind, split, cloth_mask, agnostic_mask, densepose, keypoints." in out
    told = json.loads(cli("scan", prefix, "--default-difficulty", "hard", "--layout", file, "--json").out)
    assert (told["triplets"], told["layouts"][0]["layout"]) == (4, "viton-hd")
    assert told["columns"]["agnostic_mask"] == 4
    both = [prefix, bucket.uri(write_tree("catvton", bucket.put))]
    code, _, err = cli("scan", *both, "--default-difficulty", "hard", "--layout-out", file)
    assert (code, "writes one layout, and there are several" in err) == (2, True)


def test_a_difficulty_is_never_guessed(bucket: Bucket, tmp_path: Path) -> None:
    prefix = bucket.uri(write_tree("dresscode", bucket.put))
    with pytest.raises(LayoutError, match=r"no difficulty: .*default_difficulty= gives it one"):
        vton_hf.load("hard", s3_prefixes=[prefix], cache_dir=str(tmp_path))
    rules = {"dresses": "hard", "upper_body": "easy"}
    builder = vton_hf.VTON(config_name="hard", s3_prefixes=[prefix], cache_dir=str(tmp_path), difficulty_of=rules)
    assert builder.triplets.manifest.sizes() == {"easy": 4, "medium": 0, "hard": 4}
    assert builder.triplets.audit.counts()["no difficulty"] > 0


def test_folders_of_difficulties_above_a_layout_count(bucket: Bucket, tmp_path: Path) -> None:
    for difficulty in ("easy", "hard"):
        write_tree("viton-hd", lambda key, data, above=difficulty: bucket.put(f"sets/{above}/{key}", data))
    builder = vton_hf.VTON(config_name="hard", s3_prefixes=[bucket.uri("sets/")], cache_dir=str(tmp_path))
    assert builder.triplets.manifest.sizes() == {"easy": 4, "medium": 0, "hard": 4}


class TestTheBucketsOwnGrammar:
    """Where any folder has it, a prefix is of it, with today's columns, keys and digests."""

    def test_it_comes_first_whatever_lies_beside_it(self, bucket: Bucket, tmp_path: Path, caplog: Any) -> None:
        bucket.fill(2)
        asked = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path)}
        alone = vton_hf.VTON(config_name="hard", layout="vton", **asked).triplets.manifest
        write_tree("viton-hd", lambda key, data: bucket.put(f"dataset_ultimate/{key}", data))
        bucket.put("dataset_ultimate/train_pairs.txt", b"a.jpg b.jpg\n")
        builder = vton_hf.VTON(config_name="hard", **asked)
        assert builder.triplets.manifest.digest() == alone.digest()
        assert builder.triplets.manifest.columns is None
        assert "test_pairs.txt, train_pairs.txt beside the triplets are not read; layout= takes another" in caplog.text
        assert builder.triplets.audit.seen[0].why == "initial_image/, cloth_image/ and try_on_image/ below 6 folders"

    def test_as_patterns_it_finds_the_same(self, bucket: Bucket, tmp_path: Path) -> None:
        bucket.fill(3)
        bucket.drop("dataset_ultimate/easy/male/cloth_image/001_cloth_dress.png")
        asked = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path)}
        own = vton_hf.VTON(config_name="hard", **asked).triplets
        path = tmp_path / "own.toml"
        path.write_text(layout_text("vton"), encoding="utf-8")
        patterns = vton_hf.VTON(config_name="hard", layout=path, **asked).triplets
        assert patterns.manifest.with_columns(None).digest() == own.manifest.digest()
        assert patterns.audit.counts() == own.audit.counts()

    def test_each_prefix_has_its_own_layout(self, bucket: Bucket, tmp_path: Path) -> None:
        bucket.fill(2)
        prefixes = [bucket.prefix, *(bucket.uri(write_tree(name, bucket.put)) for name in ("viton-hd", "table"))]
        asked = {"cache_dir": str(tmp_path), "default_difficulty": "hard", "epoch_size": "max"}
        ds = vton_hf.load("hard", s3_prefixes=prefixes, **asked)
        assert set(ds["kind"]) == {"triplet", "pair"}
        own = vton_hf.load("hard", s3_prefixes=prefixes[:1], **asked)
        assert set(own["key"]) < set(ds["key"])
        row = ds[ds["kind"][:].index("pair")]
        assert (row["initial_image"], row["try_on_image"].size) == (None, (48, 64))

    def test_two_layouts_below_one_prefix_are_refused(self, bucket: Bucket, tmp_path: Path) -> None:
        for name in ("viton-hd", "dresscode"):
            write_tree(name, bucket.put)
        with pytest.raises(LayoutError, match=r"One prefix holds two layouts, 'dresscode' .* and 'viton-hd' "):
            vton_hf.load("hard", s3_prefixes=[f"file://{bucket.folder}/"], cache_dir=str(tmp_path))


def nowhere(bucket: Bucket, tmp_path: Path, layout: Any) -> str:
    write_tree("viton-hd", bucket.put)
    asked = {"s3_prefixes": [bucket.uri("VITON-HD/")], "cache_dir": str(tmp_path), "default_difficulty": "hard"}
    with pytest.raises(LayoutError) as caught:
        vton_hf.load("hard", layout=layout, **asked)
    return str(caught.value)


def test_a_layout_that_fits_nothing_says_what_comes_nearest(bucket: Bucket, tmp_path: Path) -> None:
    said = nowhere(bucket, tmp_path, "catvton")
    assert "No key fits try_on_image = '{split}/person/{stem}.jpg' or 'person/{stem}.jpg'" in said
    assert "The folders are those of layout 'viton-hd'" in said
    own = {"kind": "pair", "cloth_image": "{split}/cloths/{stem}.jpg", "try_on_image": "{split}/image/{stem}.jpg"}
    said = nowhere(bucket, tmp_path, own)
    assert f"the folder most like it is {bucket.uri('VITON-HD/')}" in said
    assert "/cloth/" in said


def test_a_layout_half_of_which_lies_there_is_named_as_the_nearest(bucket: Bucket, tmp_path: Path) -> None:
    for key in list(tree_of(bucket, "viton-hd")):
        if "/cloth/" in key:
            bucket.drop(key)
    asked = {"s3_prefixes": [bucket.uri("VITON-HD/")], "cache_dir": str(tmp_path), "default_difficulty": "hard"}
    with pytest.raises(
        LayoutError, match="The nearest layout is 'viton-hd': 7 pictures lie where it has try_on_image, none"
    ):
        vton_hf.load("hard", **asked)


def tree_of(bucket: Bucket, name: str) -> Iterator[str]:
    root = write_tree(name, bucket.put)
    yield from (
        path.relative_to(bucket.folder).as_posix() for path in (bucket.folder / root).rglob("*") if path.is_file()
    )


def test_a_missing_companion_is_none_in_its_row(bucket: Bucket, tmp_path: Path) -> None:
    asked = options(bucket, "viton-hd", tmp_path)
    bucket.drop("VITON-HD/train/agnostic-mask/00002_00_mask.png")
    ds = vton_hf.load("hard", **asked)
    masks = dict(zip(ds["stem"], ds["agnostic_mask"], strict=True))
    assert [stem for stem, uri in masks.items() if uri is None] == ["00002_00"]


def test_root_files_of_dresscode_say_the_category_in_a_third_column(bucket: Bucket, tmp_path: Path) -> None:
    for key in list(tree_of(bucket, "dresscode")):
        if key.endswith(".txt"):
            bucket.drop(key)
    rows = [(10_000 * place + number, place) for place in range(3) for number in range(2)]
    text = "".join(f"{number:06d}_0.jpg\t{number:06d}_1.jpg\t{place}\n" for number, place in rows)
    bucket.put("DressCode/train_pairs.txt", text.encode())
    asked = {"s3_prefixes": [bucket.uri("DressCode/")], "cache_dir": str(tmp_path)}
    ds = vton_hf.load("hard", mix_by="category", difficulty_weights=dict.fromkeys(CATEGORIES, 1), **asked)
    assert sorted(ds["category"]) == sorted(CATEGORIES * 2)
    assert set(ds["difficulty"]) == {""}


def test_test_pairs_are_left_out_of_training_and_can_be_asked_for(bucket: Bucket, tmp_path: Path, caplog: Any) -> None:
    asked = options(bucket, "viton-hd", tmp_path)
    assert set(vton_hf.load("hard", **asked)["split"]) == {"train"}
    assert "3 triplets of test not drawn; where={'split': 'test'} takes them." in caplog.text
    assert vton_hf.load("hard", where={"split": "test"}, **asked)["kind"][:] == ["unpaired"] * 3
    assert len(vton_hf.load("hard", where={"split": ["train", "test"]}, **asked)) == 7
    below = asked | {"s3_prefixes": [bucket.uri("VITON-HD/test/")]}
    assert len(vton_hf.load("hard", **below)) == 3, "where there is nothing to train on, all are taken"


def test_what_is_fetched_does_not_depend_on_what_is_mixed(s3: MotoS3, tmp_path: Path) -> None:
    root = write_tree("dresscode", lambda key, data: s3.put("photos", key, data))
    asked = {"s3_prefixes": [f"s3://photos/{root}"], "storage_options": s3.storage_options, "cache_dir": str(tmp_path)}
    weights = dict.fromkeys(CATEGORIES, 1)
    vton_hf.load("hard", mix_by="category", difficulty_weights=weights, **asked)
    s3.reset_counts()
    ds = vton_hf.load("hard", mix_by="category", difficulty_weights={**weights, "dresses": 6}, **asked)
    assert [key for key in s3.gets() if not key.endswith(".txt")] == []
    assert ds["category"][:].count("dresses") == 9


def test_a_listing_is_read_by_what_lies_in_it_alone() -> None:
    naming = Naming(read_layout("viton-hd"), ("s3://b/",), lambda uris: [b""] * len(uris))
    empty = discover(_no_listing(), naming=naming)
    assert (len(empty[0]), empty[1].counts()) == (0, {})


def _no_listing() -> Any:
    from vton_hf.storage.tables import SCHEMA

    return SCHEMA.empty_table()


PUSH_ALL = """
import json, sys
import datasets
import vton_hf
for name, options in json.loads(sys.argv[1]).items():
    vton_hf.push_to_hub(f"team/{name}", configs="hard", **options)
    back = datasets.load_dataset(f"team/{name}", "hard", split="train")
    print(json.dumps([name, back["key"][:], back.column_names]))
"""


def test_all_are_pushed_and_come_back(bucket: Bucket, hub: Hub, tmp_path: Path) -> None:
    asked = {name: options(bucket, name, tmp_path / "cache") | {"epoch_size": COUNTS[name]} for name in ROOTS}
    done = run_python(PUSH_ALL, hub.environment(hub.token("anna", orgs=("team",)), tmp_path), json.dumps(asked))
    assert done.returncode == 0, done.stderr
    told = {name: said for name, *said in map(json.loads, done.stdout.splitlines())}
    for name in ROOTS:
        ds = vton_hf.load("hard", **asked[name])
        assert told[name] == [ds["key"][:], ds.column_names]


FIRST = {"viton-hd": "train_pairs.txt", "dresscode": "dresses/train_pairs.txt", "catvton": "train_pairs.txt"}
TABLES = {"table": "metadata.csv", "dresscode-mr": "test.jsonl", "igpair": "IGPair.json"}


def spoilt(text: str, kind: str) -> bytes:
    """A byte-order mark, Windows line ends, a line twice, one that names a missing file, one with a blank in a name."""
    if kind == "IGPair.json":
        rows = json.loads(text)
        rows += [rows[0], {"image_file": "images/no such.jpg", "cloth_file": rows[0]["cloth_file"], "text": []}]
        return b"\xef\xbb\xbf" + json.dumps(rows, indent=1).replace("\n", "\r\n").encode()
    lines = text.splitlines()
    other = lines[-1].replace(".jpg", " (1).jpg")
    return b"\xef\xbb\xbf" + "\r\n".join([*lines, lines[-1], other, ""]).encode()


@pytest.mark.parametrize("name", ROOTS)
def test_defects_of_files_are_counted_and_cost_no_other_row(name: str, bucket: Bucket, tmp_path: Path) -> None:
    asked = options(bucket, name, tmp_path)
    whole = vton_hf.VTON(config_name="hard", **asked).triplets.manifest
    file = ROOTS[name] + (FIRST | TABLES)[name]
    text = (bucket.folder / file).read_text(encoding="utf-8")
    bucket.put(file, spoilt(text, file.rpartition("/")[2]))
    found = vton_hf.VTON(config_name="hard", listing="fresh", **asked).triplets
    assert found.manifest.digest() == whole.digest()
    rows = 2 if name == "dresscode-mr" else 1  # a line of it makes a row of each garment
    counts = found.audit.counts()
    assert (counts.pop("repeated line"), counts.pop("missing file"), counts) == (rows, rows, {})


def test_a_picture_with_a_blank_in_its_name_is_taken(bucket: Bucket, tmp_path: Path) -> None:
    asked = options(bucket, "viton-hd", tmp_path)
    folder = bucket.folder / "VITON-HD"
    for role in ("image", "cloth"):
        (folder / f"train/{role}/00001_00.jpg").rename(folder / f"train/{role}/my shirt.jpg")
    pairs = folder / "train_pairs.txt"
    pairs.write_text(pairs.read_text(encoding="utf-8").replace("00001_00.jpg", "my shirt.jpg"), encoding="utf-8")
    assert "my shirt" in vton_hf.load("hard", **asked)["stem"][:]
