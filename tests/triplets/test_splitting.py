"""Which split a triplet is in follows from its entities' names and the shares: nothing crosses, whatever comes or goes."""

import ast
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vton_hf.errors import ConfigError
from vton_hf.triplets import Assignment, Manifest, SplitPolicy, assign, check_parts, from_bytes, split_summary, to_bytes
from vton_hf.triplets.entities import expression_for
from vton_hf.triplets.linked import components
from vton_hf.triplets.manifest import SCHEMA

NAMED = r"p(?P<person>\d+)_g(?P<garment>\d+)"
SHARES = {"validation": 0.2, "test": 0.15}
PAIRS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=60, unique=True)
UNITS = ("person", "garment", "both", "component", "triplet")

Pair = tuple[int, int]


def manifest(
    pairs: Sequence[Pair], difficulty: str = "easy", columns: Mapping[str, list[Any]] | None = None
) -> Manifest:
    """Triplets whose stems say who is in them."""
    stems = [f"p{person:03d}_g{garment:03d}" for person, garment in pairs]
    given = {"stem": stems, "key": [f"{difficulty}/{stem}" for stem in stems]}
    given |= {"difficulty": [difficulty] * len(stems), "gender": ["female"] * len(stems)}
    table = {
        field.name: pa.array(given[field.name]) if field.name in given else pa.nulls(len(stems), field.type)
        for field in SCHEMA
    }
    made = Manifest(pa.table(table).select(SCHEMA.names).cast(SCHEMA))
    return made if columns is None else made.with_columns(pa.table(columns))


def policy(by: str | None = "both", shares: Mapping[str, float] = SHARES, entities: Any = NAMED) -> SplitPolicy:
    return SplitPolicy.of(shares, by, entities)


def split_of(found: Assignment, pairs: Sequence[Pair]) -> dict[Pair, str | None]:
    names = found.policy.names
    return {pair: names[code] if code >= 0 else None for pair, code in zip(pairs, found.codes.tolist(), strict=True)}


def entities_in(found: Mapping[Pair, str | None], split: str, place: int) -> set[int]:
    return {pair[place] for pair, name in found.items() if name == split}


@given(PAIRS, st.sampled_from(UNITS))
def test_no_entity_that_is_split_by_is_in_two_splits(pairs: list[Pair], by: str) -> None:
    found = assign(manifest(pairs), policy(by))
    kinds = {"person": [0], "garment": [1], "both": [0, 1], "component": [0, 1], "triplet": []}[by]
    splits = split_of(found, pairs)
    for place in kinds:
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
            assert entities_in(splits, one, place).isdisjoint(entities_in(splits, other, place))
    for place, kind in enumerate(("person", "garment")):
        counted: dict[int, set[str]] = {}
        for pair, split in splits.items():
            if split is not None:
                counted.setdefault(pair[place], set()).add(split)
        assert found.shared()[kind] == sum(len(each) > 1 for each in counted.values())


@given(PAIRS, st.sampled_from(UNITS), st.randoms(use_true_random=False))
def test_neither_order_nor_machine_matters(pairs: list[Pair], by: str, random: Any) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert split_of(assign(manifest(pairs), policy(by)), pairs) == split_of(
        assign(manifest(shuffled), policy(by)), shuffled
    )


@given(PAIRS, PAIRS, st.sampled_from([by for by in UNITS if by != "component"]))
def test_what_is_there_stays_when_a_bucket_grows(pairs: list[Pair], more: list[Pair], by: str) -> None:
    grown = list(dict.fromkeys([*more, *pairs]))
    before, after = (
        split_of(assign(manifest(pairs), policy(by)), pairs),
        split_of(assign(manifest(grown), policy(by)), grown),
    )
    assert {pair: after[pair] for pair in pairs} == before


@given(PAIRS, PAIRS, st.sampled_from(UNITS))
def test_a_split_manifest_holds_what_it_says_whatever_comes_later(pairs: list[Pair], more: list[Pair], by: str) -> None:
    first = manifest(pairs)
    found = assign(first, policy(by))
    read = from_bytes(to_bytes(found, first), "splits.parquet")
    grown = list(dict.fromkeys([*more, *pairs]))
    after = assign(manifest(grown), read)
    before, splits = split_of(found, pairs), split_of(after, grown)
    assert {pair: splits[pair] for pair in pairs if before[pair]} == {pair: s for pair, s in before.items() if s}
    assert {kind: after.shared()[kind] for kind in found.shared() if not found.shared()[kind]} == {
        kind: 0 if by in (kind, "both", "component") else after.shared()[kind]
        for kind in found.shared()
        if not found.shared()[kind]
    }


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.02, 0.4), st.floats(0.02, 0.4))
def test_a_share_is_met_within_the_tolerance_that_is_stated(first: int, one: float, other: float) -> None:
    count = 1000
    pairs = [(first + number, 0) for number in range(count)]
    found = assign(manifest(pairs), policy("person", {"validation": one, "test": other}))
    for name, share in (("validation", one), ("test", other), ("train", 1 - one - other)):
        tolerance = 4 * math.sqrt(share * (1 - share) / count)
        assert abs(found.counts[name] / count - share) <= tolerance


