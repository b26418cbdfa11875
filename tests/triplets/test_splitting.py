"""Which split a triplet is in follows from its entities' names and the shares: nothing crosses, whatever comes or goes."""

import ast
import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vton_hf.errors import ConfigError
from vton_hf.triplets import (
    Assignment,
    Manifest,
    SplitPolicy,
    assign,
    check_parts,
    from_bytes,
    split_summary,
    split_table,
    to_bytes,
)
from vton_hf.triplets.entities import entity_names, expression_for
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


def held_out(shares: Mapping[str, float], name: str) -> set[Pair]:
    pairs = [(number, 0) for number in range(400)]
    found = split_of(assign(manifest(pairs), policy("person", shares)), pairs)
    return {pair for pair, split in found.items() if split == name}


def test_a_share_moves_nothing_between_other_splits_and_only_adds_where_it_grows() -> None:
    both = {"validation": 0.1, "test": 0.1}
    assert held_out(both, "test") < held_out(both | {"test": 0.3}, "test")
    assert held_out(both, "validation") == held_out(both | {"test": 0.3}, "validation")
    assert held_out(both, "validation") < held_out(both | {"validation": 0.2}, "validation")
    assert held_out(both, "test") == held_out(both | {"validation": 0.2}, "test") == held_out({"test": 0.1}, "test")


def test_another_name_for_a_split_takes_nothing_from_the_test_set() -> None:
    both, renamed = {"validation": 0.1, "test": 0.1}, {"dev": 0.1, "test": 0.1}
    assert held_out(both, "test") == held_out(renamed, "test")
    assert held_out(both, "validation") == held_out(renamed, "dev")


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


@pytest.mark.parametrize(
    ("stem", "person", "garment"),
    [
        ("fh_000001_e01_fc_010632_tracksuit", "000001", "010632"),
        ("p4_g3_031", "4", "3"),
        ("a.b(1)+2", "1", "2"),
        ("7x8", "7", "8"),
        ("anna_dress", "anna", "dress"),
        ("só_1_2_3", "1", "3"),
        ("12_cloth-5_9", "12", "5"),
    ],
)
def test_an_expression_that_is_shown_matches(stem: str, person: str, garment: str) -> None:
    found = re.search(expression_for(stem), stem)
    assert found
    assert (found["person"], found["garment"]) == (person, garment)


def test_stems_that_say_nothing_are_given_no_expression_to_try() -> None:
    assert expression_for("006") == ""
    triplets = manifest([(1, 2)])
    bare = Manifest(triplets.table.set_column(2, "stem", pa.array(["006"])))
    with pytest.raises(ConfigError, match=r"such as '006': name a column of metadata=|such as '006':  name a column"):
        assign(bare, policy("person", entities=None))


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (pa.array([10**12 + 3, None], pa.float64()), ["1000000000003", None]),
        (pa.array([1.5, 2.0]), ["1.5", "2"]),
        (pa.array([math.nan, math.inf, 3.0]), [None, None, "3"]),
        (pa.array([1e19, 2e19]), ["1e+19", "2e+19"]),
        (pa.array([7, 8]), ["7", "8"]),
        (pa.array(["", "a"]), [None, "a"]),
        (pa.array([True, None]), ["true", None]),
        (pa.array([["a"], None]), ["['a']", None]),
    ],
    ids=str,
)
def test_names_are_read_alike_from_any_table(column: pa.Array, names: list[str | None]) -> None:
    assert entity_names(column, "person").to_pylist() == names


def test_bytes_that_are_no_text_name_nobody() -> None:
    with pytest.raises(ConfigError, match="The column 'person' holds bytes that are no text"):
        entity_names(pa.array([b"\xff\xfe"]), "person")


def changed(data: bytes, change: Callable[[pa.Table], pa.Table]) -> bytes:
    table = pq.read_table(io.BytesIO(data))
    sink = io.BytesIO()
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), sink)
    return sink.getvalue()


