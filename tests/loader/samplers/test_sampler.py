"""Each global batch is exact, on any number of ranks, and follows from (seed, epoch, position)."""

import logging
import re
from collections import Counter
from typing import Any

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Subset

from tests.bucket import Bucket, Load
from tests.loader.samplers.sources import Planned, batches, counted, loader, names, rows
from vton_hf.errors import ConfigError, EmptyPoolError
from vton_hf.loader.samplers import Curriculum, TripletSampler
from vton_hf.mixing import RECIPES

STEADY = settings(deadline=None, derandomize=True, max_examples=40, database=None)
DATA = rows(40, 40, 80)


def of_rank(data: Any, rank: int, ranks: int, **options: Any) -> TripletSampler:
    return TripletSampler(data, **({"global_batch_size": 16} | options), rank=rank, num_replicas=ranks)


# What an epoch holds


def test_by_default_an_epoch_is_every_row_once() -> None:
    sampler = TripletSampler(DATA, 16)
    drawn = list(sampler)
    assert sorted(drawn) == list(range(160))
    assert drawn != sorted(drawn)
    assert len(sampler) == len(drawn) == 160
    assert [counted(DATA, batch) for batch in batches(drawn, 16)] == [(4, 4, 8)] * 10


def test_rows_that_fill_no_batch_are_left_for_other_epochs() -> None:
    data = rows(19, 0, 20)
    sampler = TripletSampler(data, 16)
    assert len(sampler) == 32
    seen = Counter[int]()
    for epoch in range(20):
        sampler.set_epoch(epoch)
        drawn = list(sampler)
        assert len(set(drawn)) == 32
        seen.update(drawn)
    assert len(seen) == 39
    assert min(seen.values()) > 10


@STEADY
@given(st.lists(st.integers(0, 40), min_size=3, max_size=3).filter(any), st.integers(1, 20))
def test_no_row_comes_twice_while_there_are_others(counts: list[int], batch_size: int) -> None:
    drawn = list(TripletSampler(rows(*counts), batch_size))
    if batch_size <= sum(counts):
        assert len(drawn) == sum(counts) // batch_size * batch_size
        assert len(set(drawn)) == len(drawn)


def test_weights_take_the_place_of_the_shares_that_the_rows_have() -> None:
    sampler = TripletSampler(DATA, 16, weights={"easy": 3, "hard": 1})
    drawn = list(sampler)
    assert {counted(DATA, batch) for batch in batches(drawn, 16)} == {(12, 0, 4)}
    difficulty = list(DATA["difficulty"])
    times = Counter(index for index in drawn if difficulty[index] == "easy")
    assert len(times) == 40
    assert set(times.values()) == {3}


def test_repeats_are_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    sampler = TripletSampler(DATA, 16, weights={"easy": 3, "hard": 1})
    for epoch in range(3):
        sampler.set_epoch(epoch)
        list(sampler)
    said = (
        "Target count exceeds available samples: difficulty 'easy', 120 asked, 40 available. "
        "Add triplets, lower the weight, or pass a smaller epoch_size. Said once a sampler."
    )
    assert caplog.record_tuples == [("vton_hf", logging.WARNING, said)]


@pytest.mark.parametrize(("epoch_size", "drawn"), [(64, 64), (70, 64), (1, 16), (np.int64(400), 400)])
def test_an_epoch_may_have_another_size(epoch_size: int, drawn: int) -> None:
    sampler = TripletSampler(DATA, 16, epoch_size=epoch_size)
    assert len(list(sampler)) == len(sampler) == drawn


def test_fewer_rows_than_a_batch_are_shown_as_often_as_it_takes() -> None:
    drawn = list(TripletSampler(rows(2, 0, 4), 12))
    assert sorted(drawn) == sorted([*range(6)] * 2)


# Ranks


