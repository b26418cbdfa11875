"""Where a broken sample's substitute comes from."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import datasets
import numpy as np
from numpy.typing import NDArray

from vton_hf.builder import SUBSTITUTES, spare_rows


class Rows(Protocol):
    """Rows to draw substitutes from."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of their columns."""

    def draw(self, difficulty: str | None, seed: int, key: str) -> Iterator[dict[str, Any]]:
        """Some rows of one difficulty (None: of any), undecoded, to take the place of the triplet of that key.

        Their order follows from the seed, or, where no triplet may come twice, from the key.
        """


class NoRows:
    """No rows: broken samples find no substitute."""

    columns: Sequence[str] = ()

    def draw(self, difficulty: str | None, seed: int, key: str) -> Iterator[dict[str, Any]]:
        """As `Rows` says."""
        del difficulty, seed, key
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

    def draw(self, difficulty: str | None, seed: int, key: str) -> Iterator[dict[str, Any]]:
        """As `Rows` says."""
        del key
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


class HeldOutRows(DatasetRows):
    """The rows of a split that is not trained on: in a broken one's place comes one that is not shown, always the same.

    Args:
        dataset: All rows of the split, pool after pool, without a format, its images undecoded.
        sizes: Of the pools.
        shown: Which rows are in the epoch.
    """

    def __init__(self, dataset: datasets.Dataset, sizes: Sequence[int], shown: NDArray[np.int64]) -> None:
        super().__init__(dataset)
        self._ends, self._shown = np.cumsum(sizes), np.sort(shown)

    def draw(self, difficulty: str | None, seed: int, key: str) -> Iterator[dict[str, Any]]:
        """As `Rows` says; where none is left that is not shown, any."""
        keys = self._dataset.with_format("arrow").select_columns("key")[:]["key"].to_pylist()
        row = keys.index(key)
        pool = int(np.searchsorted(self._ends, row, side="right"))
        start, stop = (0, *self._ends.tolist())[pool : pool + 2]
        shown = self._shown[(self._shown >= start) & (self._shown < stop)]
        for spare in spare_rows(np.arange(start, stop), shown, row):
            yield self._dataset[int(spare)]
        yield from super().draw(difficulty, seed, key)
