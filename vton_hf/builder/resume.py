"""Where a stream stands in its epoch, and whether a state that was saved is of this very stream."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from datasets.iterable_dataset import ExamplesIterable

from vton_hf._core.digests import digest
from vton_hf._core.workers import worker_info
from vton_hf.builder.streaming import Shard, Stream, read_shards
from vton_hf.errors import ConfigError
from vton_hf.triplets import ORDER_KEY, Manifest

logger = logging.getLogger("vton_hf")

LAYOUT: Final = "1"
"""Another one wherever the same options and triplets would be streamed in another order."""

_telling = Lock()
"""`datasets` reads the sources of an interleaved stream in threads."""

_MEANING: Final = {
    "layout": "the order of streams, which follows from the version of vton_hf",
    "sizes": "triplets per difficulty",
    "triplets": "the triplets and their order (digest)",
    "weights": "the weights",
    "mixing": "mixing",
    "seed": "the seed",
    "length": "rows in an epoch",
    "shards": "what is read here, which follows from split, ranks, workers and shuffle",
}
"""What must be the same where a stream goes on."""


@dataclass
class Origin:
    """What the rows of a stream follow from.

    Attributes:
        facts: In words, by the names of `_MEANING`.
        warned: Whether it was said that a state cannot be compared with them.
    """

    facts: dict[str, str]
    warned: bool = False

    @classmethod
    def of(cls, manifest: Manifest, **options: object) -> "Origin":
        """Describe a mix.

        Args:
            manifest: The triplets of the difficulties that are drawn.
            **options: `weights`, `mixing`, `seed` and `length`.
        """
        sizes = ", ".join(f"{name} {size}" for name, size in manifest.sizes().items() if size)
        # Not of the bytes: an object that was mended stands where it stood.
        triplets = digest(manifest.table[ORDER_KEY].to_numpy().astype("<u8").tobytes())
        described = {name: str(value) for name, value in options.items()}
        return cls({"layout": LAYOUT, "sizes": sizes, "triplets": triplets, **described})

    def __deepcopy__(self, memo: dict[int, Any]) -> "Origin":
        # `interleave_datasets` copies its sources one by one: the warning is for all of them.
        return self


class TripletExamples(ExamplesIterable):  # type: ignore[misc]  # datasets is untyped
    """The rows of some shards, as the iterable at the bottom of an `IterableDataset`.

    Its state says, beside the position, what it is a position in. `datasets` hands states down through whatever
    is built on a stream (`map`, `shuffle`, `interleave_datasets`), and here they are compared.

    Args:
        shards: What is read here.
        stream: How.
        origin: What the rows follow from.
    """

    def __init__(self, shards: list[Shard], stream: Stream, origin: Origin) -> None:
        super().__init__(read_shards, {"shards": shards, "stream": stream})
        self._origin = origin
        rows = sum(stop - start for start, stop in shards)
        self._facts = origin.facts | {"shards": f"{rows} rows, {len(shards)} shards, {digest(repr(shards).encode())}"}

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        if self._state_dict is not None:
            self._must_continue(self._state_dict)
        yield from super().__iter__()

    def shuffle_data_sources(self, *args: Any, **kwargs: Any) -> "TripletExamples":
        """The same shards in another order."""
        return self._of(super().shuffle_data_sources(*args, **kwargs))

    def shard_data_sources(self, *args: Any, **kwargs: Any) -> "TripletExamples":
        """Those of one rank or worker."""
        return self._of(super().shard_data_sources(*args, **kwargs))

    def reshard_data_sources(self) -> "TripletExamples":
        """They are not cut further."""
        return self

    def _of(self, other: ExamplesIterable) -> "TripletExamples":
        return TripletExamples(**other.kwargs, origin=self._origin)

    def _init_state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = super()._init_state_dict()
        state["stream"] = dict(self._facts)
        return state

    def _must_continue(self, state: dict[str, Any]) -> None:
        """Refuse a state of another stream, and say so where it cannot be told."""
        if state["type"] != type(self).__name__:
            # Of a version that kept the position alone.
            state["type"] = type(self).__name__
            self._warn_once()
            return
        there = state["stream"]
        others = [
            f"{meaning}: {there.get(name)!r} in the state, {self._facts.get(name)!r} here"
            for name, meaning in _MEANING.items()
            if there.get(name) != self._facts.get(name)
        ]
        if others:
            raise ConfigError(
                f"The state is of another stream ({'; '.join(others)}). Load the stream from the same triplets, with "
                "the options, ranks and workers that the state was taken with; or begin an epoch without it."
            )

    def _warn_once(self) -> None:
        with _telling:
            warned, self._origin.warned = self._origin.warned, True
        if not warned and _is_first_worker():
            logger.warning(
                "This state of a stream was saved by an earlier version of vton_hf and does not say what it was taken "
                "from. It is resumed as it is: if the bucket, an option or the number of ranks or workers has changed "
                "since, some rows come twice and others never."
            )


def _is_first_worker() -> bool:
    worker = worker_info()
    return worker is None or worker.id == 0
