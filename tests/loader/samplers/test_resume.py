"""A run that stops anywhere goes on with the next row, on other ranks and workers."""

import json
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bucket import Bucket, Load
from tests.loader.samplers.sources import MANY_WORKERS, Planned, batches, loader, rows, seen
from vton_hf.errors import ConfigError
from vton_hf.loader.samplers import Curriculum, TripletSampler
from vton_hf.mixing import RECIPES
from vton_hf.transforms import set_transform

STEADY = settings(deadline=None, derandomize=True, max_examples=60, database=None)
DATA = rows(12, 12, 24)
STEPS = 6


def sampler(rank: int = 0, ranks: int = 1, data: Any = DATA, **options: Any) -> TripletSampler:
    return TripletSampler(data, **({"global_batch_size": 8} | options), rank=rank, num_replicas=ranks)


def resumed(state: dict[str, Any], rank: int = 0, ranks: int = 1, **options: Any) -> TripletSampler:
    fresh = sampler(rank, ranks, **options)
    fresh.load_state_dict(json.loads(json.dumps(state)))
    return fresh


# Any step, any ranks, any workers


@pytest.mark.filterwarnings(MANY_WORKERS)
@pytest.mark.parametrize("stop", range(STEPS + 1))
def test_two_ranks_of_two_workers_stop_and_one_of_three_goes_on(stop: int) -> None:
    whole = [batch for epoch in range(2) for batch in epoch_of(sampler(), epoch, workers=0)]
    before, states = [], []
    for rank in range(2):
        ours = sampler(rank, 2)
        iterator = seen(loader(DATA, ours, workers=2))
        before.append([next(iterator) for _ in range(stop)])
        states.append(ours.state_dict(steps=stop))
    assert states[0] == states[1]
    together = [first + second for first, second in zip(*before, strict=True)]
    last = resumed(states[0])
    together += epoch_of(last, last.epoch, workers=3)
    together += epoch_of(last, 1, workers=3)
    assert together == whole
    assert sorted(number for batch in together[:STEPS] for number, _ in batch) == list(range(48))


def epoch_of(sampler: TripletSampler, epoch: int, workers: int) -> list[Any]:
    sampler.set_epoch(epoch)
    return list(seen(loader(DATA, sampler, workers=workers)))


@STEADY
@given(
    st.lists(st.sampled_from([1, 2, 3, 4, 6, 12]), min_size=2, max_size=6),
    st.lists(st.integers(0, 4), min_size=6, max_size=6),
    st.sampled_from([None, RECIPES["hard"], {"easy": 0.17, "medium": 0.29, "hard": 0.54}]),
)
def test_stopping_again_and_again_on_other_ranks_loses_and_repeats_nothing(
    ranks: list[int], stops: list[int], weights: Any
) -> None:
    one = sampler(global_batch_size=12, weights=weights)
    state, whole = one.state_dict(), batches(one, 12)
    drawn: list[list[int]] = []
    for count, stop in zip(ranks, stops, strict=False):
        parts = [resumed(state, rank, count, global_batch_size=12, weights=weights, seed=9) for rank in range(count)]
        lists = [batches(part, 12 // count) for part in parts]
        steps = min(stop, len(lists[0]))
        drawn += [[row for part in lists for row in part[step]] for step in range(steps)]
        if len(drawn) == len(whole):
            break
        state = parts[-1].state_dict(steps=steps)
        assert state["position"] == 12 * len(drawn)
    assert drawn == whole[: len(drawn)]


def test_images_and_their_random_transforms_are_the_same_after_a_resume(bucket: Bucket, load: Load) -> None:
    bucket.fill({"easy": 3, "medium": 3, "hard": 6}, genders=("female",))

    def images(sampler: TripletSampler, data: Any, **options: Any) -> list[torch.Tensor]:
        return [batch["try_on_image"] for batch in loader(data, sampler, **options)]

    def flipped() -> Any:
        return set_transform(load("hard"), noisy)

    data = flipped()
    ours = sampler(data=data, global_batch_size=4)
    ours.set_epoch(3)
    whole = images(ours, data)
    ours = sampler(data=data, global_batch_size=4)
    ours.set_epoch(3)
    first = next(iter(loader(data, ours, workers=2)))["try_on_image"]
    data = flipped()
    rest = images(resumed(ours.state_dict(steps=1), data=data, global_batch_size=4), data, workers=2)
    assert torch.equal(torch.stack([first, *rest]), torch.stack(whole))
    assert len({image.sum().item() for batch in whole for image in batch}) == 12


def noisy(image: Any) -> torch.Tensor:
    del image
    return torch.rand(3, 4, 4)


# What counts as consumed


def test_without_workers_the_sampler_knows_itself() -> None:
    ours = sampler()
    iterator = seen(loader(DATA, ours))
    for step in range(STEPS):
        assert ours.state_dict() == ours.state_dict(steps=step)
        next(iterator)
    assert ours.state_dict()["position"] == 48


def test_what_workers_fetch_ahead_does_not_count() -> None:
    ours = sampler()
    iterator = seen(loader(DATA, ours, workers=2))
    first = next(iterator)
    assert ours.state_dict()["position"] > 8
    assert ours.state_dict(steps=1)["position"] == 8
    rest = list(seen(loader(DATA, resumed(ours.state_dict(steps=1)))))
    assert [first, *rest] == list(seen(loader(DATA, sampler())))


def test_after_a_resume_steps_are_counted_anew() -> None:
    ours = resumed(sampler().state_dict(steps=2))
    assert ours.state_dict(steps=0)["position"] == 16
    list(ours)
    assert ours.state_dict(steps=3)["position"] == 40
    with pytest.raises(ConfigError, match=re.escape("steps must be from 0 to 4, the steps that this epoch had left")):
        ours.state_dict(steps=5)
    list(ours)
    assert ours.state_dict(steps=5)["position"] == 40


@pytest.mark.parametrize("steps", [-1, 1.0, True, "1"])
def test_steps_that_are_no_count_are_refused(steps: Any) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"steps must be a whole number from 0, got {steps!r}.")):
        sampler().state_dict(steps=steps)


