"""What a worker does beside its samples can be switched off, one by one, and the samples stay the same."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

import vton_hf
from tests.bucket import Bucket
from vton_hf.loader import prefetch
from vton_hf.naming import ROLES

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

AHEAD = "are fetched while this worker is at work"
NOT_AHEAD = "Batches are not fetched ahead"
KEPT = "in memory that is used again"
NOT_KEPT = "torch's own way, in fresh memory"


@pytest.fixture
def rows(bucket: Bucket, tmp_path: Path) -> Any:
    """Triplets whose images are fetched when they are looked at."""
    bucket.fill(3)
    return vton_hf.S3VTONDataset([bucket.prefix], image_size=(64, 48), cache_dir=str(tmp_path / "cache"))


@pytest.fixture
def said(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """What this process and its workers log."""
    logger, file = logging.getLogger("vton_hf"), tmp_path / "log"
    handler = logging.FileHandler(file)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: file.read_text(encoding="utf-8")
    logger.removeHandler(handler)
    handler.close()
    logger.setLevel(level)


def batches(rows: Any, workers: int = 2) -> list[Any]:
    options = {"timeout": 60, "multiprocessing_context": "fork"} if workers else {}
    return list(DataLoader(rows, 2, num_workers=workers, collate_fn=vton_hf.collate_triplets, **options))


def same(found: list[Any], expected: list[Any]) -> bool:
    return [batch["stem"] for batch in found] == [batch["stem"] for batch in expected] and all(
        torch.equal(one[role], other[role]) for one, other in zip(found, expected, strict=True) for role in ROLES
    )


@pytest.mark.parametrize(
    ("disabled", "lines"),
    [
        ("", {AHEAD, KEPT}),
        ("prefetch", {NOT_AHEAD, KEPT}),
        ("shared-memory", {AHEAD, NOT_KEPT}),
        ("malloc", {AHEAD, KEPT}),
        ("Prefetch, shared_memory,malloc", {NOT_AHEAD, NOT_KEPT}),
    ],
)
def test_each_is_switched_off_and_says_so(
    rows: Any, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch, disabled: str, lines: set[str]
) -> None:
    expected = batches(rows, workers=0)
    monkeypatch.setenv("VTON_HF_DISABLE", disabled)
    assert same(batches(rows), expected)
    assert {line for line in (AHEAD, NOT_AHEAD, KEPT, NOT_KEPT) if line in said()} == lines


def test_a_torch_whose_workers_run_something_else_gets_the_same(
    rows: Any, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefetch, "LOOP", "another_loop")
    assert same(batches(rows), batches(rows, workers=0))
    assert "what this worker will be asked for is not to be seen" in said()


def test_a_switch_that_does_not_exist_is_named(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VTON_HF_DISABLE", "prefech")
    with pytest.raises(vton_hf.ConfigError, match="VTON_HF_DISABLE must be any of malloc, prefetch, shared"):
        batches(rows)
