"""From finished chunks to one `datasets.Dataset`: pools side by side, mixed by an indices mapping."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow.compute as pc
from datasets.fingerprint import Hasher
from datasets.table import InMemoryTable, MemoryMappedTable, concat_tables

from vton_hf.builder.columns import with_columns
from vton_hf.builder.draw import Drawn
from vton_hf.builder.splits import name_of, parts_of
from vton_hf.errors import BuildError
from vton_hf.mixing import Plan
from vton_hf.naming import ROLES
from vton_hf.triplets import TRAIN, Manifest

logger = logging.getLogger("vton_hf")


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
    dataset = datasets.Dataset(whole, info=info, split=datasets.Split(TRAIN), fingerprint=mark)
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


def mix_exactly(pools: Mapping[str, datasets.Dataset], drawn: Mapping[str, Drawn], split: Any) -> datasets.Dataset:
    """The rows of a plan, or the part of them that a split names.

    Args:
        pools: A dataset for each pool.
        drawn: Of each split which rows stand where.
        split: As in `load_dataset`.
    """
    lengths = {name: len(each) for name, each in drawn.items()}
    whole = datasets.concatenate_datasets(list(pools.values()), split=name_of(split, list(drawn)))
    parts = [drawn[part.split].at(part.rows) for part in parts_of(split, lengths)]
    rows = np.concatenate(parts or [np.empty(0, np.int64)])
    warn_of_shared_triplets({name: each.plan for name, each in drawn.items()}, split)
    mark = Hasher.hash([whole._fingerprint, rows.tobytes()])  # noqa: SLF001 - how datasets chains fingerprints
    return whole.select(rows, new_fingerprint=mark)


def describe(info: datasets.DatasetInfo, *, name: str, rows: Mapping[str, int], size: int) -> None:
    """Say of a mix, as of any dataset, how many rows and bytes each split has; joining pools forgets it."""
    info.splits, total = datasets.SplitDict(dataset_name=name), sum(rows.values())
    for split, count in rows.items():
        info.splits.add(datasets.SplitInfo(name=split, num_bytes=size * count // max(total, 1), num_examples=count))
    info.dataset_size = info.download_size = size


def warn_of_shared_triplets(plans: Mapping[str, Plan], split: Any) -> None:
    """Say that a slice of a mix with repeats shares triplets with the other slices."""
    lengths = {name: len(plan) for name, plan in plans.items()}
    cut = {part.split for part in parts_of(split, lengths) if part.rows != range(lengths[part.split])}
    if any(share.repeats for name in cut for share in plans[name].composition()):
        logger.warning(
            "split=%r cuts rows, and this mix shows some triplets more than once: slices share triplets. "
            "For parts that share none, use splits={'validation': 0.05}, or epoch_size='min'.",
            str(split),
        )


def cut(mixed: Mapping[str, datasets.Dataset], split: Any) -> datasets.Dataset:
    """The part of what was interleaved that a split names."""
    lengths = {name: len(each) for name, each in mixed.items()}
    parts = parts_of(split, lengths)
    if len(parts) == 1 and parts[0].rows == range(lengths[parts[0].split]):
        return mixed[parts[0].split]
    return datasets.concatenate_datasets(
        [mixed[part.split].select(part.rows) for part in parts], split=name_of(split, list(mixed))
    )


def with_features(dataset: datasets.Dataset, wanted: datasets.Features | None) -> datasets.Dataset:
    """The dataset with the features a user asked for; nothing is copied.

    Raises:
        ValueError: If a feature does not fit the column it names.
    """
    for name, feature in (wanted or {}).items():
        if dataset.features[name] != feature:
            dataset = dataset.cast_column(name, feature)
    return dataset if wanted is None else dataset.select_columns(list(wanted))
