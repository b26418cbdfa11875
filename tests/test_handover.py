"""Batches reach the training process as they were made, in memory that is used again and never too early."""

import gc
import os
import sys
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, default_collate

import vton_hf
from tests.bucket import Bucket

ROLES = ("initial_image", "cloth_image", "try_on_image")
ROWS, BATCH = 18, 2
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


@pytest.fixture
def rows(bucket: Bucket, tmp_path: Path) -> Any:
    bucket.fill(ROWS // 6)

    def make(**options: Any) -> Any:
        return vton_hf.S3VTONDataset([bucket.prefix], image_size=(64, 48), cache_dir=str(tmp_path), **options)

    return make


def batches(rows: Any, workers: int = 2, **options: Any) -> DataLoader[Any]:
    return DataLoader(rows, BATCH, num_workers=workers, timeout=60 if workers else 0, **options)


def same(found: list[Any], expected: list[Any]) -> bool:
    return len(found) == len(expected) and all(
        one[role].dtype == other[role].dtype and torch.equal(one[role], other[role])
        for one, other in zip(found, expected, strict=True)
        for role in ROLES
    )


def pieces() -> int:
    """How much memory for batches this process has open."""
    return sum("vton_hf-batch" in str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink())


def counted(samples: Any) -> Any:
    return vton_hf.collate_triplets(samples) | {"pieces": pieces()}


def counted_by_torch(samples: Any) -> Any:
    return default_collate(samples) | {"pieces": pieces()}


def halved(samples: Any) -> Any:
    batch = vton_hf.collate_triplets(samples)
    return batch | {role: batch[role].half() for role in ROLES} | {"pieces": pieces()}


def sent_elsewhere(samples: Any) -> Any:
    batch = vton_hf.collate_triplets(samples)
    ForkingPickler.dumps(batch["cloth_image"])
    return batch


@pytest.mark.parametrize("collate", [None, vton_hf.collate_triplets, sent_elsewhere])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.uint8])
def test_batches_that_are_kept_stay_as_they_are(rows: Any, collate: Any, dtype: torch.dtype) -> None:
    dataset = rows(dtype=dtype)
    expected = list(batches(dataset, workers=0))
    loader = batches(dataset, persistent_workers=True, collate_fn=collate)
    kept = [list(loader) for _ in range(3)]
    assert all(same(epoch, expected) for epoch in kept)
    del loader
    gc.collect()
    assert all(same(epoch, expected) for epoch in kept), "also when the workers are gone"
    assert {type(batch[role]) for batch in kept[0] for role in ROLES} == {torch.Tensor}


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_workers_of_every_kind_hand_over(rows: Any, start: str) -> None:
    dataset = rows()
    loader = batches(dataset, workers=1, multiprocessing_context=start, collate_fn=vton_hf.collate_triplets)
    assert same(list(loader), list(batches(dataset, workers=0)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch shares the memory")
@pytest.mark.parametrize("collate", [counted, counted_by_torch])
def test_what_the_training_process_let_go_of_is_used_again(rows: Any, collate: Any) -> None:
    loader = batches(rows(), workers=1, persistent_workers=True, collate_fn=collate)
    for _ in range(4):
        most = max(batch["pieces"] for batch in loader)
    assert 3 <= most <= 3 * (2 + 2 + 2), "two batches ahead, two in hand as one takes the other's place, two in between"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch shares the memory")
def test_what_never_leaves_the_worker_is_used_again(rows: Any) -> None:
    dataset = rows()
    found = list(batches(dataset, workers=1, collate_fn=halved))
    assert max(batch["pieces"] for batch in found) <= 2 * 3
    for batch, plain in zip(found, batches(dataset, workers=0), strict=True):
        assert torch.equal(batch["cloth_image"], plain["cloth_image"].half())


def test_a_forked_child_that_drops_a_batch_takes_it_from_nobody(rows: Any) -> None:
    dataset = rows()
    loader = iter(batches(dataset, workers=1, collate_fn=vton_hf.collate_triplets))
    first = [next(loader)]
    child = os.fork()
    if child == 0:
        first.clear()
        gc.collect()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    rest = list(loader)
    assert same([*first, *rest], list(batches(dataset, workers=0)))


def test_single_samples_travel_as_ordinary_tensors(rows: Any) -> None:
    dataset = rows()
    found = list(DataLoader(dataset, batch_size=None, num_workers=1))
    assert {type(sample[role]) for sample in found for role in ROLES} == {torch.Tensor}
    assert same(found, [dataset[row] for row in range(ROWS)])
