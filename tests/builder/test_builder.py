"""`load_dataset("vton_hf", ...)` on buckets in folders: composition, sharing, splits, options, errors."""

import logging
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pytest

import vton_hf
from tests.bucket import Bucket, Load, encoded, png, triplet_keys
from vton_hf.naming import ROLES


def images_on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("data.arrow"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("easy", {"easy": 40}),
        ("medium", {"easy": 24, "medium": 56}),
        ("hard", {"easy": 30, "medium": 30, "hard": 60}),
    ],
)
def test_a_config_is_its_recipe_exactly(load: Load, bucket: Bucket, name: str, expected: dict[str, int]) -> None:
    bucket.fill(20)
    assert Counter(load(name)["difficulty"]) == expected


def test_rows_hold_the_images_of_their_own_triplet(load: Load, bucket: Bucket) -> None:
    bucket.fill(5)
    for row in load("easy"):
        keys = triplet_keys(row["difficulty"], row["gender"], row["stem"])
        for role in ROLES:
            assert encoded(row[role]) == png(keys[role])
        assert row["garment"] == "dress"
        assert row["key"] == f"easy/{row['gender']}/{row['stem']}"


def test_the_eight_columns_are_three_images_and_five_strings(load: Load, bucket: Bucket) -> None:
    bucket.fill(2)
    assert load("easy").features == datasets.Features(
        dict.fromkeys(ROLES, datasets.Image())
        | dict.fromkeys(("difficulty", "stem", "gender", "garment", "key"), datasets.Value("string"))
    )


def test_easy_is_every_easy_triplet_once(load: Load, bucket: Bucket) -> None:
    bucket.fill(30)
    keys = load("easy")["key"][:]
    assert sorted(keys) == sorted(f"easy/{g}/{i:03d}" for g in ("female", "male") for i in range(30))


