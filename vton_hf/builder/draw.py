"""What each split draws of the pools that are built: an exact mix, or `datasets`' own interleaving."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.builder.indices import selected_rows
from vton_hf.builder.parts import Parts
from vton_hf.builder.splits import name_of
from vton_hf.mixing import Plan
from vton_hf.triplets import Manifest

STOPPING: Final[dict[Any, str]] = {None: "first_exhausted", "min": "first_exhausted", "max": "all_exhausted"}
"""By `epoch_size`, where `datasets.interleave_datasets` stops."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a split draws of the pools that are built.

    Attributes:
        plan: Its mix.
        rows: Which rows of all pools, one after another, its own pools are, one after another; int64 [n].
    """

    plan: Plan
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, plan: Plan, pools: Mapping[str, datasets.Dataset], rows: Mapping[str, NDArray[np.int64]]) -> "Drawn":
        """What a plan draws of some rows of each pool."""
        starts = np.cumsum([0, *map(len, pools.values())])[:-1]
        return cls(plan, np.concatenate([start + rows[name] for start, name in zip(starts, pools, strict=True)]))

    def __len__(self) -> int:
        return len(self.plan)

    def at(self, positions: range) -> NDArray[np.int64]:
        """The rows that stand at some positions."""
        return self.rows[self.plan.indices(slice(positions.start, positions.stop))]


def rows_in(
    pools: Mapping[str, datasets.Dataset], manifest: Manifest, wanted: NDArray[np.bool_] | None
) -> dict[str, NDArray[np.int64]]:
    """Which rows of each pool are wanted; None for all."""
    if wanted is None:
        return {name: np.arange(len(pool)) for name, pool in pools.items()}
    keys = manifest.table["key"].combine_chunks()
    triplets = {name: pc.index_in(_keys_of(pool), value_set=keys).to_numpy() for name, pool in pools.items()}
    return {name: np.flatnonzero(wanted[rows]) for name, rows in triplets.items()}


def of_split(
    pools: Mapping[str, datasets.Dataset], manifest: Manifest, wanted: NDArray[np.bool_] | None
) -> dict[str, datasets.Dataset]:
    """The wanted rows of each pool."""
    if wanted is None:
        return dict(pools)
    return {name: pools[name].select(rows) for name, rows in rows_in(pools, manifest, wanted).items()}


def _keys_of(pool: datasets.Dataset) -> pa.ChunkedArray:
    keys, selected = pool.data.column("key"), selected_rows(pool)
    return keys if selected is None else keys.take(selected)


def drawn(
    pools: Mapping[str, datasets.Dataset], manifest: Manifest, parts: Parts
) -> "Callable[[str], Drawn | datasets.Dataset]":
    """What gives the mix of a split, and which rows of the pools it is of; or, interleaved, its rows; each drawn once.

    Args:
        pools: A dataset for each pool that has weight.
        manifest: Their triplets.
        parts: The splits.
    """

    @cache
    def of(split: str) -> Drawn | datasets.Dataset:
        wanted = parts.rows(manifest, split)
        if parts.config.mixing == "interleave":
            return _interleave(of_split(pools, manifest, wanted), parts, split)
        rows = rows_in(pools, manifest, wanted)
        return Drawn.of(parts.plan({name: len(each) for name, each in rows.items()}, split), pools, rows)

    return of


def _interleave(pools: Mapping[str, datasets.Dataset], parts: Parts, split: str) -> datasets.Dataset:
    """The pools of a split through `datasets.interleave_datasets`, each shuffled first."""
    config, seed = parts.config, parts.mix(split)["seed"]
    # `datasets` would keep the order in a file among the chunks.
    shuffled = [pool.shuffle(seed=seed, keep_in_memory=True) for pool in pools.values()]
    return datasets.interleave_datasets(
        shuffled,
        probabilities=[config.weights[name] for name in pools],
        seed=seed,
        split=name_of(split, parts.names),
        stopping_strategy=STOPPING[config.epoch_size_of(split)],
    )
