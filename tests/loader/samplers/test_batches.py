"""Each batch of a plan holds its recipe."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vton_hf.errors import ConfigError, EmptyPoolError
from vton_hf.mixing import RECIPES, Plan, plan_batches
from vton_hf.naming import DIFFICULTIES

STEADY = settings(deadline=None, derandomize=True, max_examples=150, database=None)
PLENTY = dict.fromkeys(DIFFICULTIES, 5_000)
WEIGHTS = st.dictionaries(
    st.sampled_from(DIFFICULTIES),
    st.one_of(st.just(0), st.integers(1, 20), st.floats(0.01, 20)),
    min_size=1,
).filter(lambda weights: any(weights.values()))


def held(mix: Plan, batch_size: int) -> NDArray[np.int64]:
    """[steps, 3]: rows of each difficulty in each batch."""
    number = np.array([DIFFICULTIES.index(name) for name in mix.pools])[mix.pool]
    return (number.reshape(-1, batch_size, 1) == np.arange(3)).sum(axis=1)


def exact(weights: Mapping[str, float]) -> list[Fraction]:
    parts = [Fraction(str(weights.get(name, 0))) for name in DIFFICULTIES]
    return [part / sum(parts) for part in parts]


def check(mix: Plan, weights: Sequence[Mapping[str, float]], batch_size: int) -> None:
    """The counts are those that the contract asks for; a part of 1e-9 rows is what rounding may take."""
    owed = [Fraction(0)] * 3
    for counts, each in zip(held(mix, batch_size).tolist(), weights, strict=True):
        assert sum(counts) == batch_size
        for index, part in enumerate(exact(each)):
            owed[index] += part * batch_size - counts[index]
            assert abs(owed[index]) < 1 + Fraction(1, 10**9)
            if (part * batch_size).denominator == 1:
                assert counts[index] == part * batch_size


@pytest.mark.parametrize(
    ("recipe", "batch_size", "counts"),
    [("easy", 7, [7, 0, 0]), ("medium", 10, [3, 7, 0]), ("hard", 32, [8, 8, 16]), ("hard", 4, [1, 1, 2])],
)
def test_every_batch_is_the_recipe_where_that_is_whole(recipe: str, batch_size: int, counts: list[int]) -> None:
    mix = plan_batches(PLENTY, [RECIPES[recipe]] * 200, batch_size)
    assert held(mix, batch_size).tolist() == [counts] * 200


def test_where_it_is_not_whole_the_batches_take_turns() -> None:
    mix = plan_batches(PLENTY, [RECIPES["medium"]] * 10, 4)
    assert sorted(held(mix, 4).tolist()) == [[1, 3, 0]] * 8 + [[2, 2, 0]] * 2
    assert held(plan_batches(PLENTY, [{"easy": 1, "medium": 1, "hard": 1}] * 3, 1), 1).sum(axis=0).tolist() == [1, 1, 1]


@STEADY
@given(WEIGHTS, st.integers(1, 70), st.integers(1, 60))
def test_running_totals_stay_within_a_row(weights: dict[str, float], batch_size: int, steps: int) -> None:
    check(plan_batches(PLENTY, [weights] * steps, batch_size), [weights] * steps, batch_size)


@STEADY
@given(st.lists(WEIGHTS, min_size=1, max_size=40), st.integers(1, 40))
def test_they_do_so_too_where_the_weights_change_with_each_batch(
    weights: list[dict[str, float]], batch_size: int
) -> None:
    check(plan_batches(PLENTY, weights, batch_size), weights, batch_size)


def test_what_is_owed_of_a_difficulty_is_not_paid_once_it_has_no_weight() -> None:
    weights = [{"easy": 1, "hard": 2}] * 4 + [{"hard": 1}] * 5
    assert held(plan_batches(PLENTY, weights, 4), 4)[4:].tolist() == [[0, 0, 4]] * 5


@STEADY
@given(WEIGHTS, st.sampled_from([4, 12, 24, 32]), st.sampled_from([2, 4]))
def test_each_ranks_block_is_as_near_the_recipe(weights: dict[str, float], batch_size: int, ranks: int) -> None:
    mix = plan_batches(PLENTY, [weights] * 20, batch_size, seed=5)
    blocks = held(mix, batch_size // ranks).reshape(20, ranks, 3)
    for counts, parts in zip(held(mix, batch_size).tolist(), blocks, strict=True):
        assert (np.abs(parts - np.array(counts) / ranks) < 2).all()
        if all(count % ranks == 0 for count in counts):
            assert (parts == np.array(counts) // ranks).all()


def test_a_place_in_the_batch_is_not_always_the_same_difficulty() -> None:
    mix = plan_batches(PLENTY, [RECIPES["hard"]] * 400, 4)
    for place in range(4):
        shares = np.bincount(mix.pool[place::4], minlength=3) / 400
        assert np.abs(shares - [0.25, 0.25, 0.5]).max() < 0.08


def test_every_row_of_a_pool_is_shown_before_any_comes_again() -> None:
    mix = plan_batches({"easy": 30, "hard": 200}, [{"easy": 1, "hard": 1}] * 20, 10)
    easy = mix.row[mix.pool == 0].tolist()
    assert [sorted(easy[start : start + 30]) for start in (0, 30, 60)] == [[*range(30)]] * 3
    assert len({*easy[90:]}) == 10
    shares = {share.difficulty: share for share in mix.composition()}
    assert (shares["easy"].got, shares["easy"].repeats, shares["easy"].coverage) == (100, 70, 1.0)
    assert (shares["hard"].got, shares["hard"].repeats, shares["medium"].got) == (100, 0, 0)


def test_the_share_of_changing_weights_is_their_mean() -> None:
    mix = plan_batches(PLENTY, [{"easy": 1}, {"easy": 1, "hard": 3}], 8)
    assert [(share.weight, share.got) for share in mix.composition()] == [(0.625, 10), (0.0, 0), (0.375, 6)]


def test_a_plan_of_a_seed_never_changes() -> None:
    mix = plan_batches({"easy": 6, "medium": 6, "hard": 3}, [RECIPES["hard"]] * 3, 4, seed=7, epoch=3)
    assert mix.pool.tolist() == [2, 2, 0, 1, 0, 1, 2, 2, 2, 2, 0, 1]
    assert mix.row.tolist() == [2, 0, 4, 0, 1, 1, 1, 2, 1, 0, 5, 3]
    with pytest.raises(ValueError, match="read-only"):
        mix.row[0] = 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"weights": []}, "weights must be the recipe of at least one batch, got []."),
        ({"weights": [{"eazy": 1}]}, "Weights must be {difficulty: weight} of easy, medium, hard, got "),
        ({"batch_size": 0}, "batch_size must be a whole number from 1, got 0."),
        ({"seed": -1}, "seed must be a whole number from 0, got -1."),
        ({"epoch": 1.0}, "epoch must be a whole number from 0, got 1.0."),
    ],
)
def test_senseless_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        plan_batches(**{"sizes": PLENTY, "weights": [RECIPES["hard"]], "batch_size": 4} | arguments)


def test_a_difficulty_without_rows_is_an_error_whichever_batch_wants_it() -> None:
    with pytest.raises(EmptyPoolError, match="No samples available for difficulty 'medium'"):
        plan_batches({"easy": 5, "hard": 5}, [{"easy": 1}, RECIPES["hard"]], 4)