def test_the_seed_decides_the_order_in_every_process(load: Load, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(10)
    first, again, other = load(seed=7)["key"][:], load(seed=7)["key"][:], load(seed=8)["key"][:]
    script = (
        "import vton_hf, datasets\n"
        f"ds = datasets.load_dataset('vton_hf', 'hard', split='train', s3_prefixes=[{bucket.prefix!r}],"
        f" seed=7, cache_dir={str(tmp_path / 'other')!r})\n"
        "print(*ds['key'][:])"
    )
    elsewhere = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert first == again == elsewhere.stdout.split()
    assert first != other
    assert load(seed=7)._fingerprint == load(seed=7)._fingerprint != load(seed=8)._fingerprint


def test_configs_share_the_bytes_of_their_pools(load: Load, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(10)
    load("hard")
    size = images_on_disk(tmp_path / "cache")
    load("medium")
    load("easy")
    assert images_on_disk(tmp_path / "cache") == size


def test_a_changed_object_rebuilds_one_chunk_and_changes_the_fingerprint(
    load: Load, bucket: Bucket, tmp_path: Path
) -> None:
    bucket.fill(10)
    before = load()
    chunks = {path.parent.name for path in (tmp_path / "cache").rglob("data.arrow")}
    key = triplet_keys("hard", "male", "003")["try_on_image"]
    bucket.put(key, png("another picture", (14, 18)))
    after = load()
    assert len({path.parent.name for path in (tmp_path / "cache").rglob("data.arrow")} - chunks) == 1
    assert after._fingerprint != before._fingerprint
    row = next(row for row in after if row["key"] == "hard/male/003")
    assert row["try_on_image"].size == (14, 18)


def test_a_deleted_object_takes_its_triplet_out_of_the_mix(load: Load, bucket: Bucket, caplog: Any) -> None:
    bucket.fill(10)
    assert "hard/male/003" in load()["key"]
    bucket.drop(triplet_keys("hard", "male", "003")["initial_image"])
    assert "hard/male/003" not in load()["key"]
    assert "Incomplete triplet for stem '003'" in caplog.text
    assert "missing initial_image" in caplog.text


def test_worker_processes_build_the_same_dataset(load: Load, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(40)
    alone = load(cache_dir=str(tmp_path / "alone"))
    shared = load(cache_dir=str(tmp_path / "shared"), num_proc=2)
    assert alone.data.table.equals(shared.data.table)
    assert alone["key"][:] == shared["key"][:]


def test_a_script_without_a_main_guard_builds_in_workers_and_runs_once(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(3)
    script = tmp_path / "train.py"
    script.write_text(
        "print('top level')\n"
        "import vton_hf, datasets\n"
        f"ds = datasets.load_dataset('vton_hf', 'hard', split='train', s3_prefixes=[{bucket.prefix!r}],"
        f" cache_dir={str(tmp_path / 'cache')!r}, num_proc=2)\n"
        "print(len(ds))"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["top level", "18"]


@pytest.mark.parametrize(
    ("split", "rows"),
    [
        ("train", range(120)),
        ("all", range(120)),
        (datasets.Split.TRAIN, range(120)),
        ("train[:10%]", range(12)),
        ("train[10%:]", range(12, 120)),
        ("train[:7]", range(7)),
        ("train[-5:]", range(115, 120)),
        ("train[:2]+train[-2:]", [0, 1, 118, 119]),
        ("train[60:]+train[:60]", [*range(60, 120), *range(60)]),
        (datasets.ReadInstruction("train", to=3, unit="abs"), range(3)),
    ],
)
def test_a_split_is_the_rows_it_names(load: Load, bucket: Bucket, split: Any, rows: Any) -> None:
    bucket.fill(20)
    whole = load()["key"][:]
    assert load(split=split)["key"][:] == [whole[row] for row in rows]


def test_several_splits_come_as_they_were_asked_for(load: Load, bucket: Bucket) -> None:
    bucket.fill(5)
    assert isinstance(load(split=None), datasets.DatasetDict)
    assert list(load(split=None)) == ["train"]
    first, second = load(split=["train[:50%]", "train[50%:]"])
    assert len(first) + len(second) == len(load())


def test_slices_of_a_mix_with_repeats_warn_that_they_share_triplets(load: Load, bucket: Bucket, caplog: Any) -> None:
    bucket.fill(10)
    load(split="train[:50%]", epoch_size="min")
    assert "slices share triplets" not in caplog.text
    load(split="train[:50%]")
    assert "slices share triplets" in caplog.text


def test_an_unknown_split_says_what_there_is(load: Load, bucket: Bucket) -> None:
    bucket.fill(1)
    with pytest.raises(vton_hf.ConfigError, match=r"split='test' cannot be read .* Allowed: 'train', a slice"):
        load(split="test")


def test_custom_weights_replace_the_recipe(load: Load, bucket: Bucket) -> None:
    bucket.fill(10)
    rows = load("easy", difficulty_weights={"easy": 1, "hard": 3}, epoch_size=40)
    assert Counter(rows["difficulty"]) == {"easy": 10, "hard": 30}


def test_interleaving_goes_through_datasets(load: Load, bucket: Bucket) -> None:
    bucket.fill(50)
    mixed = load("medium", mixing="interleave")
    pools = {name: sum(key.startswith(name) for key in mixed["key"]) for name in ("easy", "medium", "hard")}
    assert pools["hard"] == 0
    assert 100 in (pools["easy"], pools["medium"])
    assert len(set(mixed["key"])) == len(mixed)
    assert len(load("medium", mixing="interleave", epoch_size="max")) > len(mixed)
    assert mixed["key"][:] == load("medium", mixing="interleave")["key"][:]


def test_gender_and_limit_narrow_the_pools_without_building_anything_twice(
    load: Load, bucket: Bucket, tmp_path: Path
) -> None:
    bucket.fill(10)
    everything = load("easy")
    size = images_on_disk(tmp_path / "cache")
    women = load("easy", gender="female")
    assert set(women["gender"]) == {"female"}
    assert len(women) == 10
    assert images_on_disk(tmp_path / "cache") == size
    few = load("hard", limit=4)
    assert len(few) == 12
    assert set(load("easy", limit=4)["key"]) < set(everything["key"])


def test_excluded_triplets_stay_away(load: Load, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(5)
    listed = tmp_path / "exclude.txt"
    listed.write_text("# seen in the test set\nhard/male/001\n")
    for exclude in (["hard/male/001"], listed, str(listed)):
        rows = load(exclude=exclude)
        assert "hard/male/001" not in rows["key"]
        assert "hard/male/002" in rows["key"]


def test_several_prefixes_at_any_depth_count_each_triplet_once(load: Load, bucket: Bucket) -> None:
    bucket.fill(5)
    prefixes = [bucket.prefix + part for part in ("easy/", "easy/female/", "medium", "hard/male/", "hard/female/")]
    assert load(s3_prefixes=prefixes)["key"][:] == load()["key"][:]
    assert load(s3_prefixes=str(bucket.folder))["key"][:] == load()["key"][:]


def test_features_narrow_and_recast_the_columns(load: Load, bucket: Bucket) -> None:
    bucket.fill(3)
    wanted = datasets.Features({"try_on_image": datasets.Image(decode=False), "stem": datasets.Value("string")})
    rows = load("easy", features=wanted)
    assert rows.features == wanted
    assert rows[0]["try_on_image"]["bytes"].startswith(b"\x89PNG")
    with pytest.raises(vton_hf.ConfigError, match=r"features= wants 'stem' as Value\('int64'\)"):
        load("easy", features=datasets.Features({"stem": datasets.Value("int64")}))


def test_load_without_the_registry_gives_the_same(load: Load, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(3)
    rows = vton_hf.load("hard", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"))
    assert rows["key"][:] == load()["key"][:]
    streamed = vton_hf.load("hard", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"), streaming=True)
    assert [row["key"] for row in streamed] == load()["key"][:]


def test_the_usual_operations_of_datasets_work(load: Load, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(10)
    rows = load()
    assert len(pickle.loads(pickle.dumps(rows))) == len(rows)
    assert rows.shuffle(seed=1).select(range(5)).map(lambda row: {"size": row["cloth_image"].size})[0]["size"] == [
        12,
        16,
    ]
    parts = rows.train_test_split(test_size=0.2, seed=0)
    assert len(parts["train"]) + len(parts["test"]) == len(rows)
    rows.save_to_disk(tmp_path / "saved")
    assert datasets.load_from_disk(tmp_path / "saved")["key"][:] == rows["key"][:]
    assert load(keep_in_memory=True)["key"][:] == rows["key"][:]
    assert rows.info.splits["train"].num_examples == len(rows)


def test_a_parquet_copy_is_read_by_stock_datasets(bucket: Bucket, load: Load, tmp_path: Path) -> None:
    bucket.fill(5)
    builder = vton_hf.VTON(config_name="hard", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare(str(tmp_path / "copy"), file_format="parquet")
    copy = datasets.load_dataset(str(tmp_path / "copy"), split="train", cache_dir=str(tmp_path / "stock"))
    assert copy["key"][:] == load()["key"][:]
    assert copy[0]["cloth_image"].tobytes() == load()[0]["cloth_image"].tobytes()


def test_a_builder_keeps_to_what_it_prepared(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder means another bucket after a change of directory."""
    for name, count in (("one", 2), ("two", 3)):
        Bucket(tmp_path / name).fill(count)
    options = {"config_name": "easy", "s3_prefixes": ["./dataset_ultimate/"], "cache_dir": str(tmp_path / "cache")}
    builders = []
    for name in ("one", "two"):
        monkeypatch.chdir(tmp_path / name)
        builders.append(vton_hf.VTON(**options))
        builders[-1].download_and_prepare()
    assert [len(builder.as_dataset("train")) for builder in builders] == [4, 6]
    monkeypatch.chdir(tmp_path / "one")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    assert len(vton_hf.load("easy", s3_prefixes=["./dataset_ultimate/"], cache_dir=str(tmp_path / "cache"))) == 4


def test_an_iterator_of_prefixes_or_keys_is_read_once_and_used(load: Load, bucket: Bucket) -> None:
    bucket.fill(2)
    rows = load("easy", s3_prefixes=iter([bucket.prefix]), exclude=iter(["easy/male/000"]))
    assert len(rows) == 3


def test_force_redownload_reads_the_bucket_again(load: Load, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(2)
    load()
    first = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("data.arrow")}
    load()
    assert {path: path.stat().st_mtime_ns for path in first} == first
    load(download_mode="force_redownload")
    assert all(path.stat().st_mtime_ns > time for path, time in first.items())


def test_offline_a_built_dataset_loads_without_its_bucket(
    load: Load, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.fill(3)
    keys = load()["key"][:]
    bucket.folder.rename(bucket.folder.with_name("gone"))
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    assert load()["key"][:] == keys
    with pytest.raises(vton_hf.StorageError, match=r"HF_DATASETS_OFFLINE is set, and 'easy' .* was not built"):
        load("easy")


def test_an_empty_pool_stops_before_anything_is_built(load: Load, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill({"easy": 3, "medium": 3})
    with pytest.raises(vton_hf.EmptyPoolError, match="No samples available for difficulty 'hard'"):
        load()
    assert not list((tmp_path / "cache").rglob("data.arrow"))
    assert len(load("medium")) == 12


def test_no_triplet_at_all_says_what_was_seen(load: Load, bucket: Bucket) -> None:
    bucket.put("dataset_ultimate/easy/readme.txt", b"hello")
    with pytest.raises(vton_hf.LayoutError, match=r"No complete triplet among 1 key\. Expected .*unknown name"):
        load()


def test_a_prefix_without_a_match_is_an_error(load: Load, bucket: Bucket) -> None:
    bucket.fill(1)
    with pytest.raises(vton_hf.LayoutError, match="hard_typo"):
        load(s3_prefixes=[bucket.prefix, bucket.prefix + "hard_typo/"])


def test_loading_says_so_when_more_is_asked_than_there_is(load: Load, bucket: Bucket, caplog: Any) -> None:
    bucket.fill(5)
    with caplog.at_level(logging.WARNING, logger="vton_hf"):
        load()
    assert caplog.text.count("Target count exceeds available samples") == 1
