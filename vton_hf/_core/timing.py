"""Where a process spends its time while it makes samples."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

STAGES: Final = ("fetch", "decode", "transform", "collate")
"""Waiting for a store, bytes to pixels, sizes and the user's transform, samples to a batch."""


class _Clock(threading.local):
    """Each thread has its own: a builder's threads do not count for the one that makes samples."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.open: list[str] = []
        self.since = 0.0

    def charge(self) -> None:
        """Add the elapsed time to the current stage."""
        now = time.perf_counter()
        if self.open:
            self.spent[self.open[-1]] = self.spent.get(self.open[-1], 0.0) + now - self.since
        self.since = now


_clock = _Clock()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Count the time of the block; that of a stage within it counts for the inner one only. It takes 2 us."""
    _clock.charge()
    _clock.open.append(name)
    try:
        yield
    finally:
        _clock.charge()
        _clock.open.pop()


def take() -> Mapping[str, float]:
    """The seconds of each stage in this thread since the last call, and begin anew."""
    spent, _clock.spent = _clock.spent, {}
    return spent