def test_rows_of_both_are_products_of_shares() -> None:
    pairs = [(person, garment) for person in range(300) for garment in range(300)]
    found = assign(manifest(pairs), policy("both", {"validation": 0.05, "test": 0.05}))
    shares = {name: count / len(pairs) for name, count in found.counts.items()}
    assert shares["train"] == pytest.approx(0.81, abs=0.06)
    assert found.joining / len(pairs) == pytest.approx(0.185, abs=0.06)
    assert sum(found.counts.values()) + found.joining == len(pairs)
    assert f"{found.joining:,} (" in split_summary(found)
    assert "join two splits and are in none" in split_summary(found)


def test_shares_grow_without_moving_what_was_held_out() -> None:
    pairs = [(number, 0) for number in range(400)]
    small = split_of(assign(manifest(pairs), policy("person", {"test": 0.1})), pairs)
    large = split_of(assign(manifest(pairs), policy("person", {"test": 0.2})), pairs)
    assert {pair for pair, split in small.items() if split == "test"} < {
        pair for pair, split in large.items() if split == "test"
    }


def test_a_person_is_where_it_is_by_whatever_is_split() -> None:
    pairs = [(number, number) for number in range(100)]
    by_person = split_of(assign(manifest(pairs), policy("person")), pairs)
    both = split_of(assign(manifest(pairs), policy("both")), pairs)
    assert {pair: split for pair, split in both.items() if split} == {
        pair: by_person[pair] for pair, split in both.items() if split
    }
    assert len(set(both.values())) == 4  # a person and a garment of one number fall apart


def test_garments_of_one_person_and_stem_stay_together_by_triplet() -> None:
    pairs = [(1, 1)] * 5
    found = assign(manifest(pairs), policy("triplet", entities=None))
    assert len(set(found.codes.tolist())) == 1


@pytest.mark.parametrize(
    ("entities", "columns", "by"),
    [
        (NAMED, None, "both"),
        (r"p(?P<person>\d+)", None, "person"),
        (None, None, "triplet"),
        (None, {"person": ["a", "b"]}, "person"),
        (None, {"person_id": [1, 2], "garment_id": ["x", "y"]}, "both"),
        ({"garment": "sku"}, {"sku": ["x", "y"]}, "garment"),
    ],
)
def test_where_nothing_is_said_all_that_is_known_is_split_by(
    entities: Any, columns: dict[str, list[Any]] | None, by: str
) -> None:
    found = assign(manifest([(1, 1), (2, 2)], columns=columns), policy(None, entities=entities))
    assert found.by == by
    assert ("may be in two" in split_summary(found)) == (by != "both")


def test_a_column_splits_by_its_values() -> None:
    brands = [f"brand {number % 20}" for number in range(200)]
    found = assign(manifest([(n, n) for n in range(200)], columns={"brand": brands}), policy("brand", entities=None))
    assert found.shared() == {"brand": 0}
    assert set(found.counts.values()) != {0}


def test_triplets_of_which_nobody_is_known_are_in_no_split() -> None:
    columns = {"person": ["a", None, "", "b"]}
    found = assign(manifest([(n, n) for n in range(4)], columns=columns), policy("person", entities=None))
    assert found.unknown == 2
    assert found.codes[[1, 2]].tolist() == [-2, -2]
    assert "2 are in none, since it is not known who is in them" in split_summary(found)


@pytest.mark.parametrize("by", ["person", "garment", "both", "component"])
def test_without_entities_the_error_shows_stems_and_an_expression_that_works(by: str) -> None:
    triplets = manifest([(1, 2), (3, 4), (5, 6), (7, 8)])
    with pytest.raises(ConfigError, match="nothing says it") as caught:
        assign(triplets, policy(by, entities=None))
    text = str(caught.value)
    assert all(stem in text for stem in ("'p001_g002'", "'p003_g004'", "'p005_g006'"))
    assert "'p007_g008'" not in text
    (expression,) = re.findall(r"entities=r'(.*?)'", text)
    assert assign(triplets, policy(by, entities=expression)).shared() == {"person": 0, "garment": 0}


