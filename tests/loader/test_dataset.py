"""The seed's torch API: rows, epochs, workers, options."""

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision import transforms as v1

import vton_hf
from tests.bucket import Bucket, png, triplet_keys
from tests.s3 import BUCKET, MotoS3
from vton_hf.naming import ROLES

CROP = v1.Compose([v1.RandomCrop(8), v1.ToTensor()])


@pytest.fixture
def make(bucket: Bucket, tmp_path: Path) -> Any:
    """`get_vton_dataset` on the bucket of 2 x 4 triplets a difficulty."""
    bucket.fill(4)

    def make(difficulty: str = "hard", **options: Any) -> vton_hf.S3VTONDataset:
        return vton_hf.get_vton_dataset(difficulty, [bucket.prefix], **({"cache_dir": str(tmp_path / "c")} | options))

    return make


def test_rows_are_those_of_load_dataset(make: Any, bucket: Bucket, tmp_path: Path) -> None:
    stored = vton_hf.load("hard", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "c"))
    rows = make(columns=["key", "gender", "garment"])
    assert [row["key"] for row in rows] == stored["key"][:]
    assert list(rows[0]) == [*ROLES, "difficulty", "stem", "gender", "garment", "key"]
    assert list(make()[0]) == [*ROLES, "difficulty", "stem"]
    assert torch.equal(rows[3]["cloth_image"], vton_hf.set_transform(stored)[3]["cloth_image"])


def test_indexing_is_that_of_a_list(make: Any) -> None:
    rows = make(columns=["key"])
    keys = [row["key"] for row in rows]
    assert len(keys) == len(rows) == 24
    assert rows[-1]["key"] == keys[-1]
    assert [row["key"] for row in rows[3:9:2]] == keys[3:9:2]
    assert rows[np.int64(2)]["key"] == rows[torch.tensor(2)]["key"] == keys[2]
    assert rows[5:5] == []
    for beyond in (24, -25):
        with pytest.raises(IndexError, match="of a dataset with 24 rows"):
            rows[beyond]
    with pytest.raises(TypeError):
        rows["key"]


def test_repr_and_plan_say_what_it_holds(make: Any) -> None:
    rows = make("medium", epoch_size=10)
    assert repr(rows) == "S3VTONDatasetMedium(10 samples: easy 3, medium 7)"
    assert str(rows.plan).startswith("Total: 10 samples\n├── Easy: 3 (30%)")
    assert Counter(row["difficulty"] for row in rows) == {"easy": 3, "medium": 7}


def test_each_class_has_its_recipe_and_takes_another(bucket: Bucket, make: Any, tmp_path: Path) -> None:
    def shares(kind: Any, **options: Any) -> list[int]:
        rows = kind([bucket.prefix], epoch_size=20, cache_dir=str(tmp_path / "c"), **options)
        return [share.got for share in rows.plan.composition()]

    assert shares(vton_hf.S3VTONDatasetEasy) == [20, 0, 0]
    assert shares(vton_hf.S3VTONDatasetMedium) == [6, 14, 0]
    assert shares(vton_hf.S3VTONDatasetHard) == [5, 5, 10]
    assert shares(vton_hf.S3VTONDatasetHard, difficulty_weights={"easy": 1, "hard": 3}) == [5, 0, 15]
    assert shares(vton_hf.S3VTONDataset, difficulty_weights={"medium": 2, "hard": 2}) == [0, 10, 10]


