"""Subclasses and attributes, as users of the module that this package replaces have them."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Subset
from torchvision import transforms as v1

import vton_hf
from tests.bucket import Bucket
from vton_hf.naming import ROLES


class Marked(vton_hf.S3VTONDatasetEasy):
    """Adds to what the class makes of a row."""

    def __getitem__(self, index: Any) -> Any:
        return super().__getitem__(index) | {"mark": int(index)}


class Mixin:
    def __getitem__(self, index: Any) -> Any:
        sample = super().__getitem__(index)  # type: ignore[misc]
        return sample | {"mixed": sample.get("mark", -1)}


class MixedIn(Mixin, Marked):
    pass


class Below(Marked):
    """Adds a column to batches, on top of a class that adds one to samples."""

    def __getitems__(self, rows: Any) -> list[Any]:
        return [sample | {"batch": len(rows)} for sample in super().__getitems__(rows)]


class Both(vton_hf.S3VTONDatasetEasy):
    """Has its own way for one and for many."""

    def __getitem__(self, index: Any) -> Any:
        return super().__getitem__(index) | {"mark": 1}

    def __getitems__(self, rows: Any) -> list[Any]:
        return [sample | {"mark": 2} for sample in super().__getitems__(rows)]


class EachOfMany(vton_hf.S3VTONDatasetEasy):
    def __getitem__(self, index: Any) -> Any:
        return super().__getitem__(index) | {"mark": 1}

    def __getitems__(self, rows: Any) -> list[Any]:
        return [self[row] | {"batch": len(rows)} for row in rows]


class ManyOnly(vton_hf.S3VTONDatasetEasy):
    def __getitems__(self, rows: Any) -> list[Any]:
        return [sample | {"batch": len(rows)} for sample in super().__getitems__(rows)]


class Half(vton_hf.S3VTONDatasetEasy):
    """Rows of its own: every second one, backwards, and then once more; a row may come with a size."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: Any) -> Any:
        number, size = index if isinstance(index, tuple) else (index, 0)
        if not 0 <= number < len(self):
            raise IndexError(number)
        return super().__getitem__(6 - 2 * (number % 4)) | {"size": size}


@pytest.fixture
def make(bucket: Bucket, tmp_path: Path) -> Any:
    """Classes on a bucket of 8 triplets."""
    bucket.fill({"easy": 4})

    def make(kind: Any = Marked, transform: Any = None, **options: Any) -> Any:
        return kind([bucket.prefix], transform, cache_dir=str(tmp_path / "c"), columns=["key"], **options)

    return make


def loaded(data: Any, **options: Any) -> list[dict[str, Any]]:
    return [sample for batch in DataLoader(data, batch_size=3, collate_fn=list, **options) for sample in batch]


def same(ones: list[dict[str, Any]], others: list[dict[str, Any]]) -> bool:
    return len(ones) == len(others) and all(
        one.keys() == other.keys()
        and all(torch.equal(one[name], other[name]) if name in ROLES else one[name] == other[name] for name in one)
        for one, other in zip(ones, others, strict=True)
    )


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", [Marked, MixedIn])
@pytest.mark.parametrize("materialize", [False, True])
def test_a_loader_gives_what_an_index_gives(make: Any, kind: Any, workers: int, materialize: bool) -> None:
    rows = make(kind, v1.Compose([v1.RandomCrop(8), v1.ToTensor()]), materialize=materialize)
    each = [rows[index] for index in range(len(rows))]
    assert [sample["mark"] for sample in each] == list(range(8))
    assert same(loaded(rows, num_workers=workers), each)
    plain = make(vton_hf.S3VTONDatasetEasy, rows.transform, materialize=materialize)
    assert same([{name: sample[name] for name in plain[0]} for sample in each], plain[:])


def test_wrappers_obey_too(make: Any) -> None:
    rows = make()
    assert [sample["mark"] for sample in loaded(Subset(rows, [5, 2, 7]))] == [5, 2, 7]
    assert [sample["mark"] for sample in loaded(ConcatDataset([rows, rows]))] == [*range(8), *range(8)]
    assert [sample["mark"] for sample in rows] == [*range(8)]
    assert [sample["mark"] for sample in loaded(pickle.loads(pickle.dumps(rows)))] == [*range(8)]
    batches = DataLoader(rows, batch_size=None, sampler=[4, 1])
    assert [sample["mark"] for sample in batches] == [4, 1]