def test_a_finished_epoch_is_the_start_of_the_next() -> None:
    ours = sampler()
    ours.set_epoch(4)
    once = list(ours)
    state = ours.state_dict()
    assert (state["epoch"], state["position"]) == (5, 0)
    assert list(ours) == once
    ours.set_epoch(5)
    assert list(resumed(state)) == list(ours)


def test_after_the_last_step_nothing_is_left_and_then_comes_the_next_epoch() -> None:
    ours = resumed(sampler().state_dict(steps=STEPS))
    assert ours.epoch == 0
    ours.set_epoch(0)
    assert list(ours) == []
    assert ours.epoch == 1
    expected = sampler()
    expected.set_epoch(1)
    assert list(ours) == list(expected)


def test_the_epoch_that_is_on_keeps_a_resumed_position_and_another_does_not() -> None:
    start = sampler()
    start.set_epoch(2)
    whole = list(start)
    ours = resumed(start.state_dict(steps=4))
    assert ours.epoch == 2
    ours.set_epoch(2)
    assert list(ours) == whole[32:]
    assert list(ours) == whole
    ours = resumed(start.state_dict(steps=4))
    ours.set_epoch(1)
    assert len(list(ours)) == 48


def test_asking_for_an_iterator_uses_nothing_up() -> None:
    ours = resumed(sampler().state_dict(steps=4))
    iter(ours)
    iter(ours)
    assert ours.state_dict()["position"] == 32
    assert len(list(ours)) == 16


def test_moving_the_sampler_under_a_running_loader_is_refused() -> None:
    ours = sampler()
    iterator = iter(loader(DATA, ours))
    next(iterator)
    ours.set_epoch(0)
    next(iterator)
    ours.set_epoch(1)
    with pytest.raises(ConfigError, match="while a loader draws from it"):
        next(iterator)


@pytest.mark.parametrize("workers", [0, 2])
def test_persistent_workers_go_through_epochs_and_resume(workers: int) -> None:
    ours, plain = sampler(), sampler()
    kept = loader(DATA, ours, workers, persistent_workers=workers > 0)
    for epoch in (0, 1, 1, 3):
        ours.set_epoch(epoch)
        assert list(seen(kept)) == epoch_of(plain, epoch, workers=0)
    ours.load_state_dict(plain.state_dict(steps=2))
    assert list(seen(kept)) == epoch_of(plain, 3, workers=0)[2:]


