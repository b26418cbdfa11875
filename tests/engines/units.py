"""Work that fails or dies as it is told to; it imports no more than a worker of an engine needs."""

import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vton_hf.engines import Engine, run_units
from vton_hf.errors import ConfigError, UnavailableError


@dataclass
class Unit:
    """A number, told apart by identity."""

    number: int


@dataclass(frozen=True)
class Squares:
    """Squares numbers; some fail so many times, some end their process so many times, as files tell."""

    folder: Path
    failing: dict[int, int]
    deadly: dict[int, int]

    def __call__(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, Any]]:
        for unit in units:
            tries = self._count(unit.number)
            if tries <= self.deadly.get(unit.number, 0):
                os.kill(os.getpid(), signal.SIGKILL)
            elif tries <= self.failing.get(unit.number, 0):
                yield unit, UnavailableError(f"no answer for {unit.number}")
            else:
                yield unit, unit.number**2

    def _count(self, number: int) -> int:
        path = self.folder / f"{number}"
        with path.open("a") as file:
            file.write("-")
        return path.stat().st_size


def tries(folder: Path) -> dict[int, int]:
    return {int(path.name): path.stat().st_size for path in folder.iterdir()}


def run(engine: Engine, folder: Path, count: int, **how: dict[int, int]) -> dict[int, Any]:
    units = [Unit(number) for number in range(count)]
    work = Squares(folder, how.get("failing", {}), how.get("deadly", {}))
    outcomes = list(run_units(engine, work, units, may_pass=lambda error: not isinstance(error, ConfigError)))
    assert Counter(id(unit) for unit, _ in outcomes) == Counter(map(id, units)), "each unit itself, once"
    return {unit.number: outcome for unit, outcome in outcomes}
