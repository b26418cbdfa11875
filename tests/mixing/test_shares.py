"""Weights that are no shares, and rows that fill no batch: what becomes of them is said."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

import vton_hf
from tests.bucket import Bucket, Load
from vton_hf.mixing import recipes


@pytest.fixture(params=["load_dataset", "sampler"])
def draw(load: Load, bucket: Bucket, request: pytest.FixtureRequest) -> Callable[[dict[str, float]], Any]:
    """Draws rows with weights, in one of two ways."""
    bucket.fill(2)
    recipes._tell_shares.cache_clear()  # of what other tests of this process were told
    if request.param == "load_dataset":
        return lambda weights: load(difficulty_weights=weights)
    rows = load()
    return lambda weights: vton_hf.TripletSampler(rows, 4, weights=weights)


@pytest.mark.parametrize(
    ("weights", "level", "said"),
    [
        ({"easy": 0.35, "hard": 0.25}, logging.WARNING, "sum to 0.6, not to 1; taken as easy 0.583, medium 0, hard 0.417."),
        ({"easy": 2.5, "hard": 1}, logging.WARNING, "sum to 3.5, not to 1; taken as easy 0.714, medium 0, hard 0.286."),
        ({"easy": 10, "hard": 30}, logging.INFO, "sum to 40, not to 1; taken as easy 0.25, medium 0, hard 0.75."),
    ],
)  # fmt: skip
def test_weights_that_do_not_sum_to_1_are_said_once(
    draw: Callable[[dict[str, float]], Any], caplog: Any, weights: dict[str, float], level: int, said: str
) -> None:
    caplog.set_level(logging.INFO, "vton_hf")
    for _ in range(2):
        draw(weights)
    heard = [record for record in caplog.record_tuples if "sum to" in record[2]]
    assert heard == [("vton_hf", level, f"Weights {weights} {said}")]


def test_weights_that_do_are_not(draw: Callable[[dict[str, float]], Any], caplog: Any) -> None:
    caplog.set_level(logging.INFO, "vton_hf")
    draw({"easy": 0.1, "medium": 0.2, "hard": 0.7})
    assert not [message for message in caplog.messages if "sum to" in message]


def test_a_samplers_tail_is_said_once(load: Load, bucket: Bucket, caplog: Any) -> None:
    bucket.fill(2)
    rows = load()
    caplog.set_level(logging.INFO, "vton_hf")
    sampler = vton_hf.TripletSampler(rows, 5)
    assert (len(rows), len(sampler)) == (12, 10)
    (said,) = [message for message in caplog.messages if "left for other epochs" in message]
    assert "2 steps of 5 rows, 2 rows left for other epochs" in said
    caplog.clear()
    list(sampler)
    vton_hf.TripletSampler(rows, 4)
    assert not [message for message in caplog.messages if "left for other epochs" in message]
