"""The time profile says where the time went, and what to change."""

import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

import vton_hf
from tests.bucket import Bucket
from vton_hf._core.timing import STAGES, stage, take

SLOW = 0.02


def fast(image: Any) -> torch.Tensor:
    return torch.zeros(3, 2, 2) + image.width


def slow(image: Any) -> torch.Tensor:
    time.sleep(SLOW)
    return fast(image)


def slow_collate(samples: Any) -> Any:
    time.sleep(0.5)
    return vton_hf.collate_triplets(samples)


@pytest.fixture
def rows(bucket: Bucket, tmp_path: Path) -> Any:
    bucket.fill(4)
    return lambda transform: vton_hf.S3VTONDataset([bucket.prefix], transform, cache_dir=str(tmp_path / "c"))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_slow_transform_is_found(rows: Any, workers: int) -> None:
    loader = DataLoader(rows(slow), batch_size=4, num_workers=workers, collate_fn=vton_hf.collate_triplets)
    profile = vton_hf.profile_loader(loader, batches=3)
    assert (profile.batches, profile.samples, profile.workers) == (3, 12, workers)
    assert profile.bound == "transform"
    assert set(profile.stages) == set(STAGES)
    assert profile.stages["transform"] >= 12 * 3 * SLOW
    assert "Bound by transform" in str(profile)
    assert loader.collate_fn is vton_hf.collate_triplets
    assert next(iter(loader))["cloth_image"].shape == (4, 3, 2, 2), "as it was before"


def test_a_slow_collate_is_found(rows: Any) -> None:
    profile = vton_hf.profile_loader(DataLoader(rows(fast), batch_size=4, collate_fn=slow_collate), batches=2)
    assert profile.bound == "collate"
    assert profile.stages["collate"] >= 1.0


def test_a_step_that_is_slower_than_the_data_bounds_the_run(rows: Any) -> None:
    seen: list[Any] = []

    def step(batch: Any) -> None:
        seen.append(batch["stem"])
        time.sleep(1.0)

    profile = vton_hf.profile_loader(DataLoader(rows(fast), batch_size=4, num_workers=1), batches=4, step=step)
    assert len(seen) == 4
    assert profile.bound == "step"
    assert profile.wait < 0.05
    assert "The training step bounds this run" in str(profile)


def test_a_stream_is_timed(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(16)
    stream = vton_hf.load("easy", streaming=True, s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path))
    stream = vton_hf.with_transform(stream, slow)
    profile = vton_hf.profile_loader(DataLoader(stream, batch_size=2, collate_fn=vton_hf.collate_triplets))
    assert profile.samples == 30, "an epoch of 32 but for the first batch"
    assert profile.bound == "transform"


def test_loaders_that_cannot_be_timed_are_refused(rows: Any) -> None:
    loader = DataLoader(rows(fast), batch_size=4, num_workers=1, persistent_workers=True)
    assert vton_hf.profile_loader(loader, batches=2).samples == 8
    next(iter(loader))
    with pytest.raises(vton_hf.ConfigError, match="before the first epoch"):
        vton_hf.profile_loader(loader)
    with pytest.raises(vton_hf.ConfigError, match="smaller batch_size"):
        vton_hf.profile_loader(DataLoader(rows(fast), batch_size=100))
    with pytest.raises(vton_hf.ConfigError, match="batches must be"):
        vton_hf.profile_loader(DataLoader(rows(fast)), batches=0)


def test_a_stage_within_a_stage_counts_once() -> None:
    take()
    with stage("decode"):
        time.sleep(0.01)
        with stage("fetch"):
            time.sleep(0.03)
    spent = take()
    assert spent["fetch"] >= 0.03
    assert 0.01 <= spent["decode"] < 0.03
    assert take() == {}
