"""From finished chunks to one `datasets.Dataset`: pools side by side, mixed by an indices mapping."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import datasets
import numpy as np
import pyarrow.compute as pc
from datasets.fingerprint import Hasher
from datasets.table import InMemoryTable, MemoryMappedTable, concat_tables

from vton_hf.builder.columns import with_columns
from vton_hf.builder.config import VTONConfig
from vton_hf.builder.splits import SPLIT, is_part, name_of, row_ranges
from vton_hf.errors import BuildError
from vton_hf.mixing import Plan
from vton_hf.naming import ROLES
from vton_hf.triplets import Manifest

logger = logging.getLogger("vton_hf")

STOPPING: Final[dict[Any, str]] = {None: "first_exhausted", "min": "first_exhausted", "max": "all_exhausted"}
"""By `epoch_size`, where `datasets.interleave_datasets` stops."""


def open_pool(
    files: Sequence[Path],
    info: datasets.DatasetInfo,
    *,
    in_memory: bool,
    variant: Sequence[str] = (),
    beside: tuple[Manifest, Path] | None = None,
) -> datasets.Dataset:
    """One pool as a dataset, in pool order.

    Args:
        files: Its Arrow stream files.
        info: What the dataset says of itself; copied, with the features that the files have.
        in_memory: Copy the files into memory instead of mapping them.
        variant: What tells these files from others of the same names.
        beside: The triplets, and the file with what else is known of each.

    Raises:
        BuildError: If one is gone from the cache.
    """
    kind = InMemoryTable if in_memory else MemoryMappedTable
    try:
        whole = concat_tables([kind.from_file(str(file)) for file in files])
        if beside is not None:
            whole = with_columns(whole, beside[0], kind.from_file(str(beside[1])))
    except FileNotFoundError as error:
        raise BuildError(f"Part of the cache is gone ({error}). Load the dataset once more to build it.") from error
    # The names of the files carry the digests of all that may be in them.
    mark = Hasher.hash([*map(str, files), *variant, *([str(beside[1])] if beside else ())])
    wanted, info = info.features, info.copy()
    info.features = None
    dataset = datasets.Dataset(whole, info=info, split=datasets.Split(SPLIT), fingerprint=mark)
    absent = [role for role in ROLES if wanted is not None and role not in wanted and role in dataset.column_names]
    return dataset.remove_columns(absent) if absent else dataset


def by_values(pools: Mapping[str, datasets.Dataset], manifest: Manifest) -> dict[str, datasets.Dataset]:
    """The rows of all pools, in pools by the values of the column that a manifest is mixed by.

    Args:
        pools: What was built, by whatever name.
        manifest: Its triplets.
    """
    whole = datasets.concatenate_datasets(list(pools.values()))
    keys = manifest.table["key"].combine_chunks()
    rows = pc.index_in(whole.data.column("key"), value_set=keys).to_numpy()
    return {
        name: whole.select(np.flatnonzero(np.isin(rows, np.asarray(manifest.rows_of(name)))))
        for name in manifest.sizes()
    }


def mix_exactly(pools: Mapping[str, datasets.Dataset], plan: Plan, split: Any) -> datasets.Dataset:
    """The rows of a plan, or the part of them that a split names.

    Args:
        pools: A dataset for each of `plan.pools`.
        plan: Which row of which pool stands where.
        split: As in `load_dataset`, for the one split there is.
    """
    whole = datasets.concatenate_datasets([pools[name] for name in plan.pools], split=name_of(split))
    ranges = row_ranges(split, len(plan))
    rows = np.concatenate([plan.indices()[part.start : part.stop] for part in ranges] or [np.empty(0, np.int64)])
    warn_of_shared_triplets(plan, split)
    mark = Hasher.hash([whole._fingerprint, rows.tobytes()])  # noqa: SLF001 - how datasets chains fingerprints
    return whole.select(rows, new_fingerprint=mark)


def describe(info: datasets.DatasetInfo, *, name: str, rows: int, size: int) -> None:
    """Say of a mix, as of any dataset, how many rows and bytes it has; joining pools forgets it."""
    info.splits = datasets.SplitDict(dataset_name=name)
    info.splits.add(datasets.SplitInfo(name=SPLIT, num_bytes=size, num_examples=rows))
    info.dataset_size = info.download_size = size


def warn_of_shared_triplets(plan: Plan, split: Any) -> None:
    """Say that a slice of a mix with repeats shares triplets with the other slices."""
    if is_part(split, len(plan)) and any(share.repeats for share in plan.composition()):
        logger.warning(
            "split=%r cuts rows, and this mix shows some triplets more than once: slices share triplets. "
            "For parts that share none, use epoch_size='min'.",
            str(split),
        )


def interleave(pools: Mapping[str, datasets.Dataset], config: VTONConfig, split: Any) -> datasets.Dataset:
    """The pools through `datasets.interleave_datasets`, each shuffled first.

    Args:
        pools: A dataset for each difficulty that has weight.
        config: Its weights are the probabilities, its seed is that of the shuffles and of the interleaving.
        split: As in `load_dataset`, for the one split there is.
    """
    # `datasets` would keep the order in a file among the chunks.
    shuffled = [pool.shuffle(seed=config.seed, keep_in_memory=True) for pool in pools.values()]
    mixed = datasets.interleave_datasets(
        shuffled,
        probabilities=[config.weights[name] for name in pools],
        seed=config.seed,
        split=name_of(split),
        stopping_strategy=STOPPING[config.epoch_size],
    )
    if not is_part(split, len(mixed)):
        return mixed
    return mixed.select(np.concatenate([np.asarray(part) for part in row_ranges(split, len(mixed))]))


def with_features(dataset: datasets.Dataset, wanted: datasets.Features | None) -> datasets.Dataset:
    """The dataset with the features a user asked for; nothing is copied.

    Raises:
        ValueError: If a feature does not fit the column it names.
    """
    for name, feature in (wanted or {}).items():
        if dataset.features[name] != feature:
            dataset = dataset.cast_column(name, feature)
    return dataset if wanted is None else dataset.select_columns(list(wanted))
