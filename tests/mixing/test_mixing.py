"""The mix is exact, even in every window and on every rank, and the same everywhere."""

import hashlib
import logging
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vton_hf.errors import ConfigError, EmptyPoolError
from vton_hf.mixing import RECIPES, Plan, check_weights, epoch_length, order, plan, quotas, warn_of_repeats
from vton_hf.naming import DIFFICULTIES

STEADY = settings(deadline=None, derandomize=True, max_examples=150, database=None)
ODD = ({"easy": 0.17, "medium": 0.29, "hard": 0.54}, {"easy": 1, "medium": 4, "hard": 5}, {"easy": 1, "hard": 19})
PLENTY = dict.fromkeys(DIFFICULTIES, 50_000)

WEIGHTS = st.dictionaries(
    st.sampled_from(DIFFICULTIES),
    st.one_of(st.just(0), st.integers(1, 20), st.floats(0.01, 20)),
    min_size=1,
).filter(lambda weights: any(weights.values()))
SIZES = st.fixed_dictionaries(dict.fromkeys(DIFFICULTIES, st.integers(1, 60)))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the warnings about repeats from filling the report of a failure."""
    logger = logging.getLogger("vton_hf")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)


def deviations(mix: Plan, every: int = 1, offset: int = 0) -> NDArray[np.float64]:
    """[m + 1, pools]: rows of each pool beyond its share, up to each of the m rows that a rank takes."""
    shares = np.array([share.got / len(mix) for share in mix.composition() if share.difficulty in mix.pools])
    off = (mix.pool[offset::every, None] == np.arange(len(mix.pools))) - shares
    return np.vstack([np.zeros(len(mix.pools)), np.cumsum(off, axis=0)])


def worst_window(off: NDArray[np.float64], length: int) -> float:
    return float(np.abs(off[length:] - off[:-length]).max())


def shown(mix: Plan, difficulty: str) -> list[int]:
    return [int(row) for row in mix.row[mix.pool == mix.pools.index(difficulty)]]


# Weights


def test_recipes_are_those_of_the_readme_and_cannot_be_changed() -> None:
    assert {name: dict(recipe) for name, recipe in RECIPES.items()} == {
        "easy": {"easy": 1.0},
        "medium": {"easy": 0.3, "medium": 0.7},
        "hard": {"easy": 0.25, "medium": 0.25, "hard": 0.5},
    }
    with pytest.raises(TypeError):
        RECIPES["hard"]["hard"] = 1.0  # type: ignore[index]
    with pytest.raises(TypeError):
        RECIPES["harder"] = {}  # type: ignore[index]


@STEADY
@given(WEIGHTS)
def test_checked_weights_name_every_difficulty_in_order_and_sum_to_one(weights: dict[str, float]) -> None:
    checked = check_weights(weights)
    assert tuple(checked) == DIFFICULTIES
    assert sum(checked.values()) == pytest.approx(1)
    assert {name for name, weight in checked.items() if weight} == {name for name, weight in weights.items() if weight}


def test_weights_need_not_sum_to_one_and_may_be_zero_or_numpy_numbers() -> None:
    assert check_weights({"hard": 0, "easy": 1, "medium": 3}) == {"easy": 0.25, "medium": 0.75, "hard": 0.0}
    numbers: Any = {"easy": np.float64(0.5), "hard": np.int64(1)}
    assert check_weights(numbers) == pytest.approx({"easy": 1 / 3, "medium": 0.0, "hard": 2 / 3})


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({}, "Weights must be {difficulty: weight} of easy, medium, hard, got {}."),
        ({"eazy": 1}, "Weights must be {difficulty: weight} of easy, medium, hard, got {'eazy': 1}."),
        ({"easy": 1, 2: 1}, "Weights must be {difficulty: weight} of easy, medium, hard, got {'easy': 1, 2: 1}."),
        ([0.5, 0.5], "Weights must be {difficulty: weight} of easy, medium, hard, got [0.5, 0.5]."),
        (None, "Weights must be {difficulty: weight} of easy, medium, hard, got None."),
        ("hard", "Weights must be {difficulty: weight} of easy, medium, hard, got 'hard'."),
        ({"easy": 1, "hard": -0.1}, "The weight of 'hard' must be a finite number from 0, got -0.1."),
        ({"easy": float("nan")}, "The weight of 'easy' must be a finite number from 0, got nan."),
        ({"easy": float("inf")}, "The weight of 'easy' must be a finite number from 0, got inf."),
        ({"easy": True}, "The weight of 'easy' must be a finite number from 0, got True."),
        ({"easy": np.True_}, "The weight of 'easy' must be a finite number from 0, got np.True_."),
        ({"easy": "1"}, "The weight of 'easy' must be a finite number from 0, got '1'."),
        ({"easy": None}, "The weight of 'easy' must be a finite number from 0, got None."),
        (
            {"easy": 0, "hard": 0.0},
            "Weights must be above 0 for at least one difficulty, got {'easy': 0, 'hard': 0.0}.",
        ),
    ],
)
def test_senseless_weights_are_refused_with_what_was_found_and_what_is_allowed(weights: Any, said: str) -> None:
    for call in (check_weights, lambda given: quotas(given, 10), lambda given: plan(PLENTY, given)):
        with pytest.raises(ConfigError, match=re.escape(said)):
            call(weights)


# Quotas


@pytest.mark.parametrize(
    ("weights", "total", "rows"),
    [
        (RECIPES["easy"], 10_000, (10_000, 0, 0)),
        (RECIPES["medium"], 10_000, (3_000, 7_000, 0)),
        (RECIPES["hard"], 10_000, (2_500, 2_500, 5_000)),
        ({"easy": 0.29, "hard": 0.71}, 100, (29, 0, 71)),  # 0.29 * 100 is 28.999999999999996
        ({"easy": 0.1, "medium": 0.2, "hard": 0.7}, 10, (1, 2, 7)),
        ({"easy": 1, "medium": 1, "hard": 1}, 10, (4, 3, 3)),
        ({"easy": 1, "medium": 1, "hard": 1}, 11, (4, 4, 3)),
        ({"medium": 1, "hard": 1}, 5, (0, 3, 2)),
        ({"hard": 0.5, "easy": 0.5}, 1, (1, 0, 0)),
        ({"easy": 0.01, "medium": 0.05, "hard": 0.94}, 50, (1, 2, 47)),  # a tie in decimals, not in binary
        (RECIPES["hard"], 0, (0, 0, 0)),
    ],
)
def test_quotas_follow_the_largest_remainder(
    weights: Mapping[str, float], total: int, rows: tuple[int, int, int]
) -> None:
    assert tuple(quotas(weights, total).values()) == rows


@STEADY
@given(WEIGHTS, st.integers(0, 10**12))
def test_quotas_sum_to_the_total_stay_within_one_row_and_leave_weight_zero_alone(
    weights: dict[str, float], total: int
) -> None:
    rows = quotas(weights, total)
    whole = sum(Fraction(str(weight)) for weight in weights.values())
    assert sum(rows.values()) == total
    for name in DIFFICULTIES:
        exact = Fraction(str(weights.get(name, 0))) / whole * total
        assert abs(rows[name] - exact) < 1
        assert exact or not rows[name]


@STEADY
@given(WEIGHTS, st.integers(0, 10**6))
def test_more_weight_never_means_fewer_rows(weights: dict[str, float], total: int) -> None:
    rows = quotas(weights, total)
    ranked = sorted(DIFFICULTIES, key=lambda name: weights.get(name, 0))
    assert all(
        rows[lighter] <= rows[heavier] + (weights.get(lighter, 0) == weights.get(heavier, 0))
        for lighter, heavier in pairwise(ranked)
    )


@STEADY
@given(WEIGHTS, st.integers(0, 10**6), st.sampled_from([3, 10, 1000]))
def test_quotas_do_not_depend_on_the_unit_of_the_weights(weights: dict[str, float], total: int, unit: int) -> None:
    whole = {name: round(weight * 100) for name, weight in weights.items()}
    if any(whole.values()):
        assert quotas(whole, total) == quotas({name: weight * unit for name, weight in whole.items()}, total)


@pytest.mark.parametrize("total", [-1, 1.0, True, None, "10"])
def test_a_total_that_is_no_count_is_refused(total: Any) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"total must be a whole number from 0, got {total!r}.")):
        quotas(RECIPES["hard"], total)


# The epoch's length


def test_an_epoch_is_by_default_as_long_as_the_pools_that_the_recipe_draws_from() -> None:
    sizes = {"easy": 10, "medium": 20, "hard": 40}
    assert epoch_length(sizes, RECIPES["easy"]) == 10
    assert epoch_length(sizes, RECIPES["medium"]) == 30
    assert epoch_length(sizes, RECIPES["hard"]) == 70
    assert epoch_length(sizes, {"easy": 0, "hard": 2}) == 40
    assert epoch_length(sizes, RECIPES["hard"], 7) == 7
    assert epoch_length(sizes, RECIPES["hard"], np.int64(7)) == 7  # type: ignore[arg-type]


def brute_min(sizes: dict[str, int], weights: Mapping[str, float]) -> int:
    longest = sum(sizes.values())  # a longer one repeats something
    return max(n for n in range(longest + 1) if all(rows <= sizes[name] for name, rows in quotas(weights, n).items()))


def brute_max(sizes: dict[str, int], weights: Mapping[str, float]) -> int:
    drawn = [name for name, weight in weights.items() if weight]
    return next(n for n in range(1, 100_000) if all(quotas(weights, n)[name] >= sizes[name] for name in drawn))


@pytest.mark.parametrize("weights", [*RECIPES.values(), *ODD, {"easy": 1, "medium": 1, "hard": 1}])
def test_min_and_max_are_what_a_search_through_all_lengths_finds(weights: Mapping[str, float]) -> None:
    for counts in product((1, 3, 8), repeat=3):
        sizes = dict(zip(DIFFICULTIES, counts, strict=True))
        assert epoch_length(sizes, weights, "min") == brute_min(sizes, weights)
        assert epoch_length(sizes, weights, "max") == brute_max(sizes, weights)


@STEADY
@given(st.lists(st.integers(1, 9), min_size=3, max_size=3), st.lists(st.integers(0, 12), min_size=3, max_size=3))
def test_min_and_max_hold_for_any_small_pools(counts: list[int], parts: list[int]) -> None:
    sizes, weights = (dict(zip(DIFFICULTIES, numbers, strict=True)) for numbers in (counts, parts))
    if any(parts):
        assert epoch_length(sizes, weights, "min") == brute_min(sizes, weights)
        assert epoch_length(sizes, weights, "max") == brute_max(sizes, weights)


def test_min_and_max_of_the_medium_mix() -> None:
    sizes = {"easy": 60_000, "medium": 70_000}
    assert epoch_length(sizes, RECIPES["medium"], "min") == 100_000
    assert quotas(RECIPES["medium"], epoch_length(sizes, RECIPES["medium"], "max"))["easy"] == 60_000


@pytest.mark.parametrize("epoch_size", [0, -5, True, False, 10.0, float("nan"), "all", "Min", "", [], (1,)])
def test_an_epoch_size_that_means_nothing_is_refused(epoch_size: Any) -> None:
    said = re.escape(f"epoch_size must be None, 'min', 'max' or a whole number from 1, got {epoch_size!r}.")
    with pytest.raises(ConfigError, match=said):
        epoch_length(PLENTY, RECIPES["hard"], epoch_size)


# The plan


@STEADY
@given(
    SIZES, WEIGHTS, st.one_of(st.none(), st.sampled_from(["min", "max"]), st.integers(1, 300)), st.integers(0, 2**80)
)
def test_a_plan_holds_its_quotas_and_says_so(
    sizes: dict[str, int], weights: dict[str, float], epoch_size: int | str | None, seed: int
) -> None:
    weights = {name: min(max(weight, 0.5), 8) if weight else 0 for name, weight in weights.items()}
    mix = plan(sizes, weights, seed=seed, epoch_size=epoch_size)
    assert len(mix) == len(mix.pool) == len(mix.row) == epoch_length(sizes, weights, epoch_size)
    assert mix.pools == tuple(name for name in DIFFICULTIES if weights.get(name))
    assert (str(mix.pool.dtype), str(mix.row.dtype)) == ("int8", "int64")
    for share in mix.composition():
        rows = shown(mix, share.difficulty) if share.difficulty in mix.pools else []
        assert share.asked == share.got == len(rows) == quotas(weights, len(mix))[share.difficulty]
        assert share.available == sizes[share.difficulty]
        assert share.repeats == len(rows) - len(set(rows))
        assert share.coverage == pytest.approx(len(set(rows)) / share.available)
        assert share.weight == check_weights(weights)[share.difficulty]
        times = np.bincount(rows, minlength=share.available)
        assert len(times) == share.available
        assert times.max() - times.min() <= 1
    assert [share.difficulty for share in mix.composition()] == list(DIFFICULTIES)


def test_the_easy_mix_is_every_easy_triplet_once() -> None:
    mix = plan({"easy": 5_000, "medium": 10, "hard": 0}, RECIPES["easy"], seed=3)
    assert mix.pools == ("easy",)
    assert sorted(mix.row) == list(range(5_000))
    assert list(mix.row) != list(range(5_000))


@pytest.mark.parametrize(("recipe", "rows"), [("medium", [3_000, 7_000, 0]), ("hard", [2_500, 2_500, 5_000])])
def test_ten_thousand_rows_hold_the_recipe_to_the_row(recipe: str, rows: list[int]) -> None:
    mix = plan(PLENTY, RECIPES[recipe], epoch_size=10_000)
    assert [share.got for share in mix.composition()] == rows
    assert np.bincount(mix.pool, minlength=3).tolist() == rows


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (RECIPES["easy"], ("Easy: 10,000 (100%)", "Medium: 0 (0%)", "Hard: 0 (0%)")),
        (RECIPES["medium"], ("Easy: 3,000 (30%)", "Medium: 7,000 (70%)", "Hard: 0 (0%)")),
        (RECIPES["hard"], ("Easy: 2,500 (25%)", "Medium: 2,500 (25%)", "Hard: 5,000 (50%)")),
        ({"easy": 1, "hard": 2}, ("Easy: 3,333 (33.3%)", "Medium: 0 (0%)", "Hard: 6,667 (66.7%)")),
        ({"easy": 1, "hard": 9_999}, ("Easy: 1 (0.01%)", "Medium: 0 (0%)", "Hard: 9,999 (100%)")),
    ],
)
def test_a_plan_prints_as_a_tree(weights: Mapping[str, float], said: tuple[str, str, str]) -> None:
    easy, medium, hard = said
    tree = f"Total: 10,000 samples\n├── {easy}\n├── {medium}\n└── {hard}"
    assert str(plan(PLENTY, weights, epoch_size=10_000)) == tree


def test_min_repeats_nothing_and_max_shows_everything() -> None:
    sizes = {"easy": 900, "medium": 400, "hard": 700}
    assert all(share.repeats == 0 for share in plan(sizes, RECIPES["hard"], epoch_size="min").composition())
    assert all(share.coverage == 1 for share in plan(sizes, RECIPES["hard"], epoch_size="max").composition())


def test_indices_number_the_concatenated_pools_that_are_drawn_from() -> None:
    mix = plan({"easy": 30, "medium": 1_000, "hard": 50}, {"easy": 1, "hard": 1}, epoch_size="min")
    assert mix.pools == ("easy", "hard")
    assert mix.indices().dtype == np.int64
    assert np.array_equal(mix.indices(), np.where(mix.pool == 0, mix.row, 30 + mix.row))
    assert len(set(mix.indices().tolist())) == len(mix) == 60
    assert mix.indices().max() < 80
    assert mix.indices([5, 0, 5]).tolist() == mix.indices()[[5, 0, 5]].tolist()
    assert mix.indices([]).dtype == np.int64


def test_a_plan_cannot_be_changed() -> None:
    mix = plan(PLENTY, RECIPES["hard"], epoch_size=8)
    with pytest.raises(ValueError, match="read-only"):
        mix.row[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        mix.pool[0] = 1


# The order


@pytest.mark.parametrize("seed", [0, 1, 99])
def test_every_window_of_32_rows_of_the_hard_mix_holds_8_8_16_within_two(seed: int) -> None:
    off = deviations(plan(PLENTY, RECIPES["hard"], seed=seed, epoch_size=100_000))
    assert worst_window(off, 32) < 2.01


@pytest.mark.parametrize("recipe", ["medium", "hard"])
@pytest.mark.parametrize(("longest", "rows"), [(64, 2.61), (256, 3.01)])
def test_windows_of_any_length_hold_the_recipe(recipe: str, longest: int, rows: float) -> None:
    off = deviations(plan(PLENTY, RECIPES[recipe], epoch_size=50_000))
    assert max(worst_window(off, length) for length in range(1, longest + 1)) < rows
    assert float(np.ptp(off, axis=0).max()) < 7


@pytest.mark.parametrize("weights", ODD)
def test_windows_hold_odd_weights_within_three(weights: dict[str, float]) -> None:
    off = deviations(plan(PLENTY, weights, epoch_size=50_000))
    assert max(worst_window(off, length) for length in (4, 8, 16, 32, 64, 128, 256)) < 3


@pytest.mark.parametrize("weights", [RECIPES["medium"], RECIPES["hard"], *ODD])
@pytest.mark.parametrize(("total", "points"), [(1_000, 1.5), (50_000, 0.15)])
def test_a_rank_that_takes_every_kth_row_gets_the_recipe(
    weights: Mapping[str, float], total: int, points: float
) -> None:
    for seed, every in product(range(5), (2, 4, 8)):
        mix = plan(PLENTY, weights, seed=seed, epoch_size=total)
        for offset in range(every):
            off = deviations(mix, every, offset)
            assert np.abs(off[-1]).max() / (len(off) - 1) * 100 < points


@pytest.mark.parametrize("weights", [RECIPES["medium"], RECIPES["hard"], *ODD])
def test_each_batch_of_32_of_such_a_rank_holds_the_recipe_within_three(weights: Mapping[str, float]) -> None:
    mix = plan(PLENTY, weights, epoch_size=50_000)
    for every in (2, 3, 4, 6, 8, 16, 32, 64):
        assert max(worst_window(deviations(mix, every, offset), 32) for offset in range(every)) < 3


def test_a_short_pool_is_shown_in_whole_passes_in_changing_order() -> None:
    mix = plan({"easy": 100, "hard": 1_000}, {"easy": 1, "hard": 1}, epoch_size=700)
    rows = shown(mix, "easy")
    passes = [rows[start : start + 100] for start in (0, 100, 200)]
    assert all(sorted(one) == list(range(100)) for one in passes)
    assert passes[0] != passes[1] != passes[2]
    assert len(set(rows[300:])) == len(rows[300:]) == 50


def test_a_triplet_does_not_return_at_once_where_two_passes_meet() -> None:
    for seed in range(50):
        rows = shown(plan({"easy": 200}, {"easy": 1}, seed=seed, epoch_size=1_000), "easy")
        places = np.argsort(rows, kind="stable").reshape(200, 5)
        assert np.diff(places, axis=1).min() > 20


def test_repeats_are_spread_over_the_epoch() -> None:
    mix = plan({"easy": 60, "medium": 60, "hard": 10}, RECIPES["hard"], epoch_size=400)
    places = np.flatnonzero(mix.indices() == 120)
    assert len(places) == 20
    assert np.diff(places).max() < 45


@STEADY
@given(st.integers(0, 2**64), st.integers(0, 1_000))
def test_the_first_row_of_a_pool_is_not_always_the_same(seed: int, epoch: int) -> None:
    first = {shown(plan({"easy": 999}, {"easy": 1}, seed=seed + step, epoch=epoch), "easy")[0] for step in range(8)}
    assert len(first) > 1


# Seeds


def digest(mix: Plan) -> str:
    return hashlib.sha256(mix.pool.tobytes() + mix.row.tobytes()).hexdigest()


def test_the_same_arguments_give_the_same_plan_in_another_process() -> None:
    code = (
        "import hashlib; from vton_hf.mixing import RECIPES, plan;"
        "mix = plan({'easy': 700, 'medium': 300, 'hard': 150}, RECIPES['hard'], seed=7, epoch=3);"
        "print(hashlib.sha256(mix.pool.tobytes() + mix.row.tobytes()).hexdigest())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    mix = plan({"easy": 700, "medium": 300, "hard": 150}, RECIPES["hard"], seed=7, epoch=3)
    assert ran.stdout.strip() == digest(mix)


def test_the_plan_of_a_seed_never_changes() -> None:
    mix = plan({"easy": 6, "medium": 6, "hard": 3}, RECIPES["hard"], seed=7, epoch=3, epoch_size=12)
    assert mix.pool.tolist() == [2, 0, 1, 2, 2, 2, 0, 1, 2, 2, 0, 1]
    assert mix.row.tolist() == [2, 4, 5, 1, 0, 2, 0, 3, 0, 1, 5, 4]


@pytest.mark.parametrize("bits", [0, 1, 3, 55, 62])
@pytest.mark.parametrize("size", [1, 2, 7, 64, 1_000])
def test_rows_whose_random_numbers_agree_keep_their_order(size: int, bits: int) -> None:
    class Source:
        def __init__(self) -> None:
            self.numbers = np.random.PCG64(size)

        def random_raw(self, count: int) -> NDArray[np.uint64]:
            return self.numbers.random_raw(count) & ~np.uint64((1 << bits) - 1)

    source: Any = Source()
    keys = source.random_raw(3 * size).reshape(3, size) >> np.uint64(1)
    expected = np.argsort(keys[0] + keys[1:], axis=1, kind="stable").ravel()
    again: Any = Source()
    assert order.rows(size, 2 * size, again).tolist() == expected.tolist()


def test_another_seed_or_epoch_gives_another_order() -> None:
    seen = {
        digest(plan(PLENTY, RECIPES["hard"], seed=seed, epoch=epoch, epoch_size=1_000))
        for seed, epoch in product((0, 1, 2**32, 2**64), range(4))
    }
    assert len(seen) == 16


def test_a_pool_keeps_its_order_whatever_else_is_drawn() -> None:
    small = plan({"easy": 40, "hard": 40}, {"easy": 1, "hard": 1}, epoch_size=60)
    large = plan({"easy": 90, "hard": 40}, {"easy": 1, "hard": 1}, epoch_size=60)
    alone = plan({"easy": 40, "hard": 40}, {"hard": 1}, epoch_size=30)
    assert shown(small, "hard") == shown(large, "hard") == shown(alone, "hard")


def test_planning_leaves_numpys_global_state_alone() -> None:
    before = np.random.get_state()[1].tobytes()  # type: ignore[index]  # noqa: NPY002
    plan(PLENTY, RECIPES["hard"], epoch_size=100)
    assert np.random.get_state()[1].tobytes() == before  # type: ignore[index]  # noqa: NPY002


@pytest.mark.parametrize("name", ["seed", "epoch"])
@pytest.mark.parametrize("value", [-1, 1.5, True, None, "0"])
def test_a_seed_or_epoch_that_is_no_count_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"{name} must be a whole number from 0, got {value!r}.")):
        plan(PLENTY, RECIPES["hard"], **{name: value})


# What is said


@pytest.mark.parametrize("sizes", [{"easy": 5, "medium": 6, "hard": 0}, {"easy": 5, "medium": 6}])
def test_an_empty_pool_is_an_error_that_says_what_to_do(sizes: dict[str, int]) -> None:
    said = (
        f"No samples available for difficulty 'hard'; found {sizes}. Ensure that the prefixes include folders "
        "with /hard/ in their path, or give that difficulty weight 0."
    )
    for call in (plan, epoch_length):
        with pytest.raises(EmptyPoolError) as raised:
            call(sizes, RECIPES["hard"])
        assert str(raised.value) == said


def test_an_empty_pool_of_weight_zero_is_no_error() -> None:
    mix = plan({"easy": 5, "medium": 6}, {"easy": 1, "medium": 1, "hard": 0}, epoch_size=8)
    assert [(share.got, share.available, share.coverage) for share in mix.composition()][2] == (0, 0, 0.0)


def test_quotas_beyond_their_pools_are_warned_of_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="vton_hf"):
        warn_of_repeats(plan({"easy": 100, "medium": 10, "hard": 25}, RECIPES["hard"], epoch_size=100).shares)
    assert caplog.messages == [
        (
            "Target count exceeds available samples: difficulty 'medium', 25 asked, 10 available; 'hard', 50 asked, "
            "25 available. Triplets repeat, also across a train_test_split; epoch_size='min' is the longest mix without "
            "repeats."
        )
    ]


def test_a_mix_without_repeats_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="vton_hf"):
        warn_of_repeats(plan({"easy": 100, "medium": 10, "hard": 25}, RECIPES["hard"], epoch_size="min").shares)
    assert not caplog.records
