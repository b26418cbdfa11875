"""Running units until each is done or has failed three times, or nothing works any more."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vton_hf.engines.engine import Engine, Unit, Work

ATTEMPTS: Final = 3
"""Failures of one unit after which it is set aside."""

OUTAGE: Final = 3
"""Units that fail one after the other, none going well between them, after which it is not the units' fault."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """The outcome of a unit that failed again and again.

    Attributes:
        error: What went wrong the last time.
    """

    error: Exception


def run_units(
    engine: Engine, work: Work, units: Sequence[Unit], *, may_pass: Callable[[Exception], bool], patient: bool = False
) -> Iterator[tuple[Unit, Any]]:
    """Run work on units; what fails is tried again behind all others.

    Args:
        engine: Where.
        work: What is done with each.
        units: Told apart by identity.
        may_pass: Whether another try may end otherwise; what may not pass ends everything.
        patient: Also where each unit has failed once, and none gone well, try again.

    Yields:
        Each unit with what work made of it, or `SetAside`.

    Raises:
        Exception: The error of a unit that does not pass, or where nothing goes well any more.
    """
    failures, in_a_row, left, any_done = Counter[int](), 0, list(units), False
    while left:
        again: list[Unit] = []
        for unit, outcome in engine.run(work, left):
            if not isinstance(outcome, Exception):
                in_a_row, any_done = 0, True
                yield unit, outcome
                continue
            failures[id(unit)] += 1
            in_a_row += 1
            first_try = failures[id(unit)] == 1
            if not may_pass(outcome) or (first_try and in_a_row >= max(OUTAGE, engine.parallel + 1)):
                raise outcome
            if failures[id(unit)] == ATTEMPTS:
                yield unit, SetAside(outcome)
            else:
                again.append(unit)
                error = outcome
        if again and not any_done and not patient:
            raise error
        left = again