def test_each_class_has_the_last_word_over_those_below_it(make: Any) -> None:
    assert [(sample["mark"], sample["batch"]) for sample in loaded(make(Below))[5:]] == [(5, 3), (6, 2), (7, 2)]
    assert make(Both)[0]["mark"] == 1
    assert {sample["mark"] for sample in loaded(make(Both))} == {2}
    assert {(sample["mark"], sample["batch"]) for sample in loaded(make(EachOfMany))[:6]} == {(1, 3)}
    assert {sample["batch"] for sample in loaded(make(ManyOnly))[:6]} == {3}
    assert make(ManyOnly)[0]["batch"] == 1


@pytest.mark.parametrize("workers", [0, 1])
def test_a_class_may_have_rows_of_its_own(make: Any, workers: int) -> None:
    rows, plain = make(Half), make(vton_hf.S3VTONDatasetEasy)
    expected = [plain[place]["key"] for place in (6, 4, 2, 0)] * 2
    assert [sample["key"] for sample in loaded(rows, num_workers=workers)] == expected
    sized = DataLoader(rows, batch_sampler=[[(0, 64), (1, 64)], [(2, 32)]], collate_fn=list, num_workers=workers)
    assert [(sample["key"], sample["size"]) for batch in sized for sample in batch] == [
        *zip(expected, (64, 64, 32), strict=False)
    ]


def test_a_transform_may_be_replaced(make: Any) -> None:
    first = v1.Compose([v1.CenterCrop(8), v1.ToTensor()])
    rows = make(Marked, first)
    assert rows.transform is first
    assert rows[0]["cloth_image"].shape == (3, 8, 8)
    rows.transform = v1.Compose([v1.CenterCrop(4), v1.ToTensor()])
    assert rows[0]["cloth_image"].shape == (3, 4, 4)
    for data in (rows, pickle.loads(pickle.dumps(rows)), Subset(rows, range(8))):
        assert {sample["cloth_image"].shape for sample in loaded(data, num_workers=1)} == {(3, 4, 4)}
    rows.transform = None
    assert rows.transform is None
    assert torch.equal(rows[0]["cloth_image"], make(Marked)[0]["cloth_image"])


def test_another_transform_is_checked_as_the_first_is(make: Any) -> None:
    rows = make(dtype=torch.uint8)
    for transform, found in (
        (3, "transform must be a torchvision transform"),
        (v1.ToTensor(), "but a transform is given"),
    ):
        with pytest.raises(vton_hf.ConfigError, match=found):
            rows.transform = transform
    assert rows.transform is None
    assert rows[0]["cloth_image"].dtype == torch.uint8


def test_what_it_was_made_of_can_be_read(bucket: Bucket, make: Any, tmp_path: Path, monkeypatch: Any) -> None:
    bucket.fill({"medium": 2, "hard": 2})
    made = {kind: make(kind) for kind in (vton_hf.S3VTONDataset, vton_hf.S3VTONDatasetMedium)}
    assert [rows.difficulty_weights for rows in made.values()] == [None, {"easy": 0.3, "medium": 0.7}]
    assert {tuple(rows.s3_prefixes) for rows in made.values()} == {(bucket.prefix,)}
    assert [rows.s3_bucket for rows in made.values()] == [None, None]
    recipe = {"easy": 1, "hard": 3}
    rows = make(vton_hf.S3VTONDataset, s3_bucket="mine", difficulty_weights=recipe)
    assert (rows.s3_bucket, rows.difficulty_weights) == ("mine", recipe)
    monkeypatch.setenv("S3_BUCKET_NAME", "everybodys")
    again = vton_hf.S3VTONDatasetEasy(iter([bucket.prefix]), cache_dir=str(tmp_path / "c"))
    assert (again.s3_bucket, again.s3_prefixes) == ("everybodys", [bucket.prefix])


def test_an_empty_recipe_is_none(bucket: Bucket, make: Any) -> None:
    bucket.fill({"hard": 3})
    rows = make(vton_hf.S3VTONDataset, difficulty_weights={})
    assert [share.got for share in rows.plan.composition()] == [8, 0, 6]
    assert rows.difficulty_weights is None
    assert [share.got for share in make(Marked, difficulty_weights={}).plan.composition()] == [8, 0, 0]