@pytest.mark.parametrize("stem", ["fh_000001_e01_fc_010632_tracksuit", "a.b(1)+2", "7x8", "anna_dress", "só_1_2_3"])
def test_an_expression_that_is_shown_matches(stem: str) -> None:
    found = re.search(expression_for(stem), stem)
    assert found
    assert all(found.groups())


def test_one_component_that_holds_nearly_all_is_refused_with_its_size_and_a_way_out() -> None:
    pairs = [(number % 10, number) for number in range(90)] + [(number, 0) for number in range(10)]
    found = assign(manifest(pairs), policy("component"))
    assert found.largest[0] == 100
    with pytest.raises(ConfigError, match=r"100 of 100 triplets \(100%\).*split_by='both'"):
        check_parts(found, manifest(pairs), ["easy"])


def test_small_components_stay_whole_and_lose_nothing() -> None:
    pairs = [(number, number // 2) for number in range(400)]
    found = assign(manifest(pairs), policy("component"))
    check_parts(found, manifest(pairs), ["easy"])
    assert found.largest[0] == 2
    assert sum(found.counts.values()) == 400
    assert "the largest component holds 2 triplets" in split_summary(found)


@given(PAIRS, st.sampled_from(["person", "garment", "both", "triplet"]), st.floats(0.001, 0.3))
def test_shares_that_a_refusal_shows_fill_every_part(pairs: list[Pair], by: str, share: float) -> None:
    triplets = manifest(pairs)
    refused = refusal_of(triplets, policy(by, {"validation": share, "test": share}))
    shown = re.search(r"splits=(\{[^}]*\}) would fill it", refused)
    assert shown or not refused or "another split_by=" in refused
    if shown:
        assert refusal_of(triplets, policy(by, ast.literal_eval(shown[1]))) == ""


def refusal_of(triplets: Manifest, how: SplitPolicy) -> str:
    try:
        check_parts(assign(triplets, how), triplets, ["easy"])
    except ConfigError as error:
        return str(error)
    return ""


def test_links_keep_rows_together_where_names_do_not() -> None:
    pairs = [(number, number) for number in range(200)]
    links = np.array([[number, number + 1] for number in range(0, 200, 2)])
    apart, linked = assign(manifest(pairs), policy("person")), assign(manifest(pairs), policy("person"), links)
    assert (linked.codes[links[:, 0]] == linked.codes[links[:, 1]]).all()
    assert not (apart.codes[links[:, 0]] == apart.codes[links[:, 1]]).all()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_components_are_those_of_a_walk(edges: list[Pair]) -> None:
    neighbours: dict[int, set[int]] = {node: {node} for node in range(31)}
    for one, other in edges:
        joined = neighbours[one] | neighbours[other]
        for node in joined:
            neighbours[node] = joined
    found = components(np.array(edges, np.int64).reshape(-1, 2), 31)
    assert found.tolist() == [min(neighbours[node]) for node in range(31)]


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({}, "splits must be"),
        ([0.1], "splits must be"),
        ({"test": 0}, r"splits\['test'\] must be a share of entities, above 0 and below 1, got 0"),
        ({"test": 1.0}, "below 1"),
        ({"test": True}, "below 1"),
        ({"test": "0.1"}, "below 1"),
        ({"all": 0.1}, "a split's name"),
        ({"my test": 0.1}, "a split's name"),
        ({"test": 0.6, "validation": 0.5}, "something is left to train on"),
        ({"train": 0.5, "test": 0.1}, "sum to 0.6, not to 1. Leave 'train' out"),
    ],
)
def test_shares_that_make_no_sense_are_refused(splits: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SplitPolicy.of(splits, None, None)


def test_train_may_be_named_where_all_sum_to_one() -> None:
    assert SplitPolicy.of({"train": 0.8, "test": 0.2}, None, None).names == ("train", "test")


@pytest.mark.parametrize("entities", [{}, {"pose": "x"}, {"person": 1}, 7, "p(", r"\d+"])
def test_entities_that_name_nobody_are_refused(entities: Any) -> None:
    with pytest.raises(ConfigError, match="entities"):
        SplitPolicy.of({"test": 0.1}, None, entities)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"key,split\n"])
def test_what_is_no_split_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"splits='a\.csv' is no split manifest"):
        from_bytes(data, "a.csv")
