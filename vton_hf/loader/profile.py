"""What bounds a DataLoader: where its workers' time goes, how long the training waits, and what would change it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vton_hf._core import html, timing
from vton_hf._core.checks import check_int
from vton_hf._core.timing import STAGES
from vton_hf.errors import ConfigError

_ENOUGH: Final = 0.05
"""A share of waiting below which faster data would not be felt."""

_MEANS: Final = {
    "fetch": "waiting for the store",
    "decode": "bytes to pixels",
    "transform": "sizes and the transform",
    "collate": "samples to a batch",
}
_ADVICE: Final = {
    "fetch": "build a cache once (load_dataset without embed_images=False, or materialize=True), add workers "
    "(num_workers=), or move nearer to the bucket",
    "decode": "store images at the size of training: image_size=(height, width) with image_format='png-fast' or "
    "'jpeg' when building (`vton-hf plan --compare` shows what each costs); until then add workers, up to the cores",
    "transform": "give no transform but image_size=, or one of torchvision.transforms.v2 that takes tensors; store "
    "images at the size of training; until then add workers, up to the cores",
    "collate": "take dtype=torch.uint8 and normalise on the GPU: batches are a quarter of the size",
}


@dataclass(frozen=True, slots=True)
class LoaderProfile:
    """Where the time went, from the first batch on.

    Attributes:
        batches: How many were drawn.
        samples: Their samples.
        workers: Worker processes; 0 if the main process made them.
        seconds: Of the whole run.
        waited: Seconds in which the caller waited for a batch.
        first: Seconds until the first batch, which is not counted otherwise.
        stages: Seconds by stage (`"fetch"`, `"decode"`, `"transform"`, `"collate"`), of all workers together.
        stepped: Whether a training step ran between batches.
    """

    batches: int
    samples: int
    workers: int
    seconds: float
    waited: float
    first: float
    stages: Mapping[str, float]
    stepped: bool

    @property
    def rate(self) -> float:
        """Samples a second."""
        return self.samples / self.seconds

    @property
    def wait(self) -> float:
        """The share of the time in which the training waits for data."""
        return self.waited / self.seconds

    @property
    def bound(self) -> str:
        """What bounds the run: a stage, or "step" where the data are fast enough."""
        if self.stepped and self.wait < _ENOUGH:
            return "step"
        return max(STAGES, key=lambda name: self.stages.get(name, 0.0))

    @property
    def advice(self) -> str:
        """What to change."""
        if self.bound == "step":
            return "The training step bounds this run; data wait for it."
        return f"Bound by {self.bound} ({_MEANS[self.bound]}). To change it: {_ADVICE[self.bound]}."

    def _repr_html_(self) -> str:
        rows = [(name, 1000 * self.stages.get(name, 0.0) / self.samples) for name in STAGES]
        lines = [(name, value, f"{value:.1f} ms a triplet: {_MEANS[name]}") for name, value in rows]
        title = f"{self.rate:.1f} triplets/s, {_workers(self.workers)}; the training waits {self.wait:.0%} of its time"
        return html.box(title, html.bars(lines), html.text(self.advice))

    def __str__(self) -> str:
        rows = [(name, self.stages.get(name, 0.0), _MEANS[name]) for name in STAGES]
        # Batches that were made while the first was waited for may sum up to more than what the run lasted.
        whole = max(max(1, self.workers) * self.seconds, sum(self.stages.values()))
        rows.append(("rest", whole - sum(self.stages.values()), "reading rows, handing over batches, idle"))
        rate = f"{self.rate:.1f} triplets/s, first batch after {self.first:.1f} s"
        hint = "" if self.stepped else " (nothing else is done here; pass step= to run yours)"
        lines = [
            f"{self.samples:,} triplets in {self.batches:,} batches, {_workers(self.workers)}: {rate}",
            f"The training waits {self.wait:.0%} of its time for data{hint}.",
            "",
            f"{'stage':<10}{'ms/triplet':>12}{'of a worker':>13}",
        ]
        for name, seconds, means in rows:
            lines.append(f"{name:<10}{1000 * seconds / self.samples:>12.1f}{seconds / whole:>12.0%}    {means}")
        return "\n".join([*lines, "", self.advice])


def profile_loader(loader: Any, *, batches: int = 50, step: Callable[[Any], object] | None = None) -> LoaderProfile:
    """Draw batches and see where the time goes.

    Args:
        loader: A `DataLoader`, or one that is made like it, over one of our datasets, or over one with
            `set_transform`; map-style or a stream. It is as it was afterwards.
        batches: So many after the first one, or until the epoch ends.
        step: Called with each batch, such as a training step; with it `wait` is the share of the time that a GPU
            would stand idle.

    Returns:
        What was measured; `print` it.

    Raises:
        ConfigError: If the loader's workers are running already, or there are fewer than two batches.

    Examples:
        >>> print(profile_loader(DataLoader(dataset, batch_size=8, num_workers=4)))  # doctest: +SKIP
    """
    most = check_int("batches", batches, least=1)
    if getattr(loader, "_iterator", None) is not None:
        raise ConfigError(
            "This loader's persistent workers are at work already, and cannot be timed. Measure before the first "
            "epoch, or with a loader of its own."
        )
    collate, loader.collate_fn = loader.collate_fn, _Timed(loader.collate_fn)
    try:
        return _measured(loader, most, step)
    finally:
        loader.collate_fn = collate
        if getattr(loader, "_iterator", None) is not None:
            loader._iterator = None  # noqa: SLF001 - persistent workers would go on with the clock


def _measured(loader: Any, batches: int, step: Callable[[Any], object] | None) -> LoaderProfile:
    timing.take()
    begun = time.perf_counter()
    drawn = iter(loader)
    if next(drawn, None) is None:
        raise ConfigError("This loader gives no batch: look at its batch_size, drop_last and sampler.")
    started = time.perf_counter()
    stages: Counter[str] = Counter()
    samples = count = 0
    waited = 0.0
    while count < batches:
        requested = time.perf_counter()
        step_data = next(drawn, None)
        waited += time.perf_counter() - requested
        if step_data is None:
            break
        batch, spent = step_data
        stages.update(spent)
        samples, count = samples + _length(batch), count + 1
        if step is not None:
            step(batch)
    if not samples:
        raise ConfigError("There is one batch only: nothing to measure. Take a smaller batch_size.")
    seconds = time.perf_counter() - started
    return LoaderProfile(
        batches=count,
        samples=samples,
        workers=loader.num_workers,
        seconds=seconds,
        waited=waited,
        first=started - begun,
        stages=dict(stages),
        stepped=step is not None,
    )


class _Timed:
    """Sends with each batch what its process spent since the one before; it can be pickled if `collate` can."""

    def __init__(self, collate: Callable[[Any], Any]) -> None:
        self._collate = collate

    def __call__(self, samples: Any) -> tuple[Any, Mapping[str, float]]:
        with timing.stage("collate"):
            batch = self._collate(samples)
        return batch, timing.take()


def _length(batch: Any) -> int:
    if isinstance(batch, Mapping):
        batch = next(iter(batch.values()))
    return len(batch) if isinstance(batch, Sequence) or hasattr(batch, "shape") else 1


def _workers(count: int) -> str:
    return {0: "no workers", 1: "1 worker"}.get(count, f"{count} workers")
