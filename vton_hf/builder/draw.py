"""What each split draws of the pools that are built: an exact mix, or `datasets`' own interleaving."""

from collections.abc import Mapping
from dataclasses import dataclass
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


def rows_in(pools: Mapping[str, datasets.Dataset], part: Manifest, whole: Manifest) -> dict[str, NDArray[np.int64]]:
    """Which rows of each pool, of a whole manifest, are triplets of a part of it."""
    if part is whole:
        return {name: np.arange(len(pool)) for name, pool in pools.items()}
    keys = part.table["key"].combine_chunks()
    return {name: np.flatnonzero(pc.is_in(_keys_of(pool), value_set=keys).to_numpy()) for name, pool in pools.items()}


def of_manifest(pools: Mapping[str, datasets.Dataset], part: Manifest, whole: Manifest) -> dict[str, datasets.Dataset]:
    """The rows of each pool that are triplets of a part of a manifest."""
    if part is whole:
        return dict(pools)
    return {name: pools[name].select(rows) for name, rows in rows_in(pools, part, whole).items()}


def _keys_of(pool: datasets.Dataset) -> pa.ChunkedArray:
    keys, selected = pool.data.column("key"), selected_rows(pool)
    return keys if selected is None else keys.take(selected)


def drawn(
    pools: Mapping[str, datasets.Dataset], manifest: Manifest, parts: Parts
) -> "dict[str, Drawn] | dict[str, datasets.Dataset]":
    """Of each split its mix, and which rows of the pools it is of; or, interleaved, its rows.

    Args:
        pools: A dataset for each pool that has weight.
        manifest: Their triplets.
        parts: The splits.
    """
    if parts.config.mixing == "interleave":
        return {
            split: _interleave(of_manifest(pools, parts.manifest(manifest, split), manifest), parts, split)
            for split in parts.names
        }
    found = {}
    for split in parts.names:
        rows = rows_in(pools, parts.manifest(manifest, split), manifest)
        found[split] = Drawn.of(parts.plan({name: len(each) for name, each in rows.items()}, split), pools, rows)
    return found


def _interleave(pools: Mapping[str, datasets.Dataset], parts: Parts, split: str) -> datasets.Dataset:
    """The pools of a split through `datasets.interleave_datasets`, each shuffled first."""
    config = parts.config
    # `datasets` would keep the order in a file among the chunks.
    shuffled = [pool.shuffle(seed=config.seed, keep_in_memory=True) for pool in pools.values()]
    return datasets.interleave_datasets(
        shuffled,
        probabilities=[config.weights[name] for name in pools],
        seed=config.seed,
        split=name_of(split, parts.names),
        stopping_strategy=STOPPING[config.epoch_size_of(split)],
    )