def test_without_a_recipe_each_triplet_stands_once(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill({"easy": 1, "hard": 4})
    rows = vton_hf.S3VTONDataset(bucket.prefix, columns=["key"], cache_dir=str(tmp_path / "c"))
    assert Counter(row["difficulty"] for row in rows) == {"easy": 2, "hard": 8}
    assert len({row["key"] for row in rows}) == 10


def test_gender_by_prefix_and_by_name(bucket: Bucket, make: Any, tmp_path: Path) -> None:
    by_name = make(gender="female", columns=["key"])
    folders = [f"{bucket.prefix}{name}/female/" for name in ("easy", "medium", "hard")]
    by_prefix = vton_hf.S3VTONDatasetHard(folders, columns=["key"], cache_dir=str(tmp_path / "c"))
    assert [row["key"] for row in by_name] == [row["key"] for row in by_prefix]
    assert all("/female/" in row["key"] for row in by_name)


def test_an_epoch_has_its_own_mix_and_augmentation(make: Any) -> None:
    rows = make(transform=CROP, columns=["key"])
    first = rows[:]
    rows.set_epoch(1)
    assert sorted(row["difficulty"] for row in rows) == sorted(row["difficulty"] for row in first)
    assert [row["key"] for row in rows] != [row["key"] for row in first]
    again = make(transform=CROP, columns=["key"])
    again.set_epoch(1)
    assert_same(rows[:], again[:])
    rows.set_epoch(0)
    assert_same(rows[:], first)
    shown = [row["key"] for row in first]
    twice = next(key for key in shown if shown.count(key) == 2)
    one, other = (row for row in first if row["key"] == twice)
    assert not torch.equal(one["try_on_image"], other["try_on_image"]), "a triplet's second showing is another sample"


def assert_same(ones: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    for one, other in zip(ones, others, strict=True):
        assert one["key"] == other["key"]
        assert all(torch.equal(one[role], other[role]) for role in ROLES)


@pytest.mark.parametrize(
    ("start", "workers"),
    # A spawned worker imports torch, torchvision and datasets: 7 s of one core. More are slower, not different.
    [("fork", 2), ("fork", 4), ("spawn", 1), ("forkserver", 2), ("forkserver", 4)],
)
@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker processes")
@pytest.mark.timeout(300)
def test_workers_change_nothing(s3: MotoS3, tmp_path: Path, start: str, workers: int) -> None:
    """After a look at a row in the parent; workers that stay follow `set_epoch`."""
    for index in range(8):
        for key in triplet_keys("easy", "male", f"{index:03d}").values():
            s3.put(BUCKET, key, png(key))
    rows = vton_hf.get_vton_dataset(
        "easy", ["dataset_ultimate/"], CROP, BUCKET,
        columns=["key"], cache_dir=str(tmp_path), storage_options=s3.storage_options,
    )  # fmt: skip
    alone = rows[:]
    loader = DataLoader(
        rows, batch_size=3, num_workers=workers, multiprocessing_context=start,
        persistent_workers=True, timeout=120, collate_fn=vton_hf.collate_triplets,
    )  # fmt: skip
    assert_same(unstacked(loader), alone)
    rows.set_epoch(1)
    assert_same(unstacked(loader), rows[:])


def unstacked(loader: Any) -> list[dict[str, Any]]:
    return [
        {name: batch[name][place] for name in batch} for batch in loader for place in range(len(batch["difficulty"]))
    ]


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_a_lambda_cannot_be_spawned(make: Any, start: str) -> None:
    rows = make(transform=lambda image: image)
    pickle_error = r"started by spawn or forkserver .*lambda.* top level of a module"
    with pytest.raises(vton_hf.ConfigError, match=pickle_error):
        next(iter(DataLoader(rows, num_workers=1, multiprocessing_context=start)))
    assert len(next(iter(DataLoader(make(transform=CROP), num_workers=1, timeout=60)))) == 5


def test_a_dataset_travels_by_pickle(make: Any) -> None:
    rows = make(transform=CROP, columns=["key"])
    assert_same(pickle.loads(pickle.dumps(rows))[:], rows[:])


def test_a_batch_is_fetched_at_once_and_nothing_before(s3: MotoS3, tmp_path: Path) -> None:
    for index in range(4):
        for key in triplet_keys("easy", "male", f"{index:03d}").values():
            s3.put(BUCKET, key, png(key))
    rows = vton_hf.get_vton_dataset(
        "easy", ["dataset_ultimate/"], None, BUCKET, cache_dir=str(tmp_path), storage_options=s3.storage_options
    )
    assert not s3.gets()
    next(iter(DataLoader(rows, batch_size=2)))
    assert sum(s3.gets().values()) == 6


@pytest.mark.parametrize("options", [{}, {"image_size": (9, 7)}, {"image_size": (9, 7), "aspect": "catvton"}])
def test_materialized_rows_are_the_same(make: Any, bucket: Bucket, tmp_path: Path, options: dict[str, Any]) -> None:
    lazy = make(columns=["key"], **options)[:]
    rows = make(columns=["key"], materialize=True, **options)
    for path in bucket.folder.rglob("*.png"):
        path.unlink()
    built = rows[:]
    for ours, theirs in zip(built, lazy, strict=True):
        for role in ROLES:
            # torch's Lanczos is Pillow's to 2 of 255; nothing is resized without a size.
            torch.testing.assert_close(ours[role], theirs[role], atol=2.01 / 127.5 if options else 0, rtol=0)
            theirs[role] = ours[role]
    assert_same(built, lazy)
    assert list((tmp_path / "c").rglob("data.arrow"))


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"difficulty": "extreme"}, "difficulty must be 'easy', 'medium' or 'hard'"),
        ({"colums": ["key"]}, "Unknown option 'colums'. Did you mean 'columns'?"),
        ({"weights": {"easy": 1}}, "Did you mean 'difficulty_weights'?"),
        ({"genders": "male"}, "Did you mean 'gender'?"),
        ({"columns": ["keys"]}, "columns must be a list of gender, garment, key, got"),
        ({"columns": "key"}, "columns must be"),
        ({"on_error": "skip"}, "Allowed here: 'replace', 'raise'"),
        ({"mixing": "interleave"}, "Unknown option 'mixing'"),
        ({"gender": "other"}, "gender must be"),
        ({"seed": "a"}, "seed must be"),
        ({"difficulty_weights": {"easy": -1}}, "must be a finite number from 0"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, options: dict[str, Any], found: str) -> None:
    with pytest.raises(vton_hf.ConfigError) as caught:
        make(**options)
    assert found in str(caught.value)


def test_a_bare_key_needs_a_bucket() -> None:
    with pytest.raises(vton_hf.ConfigError, match="pass s3_bucket= to a torch dataset"):
        vton_hf.S3VTONDatasetEasy()


@pytest.mark.parametrize("collate", [None, vton_hf.collate_triplets])
def test_batches(make: Any, collate: Any) -> None:
    (batch,) = DataLoader(make(epoch_size=4), batch_size=4, collate_fn=collate)
    assert all(batch[role].shape == (4, 3, 16, 12) for role in ROLES)
    assert isinstance(batch["stem"], list)
    assert Counter(batch["difficulty"]) == {"easy": 1, "medium": 1, "hard": 2}


def test_samples_that_do_not_stack_are_named(make: Any, bucket: Bucket) -> None:
    from vton_hf import collate_triplets

    rows = make(columns=["key"])
    bucket.put(triplet_keys(*rows[2]["key"].split("/"))["initial_image"], png("wide", (20, 16)))
    rows = make(columns=["key"])
    with pytest.raises(vton_hf.SampleError, match=rf"{rows[2]['key']}' has shape \(3, 16, 20\).*image_size="):
        collate_triplets(rows[:4])
    with pytest.raises(vton_hf.SampleError, match=r"is a Image, not a tensor.*with_transform.*ToTensor"):
        collate_triplets(make(transform=lambda image: image)[:2])
    with pytest.raises(vton_hf.SampleError, match="remove_unused_columns=False"):
        collate_triplets([{"labels": 1}])
