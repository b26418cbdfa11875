"""A worker's next batches are on their way while it is at work, whoever made their order, and are the right ones."""

import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, Subset
from torchdata.stateful_dataloader import StatefulDataLoader

import vton_hf
from tests.bucket import png, triplet_keys
from tests.s3 import BUCKET, MotoS3
from vton_hf.loader.prefetch import Prefetcher
from vton_hf.storage import Store, settings_for

pytestmark = [
    pytest.mark.s3,
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated"),  # torchdata's own call
]
ROWS = 8
_gate = multiprocessing.get_context("fork").Event()


def gated(image: Any) -> torch.Tensor:
    """A transform that waits until the test lets it go on; forked workers share the gate."""
    assert _gate.wait(60)
    return torch.tensor(image.getpixel((0, 0)))


@pytest.fixture(autouse=True)
def gate(s3: MotoS3) -> Iterator[Any]:
    for index in range(ROWS):
        for key in triplet_keys("easy", "male", f"{index:03d}").values():
            s3.put(BUCKET, key, png(key))
    _gate.clear()
    yield _gate
    _gate.set()


def lazy(s3: MotoS3, folder: Path) -> Any:
    return vton_hf.get_vton_dataset(
        "easy", transform=gated, s3_bucket=BUCKET, cache_dir=str(folder), storage_options=s3.storage_options
    )


class Own(vton_hf.S3VTONDatasetEasy):
    """Is asked for one row at a time."""

    def __getitem__(self, index: Any) -> Any:
        return super().__getitem__(index)


def own(s3: MotoS3, folder: Path) -> Any:
    return Own(transform=gated, s3_bucket=BUCKET, cache_dir=str(folder), storage_options=s3.storage_options)


def mapped(s3: MotoS3, folder: Path) -> Any:
    rows = vton_hf.load(
        "easy",
        s3_prefixes=[f"s3://{BUCKET}/dataset_ultimate/"],
        embed_images=False,
        cache_dir=str(folder),
        storage_options=s3.storage_options,
    )
    return vton_hf.set_transform(rows, gated)


def part(s3: MotoS3, folder: Path) -> Any:
    return Subset(lazy(s3, folder), torch.arange(ROWS).flip(0).tolist())


def wait_for(s3: MotoS3, count: int) -> None:
    until = time.monotonic() + 30
    while sum(s3.gets().values()) < count and time.monotonic() < until:
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("make", "loader"),
    [(lazy, DataLoader), (own, DataLoader), (mapped, DataLoader), (part, DataLoader), (lazy, StatefulDataLoader)],
)
def test_the_next_batches_are_fetched_during_the_first(
    s3: MotoS3, tmp_path: Path, make: Any, loader: Any, gate: Any
) -> None:
    rows = make(s3, tmp_path)
    s3.reset_counts()
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(1)).tolist()
    batches = iter(loader(rows, batch_size=2, sampler=order, num_workers=1, prefetch_factor=3, timeout=60))
    wait_for(s3, 18)
    assert len(s3.gets()) == 18, "three batches of two triplets"
    time.sleep(0.3)
    assert len(s3.gets()) == 18, "and no more before the first is done"
    gate.set()
    batches = list(batches)
    assert sum(s3.gets().values()) == 3 * ROWS, "each object once"
    expected = rows.__getitems__(order) if make is not mapped else [rows[row] for row in order]
    for role in ("initial_image", "cloth_image", "try_on_image"):
        found = torch.cat([batch[role] for batch in batches])
        assert torch.equal(found, torch.stack([row[role] for row in expected]))


def test_what_is_broken_ahead_is_replaced_when_its_turn_comes(s3: MotoS3, tmp_path: Path, gate: Any) -> None:
    rows = lazy(s3, tmp_path)
    s3.delete(BUCKET, triplet_keys("easy", "male", "005")["cloth_image"])
    gate.set()
    stems = [stem for batch in DataLoader(rows, batch_size=2, num_workers=2, timeout=60) for stem in batch["stem"]]
    assert len(stems) == ROWS
    assert "005" not in stems
    assert [failure.key for failure in rows.failures()] == ["easy/male/005"]


def test_persistent_workers_follow_into_the_next_epoch(s3: MotoS3, tmp_path: Path, gate: Any) -> None:
    rows = lazy(s3, tmp_path)
    gate.set()
    loader = DataLoader(rows, batch_size=2, num_workers=2, persistent_workers=True, timeout=60)
    for epoch in range(3):
        rows.set_epoch(epoch)
        stems = [stem for batch in loader for stem in batch["stem"]]
        assert stems == [row["stem"] for row in rows.__getitems__(range(ROWS))]


def test_what_is_not_asked_for_any_more_makes_room(s3: MotoS3) -> None:
    store = Store(settings_for(s3.storage_options))
    batches = [[s3.put(BUCKET, f"{batch}/{place}", bytes([batch, place])) for place in range(2)] for batch in range(4)]
    map_prefetched = Prefetcher(store, lambda _: [])
    for batch in batches[:3]:
        map_prefetched.schedule(batch)
    wait_for(s3, 4)
    assert map_prefetched.read(batches[2], store) == [bytes([2, 0]), bytes([2, 1])]
    map_prefetched.schedule(batches[3])
    wait_for(s3, 8)
    assert len(s3.gets()) == 8, "two that were passed over, the one that was read, and the next"