def test_a_batch_in_parts_resumes_on_as_many_ranks() -> None:
    """A loader with smaller batches than the sampler's: gradient accumulation."""
    whole = [list(sampler(rank, 2)) for rank in range(2)]
    parts = [sampler(rank, 2) for rank in range(2)]
    for part in parts:
        iterator = iter(part)
        assert [next(iterator) for _ in range(6)]
    assert [list(resumed(part.state_dict(), rank, 2)) for rank, part in enumerate(parts)] == [
        rows[6:] for rows in whole
    ]
    said = "The state was taken within a global batch, at row 12 of 2 ranks: only as many can go on there, not 1."
    with pytest.raises(ConfigError, match=re.escape(said)):
        resumed(parts[0].state_dict())


# Curricula


@pytest.mark.parametrize(
    "make", [lambda: Curriculum("linear", stage_length=5), lambda: Curriculum("step", stage_length=4)]
)
@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_curriculum_goes_on_where_it_stood(make: Callable[[], Curriculum], stop: int) -> None:
    one = sampler(curriculum=make())
    one.set_epoch(1)
    whole = batches(one, 8)
    parts = [sampler(rank, 2, curriculum=make()) for rank in range(2)]
    for part in parts:
        part.set_epoch(1)
    halves = [batches(part, 4)[:stop] for part in parts]
    rest = resumed(parts[0].state_dict(steps=stop), curriculum=make())
    assert [first + second for first, second in zip(*halves, strict=True)] + batches(rest, 8) == whole


# The state


def test_a_state_is_small_and_of_the_same_size_anywhere() -> None:
    large = rows(3_000, 3_000, 6_000)
    sizes = set()
    for steps in (1_250, 1_333, 1_499):
        state = sampler(data=large).state_dict(steps=steps)
        assert {type(value) for value in state.values()} == {int, str}
        sizes.add(len(json.dumps(state)))
    small = len(json.dumps(sampler().state_dict()))
    assert len(sizes) == 1
    assert sizes.pop() - small < 20
    assert small < 300


def test_a_state_brings_its_seed_and_epoch() -> None:
    ours = sampler(seed=2**70)
    ours.set_epoch(7)
    expected = list(ours)
    found = resumed(ours.state_dict(steps=0), seed=1)
    assert (found.seed, found.epoch) == (2**70, 7)
    assert list(found) == expected
    assert list(pickle.loads(pickle.dumps(found))) == expected


def test_the_data_source_hears_of_the_epoch_that_a_state_brings() -> None:
    source = Planned({"easy": 10, "hard": 10}, RECIPES["easy"])
    state = sampler(data=source).state_dict(steps=1)
    other = Planned({"easy": 10, "hard": 10}, RECIPES["easy"])
    resumed(state | {"epoch": 6}, data=other)
    assert other.told == [0, 6]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"data": rows(12, 11, 24)}, "rows per difficulty: 'easy 12, medium 12, hard 24' in the state, 'easy 12, medi"),
        ({"data": rows(12, 12, 24, seed=1)}, "the order of the rows (digest): '"),
        ({"global_batch_size": 16}, "the global batch: 8 in the state, 16 here)"),
        ({"epoch_size": 40}, "rows in an epoch: 48 in the state, 40 here)"),
        (
            {"weights": {"easy": 1}},
            "the weights: 'easy 0.25, medium 0.25, hard 0.5' in the state, 'easy 1, medium 0, h",
        ),
        (
            {"curriculum": Curriculum("linear", stage_length=2)},
            "\"Curriculum('linear', stage_length=2, unit='step')\" here)",
        ),
    ],
)
def test_a_state_of_another_run_is_refused_with_what_differs(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as raised:
        resumed(sampler().state_dict(steps=1), **options)
    assert str(raised.value).startswith("The state is of another run (")


def test_a_plan_of_another_seed_is_another_source() -> None:
    sizes = {"easy": 24, "hard": 4}
    state = sampler(data=Planned(sizes, RECIPES["easy"])).state_dict()
    resumed(state, data=Planned(sizes, RECIPES["easy"]))
    with pytest.raises(ConfigError, match=re.escape("the order of the rows (digest)")):
        resumed(state, data=Planned(sizes, RECIPES["easy"], seed=1))


@pytest.mark.parametrize("state", [{}, None, {"epoch": 1}, {"version": 2}, {"_snapshot": {"_main_snapshot": {}}}])
def test_what_is_no_state_is_refused(state: Any) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"Not a state of a TripletSampler (version 1): {state!r}.")):
        sampler().load_state_dict(state)


def test_a_state_with_senseless_numbers_is_refused() -> None:
    with pytest.raises(ConfigError, match=re.escape("The state's position must be a whole number from 0, got -8.")):
        sampler().load_state_dict(sampler().state_dict() | {"position": -8})
