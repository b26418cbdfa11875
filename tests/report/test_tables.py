"""Counts as text that people read and JSON that programs read."""

import json

import numpy as np
import pyarrow as pa
import pytest

from tests.triplets.listings import listing, several, whole
from vton_hf._core.units import amount
from vton_hf.mixing import RECIPES, plan
from vton_hf.report.tables import (
    audit_table,
    bucket_counts,
    bucket_table,
    composition,
    markdown,
    mix_table,
    plan_facts,
    plan_table,
    scan_facts,
    table,
)
from vton_hf.triplets import discover

BUCKET = [*several("easy/female/", 3), *several("easy/male/", 2), *several("hard/female/", 1)]
LONE = "easy/female/initial_image/lone_person.png"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_949, "1.9 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (60_000 * 3 * 1_200_000, "216.0 GB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_an_amount_is_written_in_the_largest_unit_it_fills(size: int, text: str) -> None:
    assert amount(size) == text


def test_the_first_column_stands_left_and_the_others_right() -> None:
    assert table(["pool", "rows", "note"], [["easy", 1_234_567, "x"], ["medium", 7, ""]]).splitlines() == [
        "pool         rows  note",
        "easy    1,234,567     x",
        "medium          7",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert table(["pool", "rows"], []) == "pool  rows"


def test_the_same_table_in_markdown() -> None:
    assert markdown(["pool", "rows"], [["easy", 1_234_567], ["odd", "x"]]).splitlines() == [
        "| pool | rows |",
        "|---|---:|",
        "| easy | 1,234,567 |",
        "| odd | x |",
    ]
    assert markdown(["pool"], []).splitlines() == ["| pool |", "|---|"]


def test_a_bucket_is_counted_by_difficulty_and_gender() -> None:
    manifest, _ = discover(listing(BUCKET))
    assert bucket_counts(manifest) == {"easy": {"female": 3, "male": 2}, "medium": {}, "hard": {"female": 1}}
    assert bucket_table(manifest).splitlines() == [
        "difficulty  female  male  triplets   size",
        "easy             3     2         5  150 B",
        "medium           0     0         0    0 B",
        "hard             1     0         1   30 B",
        "all              4     2         6  180 B",
    ]


def test_a_gender_that_keys_do_not_say_has_a_column_only_then() -> None:
    manifest, _ = discover(listing([*BUCKET, *several("hard/", 12)]))
    header, *_, hard, total = bucket_table(manifest).splitlines()
    assert [name.strip() for name in header.split("  ") if name] == [
        "difficulty",
        "female",
        "male",
        "not said",
        "triplets",
        "size",
    ]
    assert (hard.split()[:5], total.split()[:5]) == (["hard", "1", "0", "12", "13"], ["all", "4", "2", "12", "18"])


def test_a_plan_says_what_each_difficulty_gives() -> None:
    mix = plan({"easy": 40, "medium": 30, "hard": 10}, RECIPES["hard"], epoch_size=60)
    assert plan_table(mix).splitlines() == [
        "difficulty  weight  available  asked  got  repeats  coverage",
        "easy           25%         40     15   15        0     37.5%",
        "medium         25%         30     15   15        0       50%",
        "hard           50%         10     30   30       20      100%",
    ]


def test_a_plan_as_json_is_its_rows_and_shares() -> None:
    facts = plan_facts(plan({"easy": 4}, RECIPES["easy"]))
    assert json.loads(json.dumps(facts)) == facts
    assert facts["rows"] == 4
    assert facts["difficulties"][0] == {
        "difficulty": "easy",
        "weight": 1.0,
        "available": 4,
        "asked": 4,
        "got": 4,
        "repeats": 0,
        "coverage": 1.0,
    }


MIX = {
    "difficulty": ["easy", "easy", "medium", "medium", "medium"],
    "gender": ["female", "male", "male", "male", "female"],
    "key": ["a", "b", "c", "c", "d"],
}
SHARES = {"easy": 0.3, "medium": 0.7, "hard": 0.0}


def test_a_mix_is_counted_by_its_rows() -> None:
    assert mix_table(MIX, SHARES).splitlines() == [
        "difficulty  weight  asked  got  female  male  repeats",
        "easy           30%      2    2       1     1        0",
        "medium         70%      3    3       1     2        1",
        "hard            0%      0    0       0     0        0",
        "all           100%      5    5       2     3        1",
    ]


def test_of_a_known_bucket_the_part_that_a_mix_shows_is_said_for_what_it_draws_from() -> None:
    available = {"easy": 2, "medium": 6, "hard": 50}
    assert mix_table(MIX, SHARES, available).splitlines() == [
        "difficulty  weight  asked  got  female  male  repeats  coverage",
        "easy           30%      2    2       1     1        0      100%",
        "medium         70%      3    3       1     2        1     33.3%",
        "hard            0%      0    0       0     0        0        0%",
        "all           100%      5    5       2     3        1       50%",
    ]
    assert mix_table(MIX, SHARES, {}).splitlines()[-1].endswith("  0%")


def test_the_card_shows_the_same_in_markdown() -> None:
    assert composition(MIX, SHARES, {"easy": 2, "medium": 6}).splitlines() == [
        "| difficulty | weight | asked | got | female | male | repeats | coverage |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        "| easy | 30% | 2 | 2 | 1 | 1 | 0 | 100% |",
        "| medium | 70% | 3 | 3 | 1 | 2 | 1 | 33.3% |",
        "| hard | 0% | 0 | 0 | 0 | 0 | 0 | 0% |",
        "| all | 100% | 5 | 5 | 2 | 3 | 1 | 50% |",
    ]


@pytest.mark.parametrize("unsaid", ["", None])
def test_rows_that_say_no_gender_have_a_column_of_their_own(unsaid: str | None) -> None:
    rows = MIX | {"gender": ["female", "male", "male", "male", unsaid]}
    header, _, medium, _, total = mix_table(rows, SHARES).splitlines()
    assert "male  not said  repeats" in header
    assert (medium.split()[4:], total.split()[4:]) == (["0", "2", "1", "1"], ["1", "3", "1", "1"])


def test_a_mix_may_be_an_arrow_table_in_chunks_or_empty() -> None:
    arrow = pa.concat_tables([pa.table(MIX).slice(0, 2), pa.table(MIX).slice(2)])
    encoded = arrow.set_column(1, "gender", arrow["gender"].dictionary_encode())
    assert mix_table(arrow, SHARES) == mix_table(encoded, SHARES) == mix_table(MIX, SHARES)
    assert mix_table(arrow.slice(0, 0), SHARES, {"easy": 1}).splitlines()[-1].split()[1:] == ["100%", *"00000", "0%"]


def test_millions_of_rows_are_counted_at_once() -> None:
    rows = 1_000_000
    numbers = np.arange(rows)
    mix = {
        "difficulty": pa.array(np.array(["easy", "hard"])[numbers % 2]),
        "gender": pa.array(np.array(["female", "male"])[numbers // 2 % 2]),
        "key": pa.array(numbers % 100_000).cast(pa.string()),
    }
    total = mix_table(mix, {"easy": 0.5, "medium": 0.0, "hard": 0.5}, {"easy": 50_000, "hard": 100_000}).splitlines()[
        -1
    ]
    assert total.split() == ["all", "100%", "1,000,000", "1,000,000", "500,000", "500,000", "900,000", "66.7%"]


def test_what_was_left_out_is_counted_by_reason() -> None:
    assert audit_table(discover(listing(BUCKET))[1]) == "Nothing was left out."
    assert audit_table(discover(listing([*BUCKET, LONE, *whole("elsewhere/", "001")]))[1]).splitlines() == [
        "left out       keys  triplets",
        "incomplete        1         1",
        "no difficulty     3         1",
    ]


def test_a_scan_as_json_is_what_the_tables_say() -> None:
    manifest, audit = discover(listing([*BUCKET, *whole("hard/female/", "x", "hat"), LONE]))
    facts = scan_facts(manifest, audit)
    assert json.loads(json.dumps(facts)) == facts
    assert facts == {
        "triplets": 7,
        "bytes": 210,
        "difficulties": {
            "easy": {"triplets": 5, "genders": {"female": 3, "male": 2}, "bytes": 150},
            "medium": {"triplets": 0, "genders": {}, "bytes": 0},
            "hard": {"triplets": 2, "genders": {"female": 2}, "bytes": 60},
        },
        "garments": 2,
        "images": 21,
        "layouts": [{"layout": "vton", "prefixes": [], "why": "", "told": [], "splits": False}],
        "columns": {},
        "notes": [],
        "left_out": {"incomplete": 1},
        "lost_triplets": {"incomplete": 1},
        "mending": [],
    }
