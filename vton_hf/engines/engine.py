"""What an engine does: runs work on units, anywhere, and gives results as they finish."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

Unit = TypeVar("Unit")
Result = TypeVar("Result")

Outcome: TypeAlias = Any
"""What work makes of a unit, or the exception that it ended with."""


class WorkerError(Exception):
    """The process or the machine that was at work on a unit is gone, most often for want of memory."""


class Work(Protocol):
    """What is done. It is sent to other processes, so it can be pickled, and so can units and outcomes."""

    def __call__(self, units: Sequence[Any], /) -> Iterator[tuple[Any, Outcome]]:
        """Do the units, in any order; several may be under way at once. What goes wrong with one is its outcome."""


class Engine(Protocol):
    """A way to run work.

    Attributes:
        parallel: Units that are under way at once, at most.
        remote: Whether units may run on other machines.
    """

    parallel: int
    remote: bool

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        """Each unit, the very object that was given, with its outcome, as they finish."""


class InProcess:
    """Runs work in this process."""

    parallel = 1
    remote = False

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        """As `Engine.run`."""
        yield from work(units)


def tried(work: Callable[..., Result], *arguments: Any) -> Result | Exception:
    """What a call gives, or the exception that it ends with: of one unit, so that others go on."""
    try:
        return work(*arguments)
    except Exception as error:  # noqa: BLE001 - whoever asked for the unit is told
        return error


def do_one(work: Work, unit: Any) -> Outcome:
    """Run work on one unit, in whatever process."""
    return [outcome for _, outcome in work([unit])][-1]
