"""Where a broken sample's substitute comes from."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import datasets
import numpy as np
from numpy.typing import NDArray

from vton_hf.builder import SUBSTITUTES


class Rows(Protocol):
    """Rows to draw substitutes from."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of their columns."""

    def draw(self, difficulty: str | None, seed: int) -> Iterator[dict[str, Any]]:
        """Some rows of one difficulty (None: of any) in an order that follows from the seed; undecoded."""


class NoRows:
    """No rows: broken samples find no substitute."""

    columns: Sequence[str] = ()

    def draw(self, difficulty: str | None, seed: int) -> Iterator[dict[str, Any]]:
        """As `Rows` says."""
        del difficulty, seed
        return iter(())


def undecode(dataset: datasets.Dataset) -> None:
    """Let a dataset hand out its images as `{"bytes": ..., "path": URI}`, in place; nothing is copied."""
    own = dataset.features
    dataset.info.features = datasets.Features({name: _undecoded(own[name]) for name in own})


def _undecoded(feature: object) -> object:
    return datasets.Image(decode=False) if isinstance(feature, datasets.Image) else feature


class DatasetRows:
    """The rows of a map-style dataset.

    Args:
        dataset: Without a format, its images undecoded.
    """

    def __init__(self, dataset: datasets.Dataset) -> None:
        self._dataset = dataset
        self._by_difficulty: dict[str, NDArray[np.int64]] = {}

    @property
    def columns(self) -> list[str]:
        """As `Rows` says."""
        names: list[str] = self._dataset.column_names
        return names

    def draw(self, difficulty: str | None, seed: int) -> Iterator[dict[str, Any]]:
        """As `Rows` says."""
        rows = self._rows_of(difficulty)
        for candidate in np.random.default_rng(seed).integers(0, len(rows), SUBSTITUTES):
            yield self._dataset[int(rows[candidate])]

    def _rows_of(self, difficulty: str | None) -> NDArray[np.int64]:
        if difficulty is None:
            return np.arange(len(self._dataset))
        if not self._by_difficulty:
            # 20 ms for 200,000 rows, and only where something is broken.
            names = np.asarray(self._dataset.with_format("arrow").select_columns("difficulty")[:]["difficulty"])
            label = self._dataset.features["difficulty"]
            if isinstance(label, datasets.ClassLabel):
                names = np.asarray(label.names)[names]
            self._by_difficulty = {str(name): np.flatnonzero(names == name) for name in np.unique(names)}
        return self._by_difficulty[difficulty]