def test_a_manifest_that_was_edited_is_obeyed_and_what_it_shares_is_told() -> None:
    pairs = [(number % 20, number) for number in range(60)]
    triplets = manifest(pairs)
    found = assign(triplets, policy("person"))
    other = "test" if found.codes[0] == 0 else "train"

    def edited(table: pa.Table) -> pa.Table:
        return table.set_column(1, "split", pa.array([other, *table["split"].to_pylist()[1:]]))

    read = from_bytes(changed(to_bytes(found, triplets), edited), "s.parquet")
    after = assign(triplets, read)
    assert after.policy.names[after.codes[0]] == other
    assert after.codes[1:].tolist() == found.codes[1:].tolist()
    assert after.shared_by() == {"person": 1}
    assert "in two are, as the split manifest has it: person (1)" in split_summary(after)
    again = from_bytes(to_bytes(after, triplets), "again.parquet")
    assert assign(triplets, again).codes.tolist() == after.codes.tolist()


def test_a_manifest_holds_triplets_whose_persons_are_called_otherwise_now() -> None:
    pairs = [(number % 20, number) for number in range(60)]
    named = manifest(pairs, columns={"person": [f"p{person}" for person, _ in pairs]})
    found = assign(named, policy("person", entities=None))
    read = from_bytes(to_bytes(found, named), "s.parquet")
    later = [*pairs, *((person, 100 + person) for person in range(20))]
    renamed = manifest(later, columns={"person": [f"person-{person}" for person, _ in later]})
    after = assign(renamed, read)
    assert after.codes[:60].tolist() == found.codes.tolist()
    assert after.shared() == {"person": 0}


def test_a_component_that_a_manifest_holds_apart_may_be_joined_later() -> None:
    pairs = [(number, number) for number in range(60)]
    triplets = manifest(pairs)
    read = from_bytes(to_bytes(assign(triplets, policy("component")), triplets), "s.parquet")
    grown = manifest([*pairs, *((99, garment) for garment in range(60))])
    found = assign(grown, read)
    check_parts(found, grown, ["easy"])
    assert found.shared() == {"person": 0, "garment": 0}
    assert found.joining


def test_a_manifest_keeps_the_flags_of_an_expression() -> None:
    pairs = [(number, number) for number in range(40)]
    triplets = manifest(pairs)
    found = assign(triplets, policy("person", entities=re.compile(r"P(?P<person>\d+)", re.IGNORECASE)))
    read = from_bytes(to_bytes(found, triplets), "s.parquet")
    assert assign(triplets, read).codes.tolist() == found.codes.tolist()


@pytest.mark.parametrize("name", ["split", "key"])
def test_a_column_may_be_called_as_one_of_the_manifests(name: str) -> None:
    pairs = [(number, number) for number in range(40)]
    triplets = manifest(pairs, columns={"split": [f"s{number}" for number, _ in pairs]})
    found = assign(triplets, policy(name, entities=None))
    read = from_bytes(to_bytes(found, triplets), "s.parquet")
    assert assign(triplets, read).codes.tolist() == found.codes.tolist()
    assert set(split_table(found, triplets)["split"].to_pylist()) <= {"train", "validation", "test"}


def test_a_manifest_without_its_table_says_what_is_missing() -> None:
    pairs = [(number, number) for number in range(40)]
    named = manifest(pairs, columns={"person": [str(person) for person, _ in pairs]})
    read = from_bytes(to_bytes(assign(named, policy("person", entities=None)), named), "s.parquet")
    with pytest.raises(ConfigError, match="Give the metadata= and layout= that it was made with"):
        assign(manifest(pairs), read)


def test_a_unit_that_is_misspelt_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"split_by='persn' is none of .* Did you mean 'person'\?"):
        assign(manifest([(1, 1)]), policy("persn"))


def test_where_nearly_nobody_is_known_that_is_said_and_not_the_shares() -> None:
    triplets = manifest([(n, n) for n in range(40)], columns={"person": ["a", *[None] * 39]})
    with pytest.raises(ConfigError, match="It is not known who is in 39 of 40 triplets"):
        check_parts(assign(triplets, policy("person", entities=None)), triplets, ["easy"])


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
