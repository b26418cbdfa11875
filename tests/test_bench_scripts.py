"""The parts of scripts/bench that need no environment of their own: ratios, turns, tables, the listing's index, --help."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parent.parent / "scripts" / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules import each other by name, as scripts of one folder do."""
    monkeypatch.syspath_prepend(str(BENCH))
    for name in ("runner", "table", "store"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def entry(name: str, **figures: Any) -> dict[str, Any]:
    return {"name": name, "ours": name.startswith("vton-hf"), "note": "", "against": "", **figures}


@pytest.mark.usefixtures("bench")
def test_a_ratio_is_above_one_where_ours_is_better_whatever_the_unit() -> None:
    from runner import compare

    entries = [entry("train.common.dataset", rate=10.0), entry("vton-hf", rate=25.0), entry("MDS", why_not="cannot")]
    assert [made["ratio"] for made in compare(entries, "train.common.dataset")] == [1, 2.5, None]
    assert [made["ratio"] for made in compare(entries, "train.common.dataset", less_is_better=True)] == [1, 0.4, None]
    assert [made["ratio"] for made in compare(entries, "nobody")] == [None, None, None]
    against = [entry("near", rate=20.0), entry("far", rate=19.0, against="near")]
    assert [made["ratio"] for made in compare(against, "")] == [None, 0.95]


@pytest.mark.usefixtures("bench")
def test_contestants_take_turns_and_who_fails_is_told() -> None:
    from runner import Candidate, FailedError, Row, run_row

    rates = {"a": iter([1.0, 9.0, 2.0]), "b": iter([30.0, 10.0, 20.0])}
    asked = []

    def measure(one: Candidate, first: bool) -> dict[str, Any]:
        asked.append((one.name, first))
        if one.name == "broken":
            raise FailedError("no route to host")
        return {"rate": next(rates[one.name]), "check": "7"}

    turns = [Candidate(name="a"), Candidate(name="broken"), Candidate(name="b", ours=True)]
    others = [Candidate(name="MDS", cannot="cannot: needs a conversion first"), Candidate(name="c", slow=True)]
    row = Row(name="lazy-wait", title="", unit="images/s", reference="a", candidates=(*turns, *others))
    done = run_row(row, 3, quick=True, measure=measure)

    assert row.group == "lazy"
    assert asked == [("a", True), ("broken", True), ("b", True), ("a", False), ("b", False), ("a", False), ("b", False)]
    a, broken, b, cannot, slow = done["entries"]
    assert (a["rate"], b["rate"], b["ratio"], b["rates"], b["check"]) == (2, 20, 10, [30, 10, 20], "7")
    assert (broken["why_not"], cannot["why_not"]) == ("failed: no route to host", "cannot: needs a conversion first")
    assert slow["why_not"] == "left out of a quick run"


@pytest.mark.usefixtures("bench")
@pytest.mark.parametrize(
    ("value", "text"), [(0.04123, "0.0412"), (3.14159, "3.14"), (999.4, "999"), (1234.5, "1,230"), (385421, "385,000")]
)
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    from table import number

    assert number(value) == text


@pytest.mark.usefixtures("bench")
def test_the_table_shows_everybody() -> None:
    from table import as_markdown, as_text

    entries = [
        entry("train.common.dataset", rate=10.0, whole=8.0, ratio=1.0),
        entry("vton-hf", rate=19.0, whole=12.0, ratio=0.95, against="vton-hf, disk", note="a note", peak_mb=812.3),
        entry("MDS", why_not="cannot: needs a conversion to MDS first"),
    ]
    row = {"title": "An epoch", "unit": "triplets/s", "reference": "train.common.dataset", "entries": entries}
    results = {"rows": [row], "rounds": 3, "latency": 0.02, "triplets": 144, "machine": {"cores": 2, "load": 1.5}}

    lines = as_markdown(results).splitlines()
    assert lines[2] == "| **An epoch**, triplets/s | | | | |"
    assert lines[3] == "| train.common.dataset | 10 | 1 | 8 |  |"
    assert lines[4] == "| **vton-hf** | 19 | 0.95x | 12 | a note; waits 5.3% longer; peak 812 MB |"
    assert lines[5] == "| MDS |  |  |  | cannot: needs a conversion to MDS first |"
    text = as_text(results)
    assert "20 ms to a first byte; medians of 3 rounds" in text
    assert "load 1.5. Trust ratios" in text
    seed, ours = text.splitlines()[1:3]
    assert seed.index(" 10 ") == ours.index(" 19 "), "columns stand below each other"


@pytest.mark.usefixtures("bench")
def test_the_index_of_a_bucket_has_rows_of_one_width_in_the_order_of_keys(tmp_path: Path) -> None:
    from store.index import make_index, objects_in

    bucket = tmp_path / "bucket"
    for key in ("b/1.png", "a-b/2.png", "a/333.png"):
        (bucket / key).parent.mkdir(parents=True, exist_ok=True)
        (bucket / key).write_bytes(b"x" * 7)
    index = make_index(tmp_path / "index.xml", lambda: objects_in(bucket))

    text = index.path.read_text()
    rows = [text[start : start + index.width] for start in range(0, len(text), index.width)]
    assert index.rows == len(rows) == 3
    assert [row.partition("</Key>")[0] for row in rows] == [f"<Contents><Key>{key}" for key in ("a-b/2.png", "a/333.png", "b/1.png")]  # fmt: skip
    assert all("<Size>7</Size>" in row for row in rows)
    assert make_index(index.path, lambda: pytest.fail("it is there already")) == index


def test_help_needs_no_environment() -> None:
    done = subprocess.run(
        [BENCH / "run", "--help"],
        env={"PATH": os.environ["PATH"], "PYTHON": sys._base_executable},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in (
        "--quick",
        "--only",
        "--latency",
        "--out",
        "listing, layouts, splits, build, integrity, validate, scale, lazy, cached, prepared, start, memory",
    ):
        assert name in " ".join(done.stdout.split())
