"""Where a training run stands, where its time goes, and what it needs to go on after a kill."""

import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import vton_hf


class Clock:
    """Tells waiting for data from computing; it starts when a batch is first waited for."""

    def __init__(self) -> None:
        self._began = 0.0
        self._spent = {"wait": 0.0, "check": 0.0}

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around each demand for a batch."""
        yield from self._timed("wait")

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Around what is no training: tests on held-out triplets, saving."""
        yield from self._timed("check")

    def __str__(self) -> str:
        total = perf_counter() - self._began
        wait, check = self._spent["wait"], self._spent["check"]
        rest = total - wait - check
        return (
            f"waited {wait:.1f} s for data ({wait / total:.0%}), computed {rest:.1f} s ({rest / total:.0%}), "
            f"tested and saved {check:.1f} s ({check / total:.0%})"
        )

    def _timed(self, what: str) -> Iterator[None]:
        began = perf_counter()
        self._began = self._began or began
        try:
            yield
        finally:
            self._spent[what] += perf_counter() - began


class Progress:
    """How far a run is: steps since training began, and the place in the sampler's order.

    Its state is what a run needs besides the model's and the optimiser's: rows follow from the sampler's state, and
    noise is drawn from a seed and the step.

    Attributes:
        step: The steps so far.
        clock: Where this run's time went.
    """

    def __init__(self, sampler: vton_hf.TripletSampler) -> None:
        self.step = 0
        self.clock = Clock()
        self._taken = 0
        self._sampler = sampler
        self._losses: list[float] = []

    def batches(self, loader: Iterable[Any], set_epoch: Callable[[int], None], last: int) -> Iterator[Any]:
        """Batches up to the step `last`, over as many epochs as that takes; each counts as taken when it is given."""
        for epoch in itertools.count(self._sampler.epoch):
            set_epoch(epoch)
            self._taken = 0
            fetched = self._fetched(loader)
            while self.step < last and (batch := next(fetched, None)) is not None:
                self.step += 1
                self._taken += 1
                yield batch
            if self.step >= last:
                return

    def note(self, loss: float, every: int) -> None:
        """Print the mean of the losses, and where the time went, each `every` steps."""
        self._losses.append(loss)
        if self.step % every == 0:
            print(f"step {self.step:5}  loss {sum(self._losses) / len(self._losses):.5f}  {self.clock}", flush=True)
            self._losses = []

    def state_dict(self) -> dict[str, Any]:
        """What to save."""
        return {"step": self.step, "sampler": self._sampler.state_dict(steps=self._taken)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what was saved."""
        self.step = state["step"]
        self._sampler.load_state_dict(state["sampler"])

    def _fetched(self, loader: Iterable[Any]) -> Iterator[Any]:
        with self.clock.waiting():
            batches = iter(loader)
        while True:
            with self.clock.waiting():
                batch = next(batches, None)
            if batch is None:
                return
            yield batch


def save_state(output: Path, step: int, write: Callable[[Path], object]) -> None:
    """Let `write` fill a folder that takes its name when it is complete, and drop the earlier ones."""
    earlier = _states(output)
    unfinished = output / "state.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write(unfinished)
    unfinished.rename(output / f"state-{step}")
    for folder in earlier:
        shutil.rmtree(folder)


def newest_state(output: Path, *, resume: bool, complete: str = "state-*") -> Path | None:
    """The folder to go on from; None to begin. A run that does not resume drops what an earlier one left.

    Args:
        output: Where the states lie, folders whose names end in the step.
        resume: Whether to go on.
        complete: Matches the folders, or the last file in them, of states that were written to the end.
    """
    states = _states(output, complete)
    if not resume:
        for folder in states:
            shutil.rmtree(folder)
    elif states:
        return states[-1]
    else:
        print(f"Nothing was saved in {output} yet: this run begins at the beginning")
    return None


def _states(output: Path, complete: str = "state-*") -> list[Path]:
    folders = (found if found.is_dir() else found.parent for found in output.glob(complete))
    return sorted(folders, key=lambda folder: int(folder.name.rpartition("-")[2]))
