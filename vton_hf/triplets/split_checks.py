"""Whether a split can be used: no part of it is empty, no unit takes most of the triplets; and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vton_hf._core.units import number
from vton_hf.errors import ConfigError
from vton_hf.triplets.entities import plural
from vton_hf.triplets.manifest import Manifest
from vton_hf.triplets.policy import BOTH, COMPONENT, TRAIN, SplitPolicy, rounded_up
from vton_hf.triplets.splitting import JOINS, Assignment

_MOST: Final = 0.5
"""The share of all triplets from which on one component leaves too little to be split."""

_TWICE: Final = 2


def check_parts(found: Assignment, manifest: Manifest, pools: Sequence[str]) -> None:
    """Refuse splits of which one cannot be drawn from.

    Args:
        found: The splits.
        manifest: The triplets.
        pools: Those that the recipe draws from.

    Raises:
        ConfigError: If a part lacks a pool, or one component is too large; with what would do.
    """
    _check_largest(found)
    rows = {name: np.asarray(manifest.rows_of(name), np.int64) for name in pools}
    if (empty := _empty(found, found.codes, rows)) is None:
        return
    split, pool = empty
    policy, whole = found.policy, number(len(rows[pool]), "triplet")
    shares = dict(policy.shares)
    way = f"Take smaller shares, or another split_by= than {found.by!r}."
    if split != TRAIN and (enough := _filling(found, rows)):
        way = f"A share is one of all {_units(found.by)}, not of triplets; splits={enough!r} would fill it."
    elif split != TRAIN:
        way = f"No share would fill it: take another split_by= than {found.by!r}."
    raise ConfigError(f"splits={shares!r} by {found.by!r} leave {split!r} without any of {whole} of {pool!r}. {way}")


def is_guess(found: Assignment) -> bool:
    """Whether nobody said what to split by, and not both persons and garments are known."""
    return found.policy.by is None and found.by != BOTH


def split_summary(found: Assignment) -> str:
    """What the splits come to, in a line."""
    total = max(len(found), 1)
    parts = [f"{name} {number(count, 'triplet')} ({100 * count / total:.3g}%)" for name, count in found.counts.items()]
    text = f"Split by {found.by!r}: {', '.join(parts)}"
    if found.joining:
        text += f"; {found.joining:,} ({100 * found.joining / total:.3g}%) join two splits and are in none"
    if found.unknown:
        text += f"; {found.unknown:,} are in none, since it is not known who is in them"
    if is_guess(found):
        text += "; persons and garments may be in two, where entities= does not say who is in a triplet"
    if found.by == COMPONENT:
        text += f"; the largest component holds {number(found.largest[0], 'triplet')}"
    return f"{text}."


def _units(by: str) -> str:
    return "persons and garments" if by == BOTH else plural(by)


def _check_largest(found: Assignment) -> None:
    size, split = found.largest
    total, policy = max(len(found), 1), found.policy
    name = policy.names[split] if split >= 0 else TRAIN
    over = name != TRAIN and size > _TWICE * policy.shares[name] * total
    if found.by == COMPONENT and (size > _MOST * total or over):
        raise ConfigError(
            f"split_by='component' cannot work here: the largest component, of triplets that hang together through "
            f"persons and garments, holds {size:,} of {number(total, 'triplet')} ({100 * size / total:.3g}%). Take "
            f"split_by='both', which leaves out the triplets that join two splits, or 'person' or 'garment', which "
            f"keep one of the two apart."
        )


def _empty(found: Assignment, codes: NDArray[np.int8], rows: Mapping[str, NDArray[np.int64]]) -> tuple[str, str] | None:
    """The first split that lacks a pool, and that pool."""
    for place, split in enumerate(found.policy.names):
        for pool, of_pool in rows.items():
            if not (codes[of_pool] == place).any():
                return split, pool
    return None


def _filling(found: Assignment, rows: Mapping[str, NDArray[np.int64]]) -> dict[str, float] | None:
    """The least shares with which no part lacks a pool; None if there are none."""
    low, high = found.places.min(axis=0), found.places.max(axis=0)
    sound: NDArray[np.bool_] = ~np.isnan(high)
    shares = dict(found.policy.shares)
    for name in sorted(shares):
        start = SplitPolicy(shares).edges[name][0]
        for of_pool in rows.values():
            fitting = high[of_pool][(low[of_pool] >= start) & sound[of_pool]]
            if not len(fitting):
                return None
            shares[name] = max(shares[name], rounded_up(float(fitting.min()) - start + 1e-9))
        if sum(shares.values()) >= 1:
            return None
    policy = replace(found.policy, shares=shares)
    least, most = policy.codes(low), policy.codes(high)
    codes = np.where(sound & (least == most), least, np.int8(JOINS))
    return shares if _empty(replace(found, policy=policy), codes, rows) is None else None