@pytest.mark.parametrize("weights", [None, RECIPES["medium"], {"easy": 0.17, "medium": 0.29, "hard": 0.54}])
@pytest.mark.parametrize("ranks", [2, 4, 16])
def test_ranks_share_out_the_same_global_batches(weights: Any, ranks: int) -> None:
    whole = batches(TripletSampler(DATA, 16, weights=weights, seed=3), 16)
    parts = [of_rank(DATA, rank, ranks, weights=weights, seed=3) for rank in range(ranks)]
    assert {(len(part), part.batch_size) for part in parts} == {(160 // ranks, 16 // ranks)}
    drawn = [batches(part, 16 // ranks) for part in parts]
    assert [[row for block in step for row in block] for step in zip(*drawn, strict=True)] == whole


def test_each_ranks_part_is_the_recipe_too_where_that_is_whole() -> None:
    for rank in range(4):
        drawn = batches(of_rank(DATA, rank, 4, weights=RECIPES["hard"]), 4)
        assert {counted(DATA, batch) for batch in drawn} == {(1, 1, 2)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"rank": 0}, "rank=0, num_replicas=None: give both, or neither."),
        ({"num_replicas": 2}, "rank=None, num_replicas=2: give both, or neither."),
        ({"rank": 2, "num_replicas": 2}, "rank must be from 0 to 1, as num_replicas=2, got 2."),
        ({"rank": -1, "num_replicas": 2}, "rank must be a whole number from 0, got -1."),
        ({"rank": 0, "num_replicas": 0}, "num_replicas must be a whole number from 1, got 0."),
        (
            {"rank": 0, "num_replicas": 3},
            "global_batch_size must be a multiple of num_replicas=3, whose parts are equal, got 16.",
        ),
        ({"global_batch_size": 0}, "global_batch_size must be a whole number from 1, got 0."),
        ({"global_batch_size": 8.0}, "global_batch_size must be a whole number from 1, got 8.0."),
        ({"seed": -1}, "seed must be a whole number from 0, got -1."),
        ({"epoch_size": 0}, "epoch_size must be None or a whole number from 1, got 0."),
        ({"epoch_size": "min"}, "epoch_size must be None or a whole number from 1, got 'min'."),
        ({"weights": {"eazy": 1}}, "Weights must be {difficulty: weight} of easy, medium, hard, got {'eazy': 1}."),
        ({"weights": RECIPES["hard"], "curriculum": Curriculum("constant")}, "leave out one of them."),
        ({"curriculum": "soft"}, "curriculum must be a Curriculum, or a function of the step, got 'soft'."),
    ],
)
def test_senseless_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        TripletSampler(DATA, **({"global_batch_size": 16} | arguments))


# Seeds and epochs


def test_seed_and_epoch_give_the_order_and_nothing_else_does() -> None:
    drawn = {}
    for seed in (0, 1, 2**70):
        for epoch in range(3):
            sampler = TripletSampler(DATA, 16, seed=seed)
            list(sampler)
            sampler.set_epoch(epoch)
            drawn[seed, epoch] = tuple(sampler)
            assert tuple(sampler) == drawn[seed, epoch]
    assert len(set(drawn.values())) == 9


def test_the_rows_of_a_seed_never_change() -> None:
    sampler = TripletSampler(rows(6, 6, 12), 8, seed=5, epoch_size=16, weights=RECIPES["hard"])
    sampler.set_epoch(2)
    assert list(sampler) == [3, 13, 0, 12, 11, 8, 20, 9, 14, 15, 18, 17, 23, 6, 5, 4]


def test_an_epoch_that_is_no_count_is_refused() -> None:
    with pytest.raises(ConfigError, match=re.escape("epoch must be a whole number from 0, got -1.")):
        TripletSampler(DATA, 16).set_epoch(-1)


def test_the_data_source_hears_of_the_epoch() -> None:
    source = Planned({"easy": 10, "hard": 10}, RECIPES["easy"])
    sampler = TripletSampler(source, 5)
    sampler.set_epoch(3)
    sampler.set_epoch(3)
    assert source.told == [0, 3, 3]
    assert [epoch for batch in loader(source, sampler) for epoch in batch[0].tolist()] == [3] * 10


# Data sources


def test_any_format_of_a_dataset_will_do() -> None:
    plain = datasets.Dataset.from_dict({"difficulty": names(5, 6, 7), "other": list(range(18))})
    expected = list(TripletSampler(plain, 6))
    assert list(TripletSampler(plain.with_format("numpy"), 6)) == expected
    assert list(TripletSampler(plain.with_format("arrow", columns=["other"]), 6)) == expected
    assert list(TripletSampler(plain.with_transform(lambda batch: {"nothing": batch["other"]}), 6)) == expected
    assert list(TripletSampler(datasets.concatenate_datasets([plain, plain]), 6)) != expected


def test_selected_rows_are_numbered_as_the_selection_numbers_them() -> None:
    data = rows(50, 0, 50).select([90, 3, 4, 71, 20, 21, 22, 60, 61, 62])
    drawn = list(TripletSampler(data, 2, weights={"hard": 1}, epoch_size=100))
    assert {*drawn} == {index for index, name in enumerate(data["difficulty"]) if name == "hard"}


def test_rows_that_were_filtered_out_may_have_any_difficulty() -> None:
    data = datasets.Dataset.from_dict({"difficulty": ["easy", None, "extreme", "hard"]})
    assert sorted(TripletSampler(data.select([0, 3]), 2)) == [0, 1]


def test_a_planned_source_is_drawn_by_the_plan_of_each_epoch() -> None:
    source = Planned({"easy": 30, "medium": 70, "hard": 60}, RECIPES["hard"])
    sampler = TripletSampler(source, 8)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        pool = source.plan_of(epoch).pool
        drawn = batches(sampler, 8)
        assert {tuple(np.bincount(pool[batch], minlength=3)) for batch in drawn} == {(2, 2, 4)}
        assert sorted(row for batch in drawn for row in batch) == list(range(160))


def test_a_loaded_mix_is_drawn_exactly_and_in_worker_processes(bucket: Bucket, load: Load) -> None:
    bucket.fill({"easy": 4, "medium": 4, "hard": 8}, genders=("female",))
    data = load("hard").select_columns(["difficulty", "key"])
    sampler = TripletSampler(data, 4, weights=RECIPES["hard"])
    loaded = list(DataLoader(data, batch_size=sampler.batch_size, sampler=sampler, num_workers=2))
    assert [Counter(batch["difficulty"]) for batch in loaded] == [{"easy": 1, "medium": 1, "hard": 2}] * 4
    assert len({key for batch in loaded for key in batch["key"]}) == 16


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Subset(DATA, [1, 2]), "dataset.select(indices) of a datasets.Dataset is one again."),  # type: ignore[arg-type]
        (DATA.to_iterable_dataset(), "data_source is a stream (IterableDataset): its rows have no numbers."),
        ([{"difficulty": "easy"}], "data_source is a list, whose difficulties are unknown. Allowed: a datasets.Data"),
        (datasets.DatasetDict(train=DATA), "data_source is a DatasetDict, whose difficulties are unknown."),
        (DATA.remove_columns("difficulty"), "data_source has no column 'difficulty', only number, pixels."),
        (rows(0, 0, 0), "The data source has no rows: there is nothing to sample."),
        (datasets.Dataset.from_dict({"difficulty": [0, 1]}), "Column 'difficulty' holds 0, 1; allowed are easy,"),
        (datasets.Dataset.from_dict({"difficulty": ["easy", None, "x"]}), "Column 'difficulty' holds None, 'x'; all"),
    ],
)
def test_a_source_whose_difficulties_are_unknown_is_refused(source: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        TripletSampler(source, 1)


def test_a_difficulty_that_the_source_lacks_is_an_error_that_says_what_to_do() -> None:
    said = (
        "No samples available for difficulty 'hard', to which weights= gives weight; the data source has {'easy': 3, "
        "'medium': 2}. Load one that holds it (the config 'hard' has all three), or give it weight 0."
    )
    with pytest.raises(EmptyPoolError) as raised:
        TripletSampler(rows(3, 2, 0), 1, weights=RECIPES["hard"])
    assert str(raised.value) == said
    assert len(TripletSampler(rows(3, 2, 0), 1, weights={"easy": 1, "hard": 0})) == 5


# Curricula


@pytest.mark.parametrize(
    ("curriculum", "expected"),
    [
        (Curriculum("step", stage_length=2), [(16, 0, 0)] * 2 + [(5, 11, 0), (5, 11, 0)] + [(4, 4, 8)] * 6),
        (Curriculum("reversed", stage_length=1, stages=[{"easy": 1}, {"hard": 1}]), [(0, 0, 16)] + [(16, 0, 0)] * 9),
        (Curriculum("constant"), [(4, 4, 8)] * 10),
        (lambda step: {"easy": 15 - step, "hard": step + 1}, [(15 - step, 0, step + 1) for step in range(10)]),
        (
            Curriculum("linear", stage_length=8, stages=[{"easy": 1}, {"hard": 1}]),
            [(16 - 2 * min(n, 8), 0, 2 * min(n, 8)) for n in range(10)],
        ),
    ],
)
def test_a_curriculum_goes_from_step_to_step(curriculum: Any, expected: list[tuple[int, ...]]) -> None:
    drawn = batches(TripletSampler(DATA, 16, curriculum=curriculum), 16)
    assert [counted(DATA, batch) for batch in drawn] == expected


def test_steps_are_counted_over_epochs_and_epochs_by_themselves() -> None:
    stages = [{"easy": 1}, {"medium": 1}, {"hard": 1}]
    steps = TripletSampler(DATA, 16, epoch_size=64, curriculum=Curriculum("step", stage_length=6, stages=stages))
    epochs = TripletSampler(
        DATA, 16, epoch_size=64, curriculum=Curriculum("step", stage_length=2, unit="epoch", stages=stages)
    )
    drawn: dict[str, list[str]] = {"step": [], "epoch": []}
    for epoch in range(5):
        for name, sampler in (("step", steps), ("epoch", epochs)):
            sampler.set_epoch(epoch)
            counts = [counted(DATA, batch) for batch in batches(sampler, 16)]
            drawn[name] += ["emh"[count.index(16)] for count in counts]
    assert "".join(drawn["step"]) == "eeeeee" + "mmmmmm" + "hhhhhhhh"
    assert "".join(drawn["epoch"]) == "eeeeeeee" + "mmmmmmmm" + "hhhh"


def test_a_stage_that_the_source_cannot_serve_is_refused_at_once() -> None:
    with pytest.raises(
        EmptyPoolError, match=r"No samples available for difficulty 'hard', to which Curriculum\('linear'"
    ):
        TripletSampler(rows(5, 5, 0), 2, curriculum=Curriculum("linear", stage_length=1_000))


def test_a_function_that_asks_for_what_is_not_there_is_named_with_the_step() -> None:
    sampler = TripletSampler(rows(5, 5, 0), 2, curriculum=lambda step: {"hard" if step == 3 else "easy": 1})
    said = "No samples available for difficulty 'hard', to which Curriculum(<lambda>, unit='step') at step 3 gives"
    with pytest.raises(EmptyPoolError, match=re.escape(said)):
        list(sampler)
