"""Rows of candidates, run in turns: each measurement in a fresh process, medians of several rounds."""

import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from measure import MARK

HERE = Path(__file__).parent
DEADLINE = 900.0


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One line of the table.

    Attributes:
        name: As the table has it.
        call: `module:function` of what is measured.
        convert: `module:function` of what is made from the images before, once.
        job: The fields of `Job` in which it differs from the row's others.
        source: `"s3"`, `"s3-jpeg"` (the same photographs as JPEG), `"imagined"` (a store with 1.8 million keys),
            `"tenth"` (with a tenth of them) or `"disk"`.
        latency: Seconds to a first byte, where it is not the run's.
        ours: Whether it is vton-hf.
        mds: Whether it runs in the second environment.
        against: The candidate to compare it with, where that is not the row's reference.
        slow: Leave it out of a quick run, and measure it once in a long one.
        note: What the reader should know.
        cannot: Why there is nothing to measure.
    """

    name: str
    call: str = ""
    convert: str = ""
    job: Mapping[str, Any] = field(default_factory=dict)
    source: str = "disk"
    latency: float | None = None
    ours: bool = False
    mds: bool = False
    against: str = ""
    slow: bool = False
    note: str = ""
    cannot: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A group of the table.

    Attributes:
        name: Group, and what sets it apart in it.
        title: What is measured.
        unit: Of `rate`; of `"s"` and `"MB"` less is better.
        reference: The candidate that the others are compared with.
        candidates: In the order in which they take turns.
        rounds: How often; None for what the run says.
    """

    name: str
    title: str
    unit: str
    reference: str
    candidates: tuple[Candidate, ...]
    rounds: int | None = None

    @property
    def group(self) -> str:
        """What `--only` takes."""
        return self.name.partition("-")[0]


class FailedError(Exception):
    """A candidate did not get to its end; the message is what it said last."""


def run_row(
    row: Row, rounds: int, *, quick: bool, measure: Callable[[Candidate, bool], dict[str, Any]]
) -> dict[str, Any]:
    """Let all candidates take turns.

    Args:
        row: Who takes part.
        rounds: How often each is measured.
        quick: Leave out the slow ones.
        measure: Runs a candidate and gives its figures; second, whether it is the first time.
    """
    rounds = row.rounds or rounds
    taken: dict[str, list[dict[str, Any]]] = {one.name: [] for one in row.candidates}
    failed: dict[str, str] = {}
    for turn in range(rounds):
        for one in row.candidates:
            if one.cannot or one.name in failed or (one.slow and (quick or turn)):
                continue
            try:
                figures = measure(one, turn == 0)
            except FailedError as error:
                failed[one.name] = str(error)
                print(f"  {one.name}: FAILED: {error}", flush=True)
                continue
            taken[one.name].append(figures)
            print(f"  {turn + 1}/{rounds}  {figures['rate']:10.4g} {row.unit:12} {one.name}", flush=True)
    entries = []
    for one in row.candidates:
        why = one.cannot or (failed.get(one.name) and f"failed: {failed[one.name]}")
        why = why or ("left out of a quick run" if not taken[one.name] else "")
        entries.append(_entry(one, taken[one.name], why))
    facts = {key: value for key, value in asdict(row).items() if key not in {"candidates", "rounds"}}
    return facts | {"entries": compare(entries, row.reference, less_is_better=row.unit in {"s", "MB"})}


def compare(entries: list[dict[str, Any]], reference: str, *, less_is_better: bool = False) -> list[dict[str, Any]]:
    """Give each entry its ratio to the reference, above 1 where it is better; None where one of the two is missing."""
    rates = {entry["name"]: entry.get("rate") for entry in entries}
    made = []
    for entry in entries:
        rate, base = entry.get("rate"), rates.get(entry.get("against") or reference)
        ratio = None
        if base and rate:
            ratio = base / rate if less_is_better else rate / base
        made.append({**entry, "ratio": ratio})
    return made


def run_process(python: Path, call: str, job: str, *, log: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run one candidate and give what it measured; what it said beside that is added to `log`.

    Raises:
        FailedError: If it ends without a result, or does not end.
    """
    command = [str(python), str(HERE / "measure.py"), call, job]
    process = subprocess.Popen(  # noqa: S603 - our own scripts
        command,
        env={**os.environ, "PYTHONPATH": str(HERE), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, said = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired as error:
        raise FailedError(f"no result within {DEADLINE:.0f} s") from error
    finally:
        _end(process)
    with log.open("a") as file:
        file.write(f"{call} {job}\n{said}\n")
    results = [line for line in out.splitlines() if line.startswith(MARK)]
    if not results:
        raise FailedError(_last_words(said) or f"exit code {process.returncode}")
    return json.loads(results[-1].removeprefix(MARK))


def _last_words(said: str) -> str:
    """The line that names the error, where there is one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Interrupt)\b", line)]
    return (errors or lines or [""])[-1][:300]


def _end(process: subprocess.Popen[str]) -> None:
    """Take its workers along."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _entry(one: Candidate, taken: list[dict[str, Any]], why: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": one.name, "ours": one.ours, "note": one.note, "against": one.against}
    if not taken:
        return entry | {"why_not": why}
    names = [name for name, value in taken[0].items() if isinstance(value, int | float)]
    entry |= {name: statistics.median(figures[name] for figures in taken if name in figures) for name in names}
    entry |= {name: value for name, value in taken[0].items() if not isinstance(value, int | float)}
    return entry | {"rates": [figures["rate"] for figures in taken]}
