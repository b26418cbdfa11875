"""Whether a split can be used: no part of it is empty, no unit takes most of the triplets; and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vton_hf._core.units import number
from vton_hf.errors import ConfigError
from vton_hf.triplets.assignment import Assignment
from vton_hf.triplets.entities import plural
from vton_hf.triplets.manifest import Manifest
from vton_hf.triplets.policy import BOTH, COMPONENT, JOINS, TRAIN, SplitPolicy, from_its_end, rounded_up

_MOST: Final = 0.5
"""The share of all triplets from which on one component leaves too little to be split."""

_TWICE: Final = 2

_LEAST: Final = 0.001
"""The smallest share that is proposed."""


def check_parts(found: Assignment, manifest: Manifest, pools: Sequence[str] | None) -> None:
    """Refuse splits of which one cannot be drawn from.

    Args:
        found: The splits.
        manifest: The triplets.
        pools: Those that the recipe draws from; None where there is no recipe, and any triplet will do.

    Raises:
        ConfigError: If a part lacks a pool, or one component is too large; with what would do.
    """
    _check_largest(found)
    if pools is None:
        rows = {"": np.arange(len(manifest))}
    else:
        rows = {name: np.asarray(manifest.rows_of(name), np.int64) for name in pools}
    if (empty := _empty(found, found.codes, rows)) is None:
        return
    split, pool = empty
    whole, of_pool = number(len(rows[pool]), "triplet"), f" of {pool!r}" if pool else ""
    raise ConfigError(
        f"splits={dict(found.policy.shares)!r} by {found.by!r} leave {split!r} without any of {whole}{of_pool}. "
        f"{_way_out(found, rows)}"
    )


def _way_out(found: Assignment, rows: Mapping[str, NDArray[np.int64]]) -> str:
    """What would fill every part."""
    if 2 * found.unknown > len(found):
        return (
            f"It is not known who is in {found.unknown:,} of {number(len(found), 'triplet')}: mend entities=, or the "
            f"table that says it."
        )
    if found.policy.pinned is not None:
        return "The split manifest holds them: make another, with other shares or more triplets."
    if enough := _filling(found, rows):
        return f"A share is one of all {_units(found.by)}, not of triplets; splits={enough!r} would fill it."
    return f"No shares would fill all parts: take another split_by= than {found.by!r}, or fewer splits."


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
    shared = [f"{kind} ({count:,})" for kind, count in found.shared_by().items() if count]
    if shared:
        text += f"; in two are, as the split manifest has it: {', '.join(shared)}"
    if is_guess(found):
        text += "; persons and garments may be in two, where entities= does not say who is in a triplet"
    if found.by == COMPONENT:
        text += f"; the largest component holds {number(found.largest[0], 'triplet')}"
    return f"{text}."


def _units(by: str) -> str:
    return "persons and garments" if by == BOTH else plural(by)


def _check_largest(found: Assignment) -> None:
    """Refuse a component that cannot be put anywhere; one that a split manifest holds is where it is."""
    size, split = found.largest
    total, policy = max(len(found), 1), found.policy
    name = policy.names[split] if split >= 0 else TRAIN
    over = name != TRAIN and size > _TWICE * policy.shares[name] * total
    if found.by == COMPONENT and policy.pinned is None and (size > _MOST * total or over):
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
    """The least shares from those that are asked for, or else from none, with which no part lacks a pool."""
    wanted = dict(found.policy.shares)
    for shares in (wanted, dict.fromkeys(wanted, _LEAST)):
        if (grown := _grown(shares, found, rows)) is not None:
            return grown
    return None


def _grown(
    shares: dict[str, float], found: Assignment, rows: Mapping[str, NDArray[np.int64]]
) -> dict[str, float] | None:
    sound: NDArray[np.bool_] = ~np.isnan(found.places.max(axis=0))
    for name in SplitPolicy(shares).windows:
        start = SplitPolicy(shares).windows[name][0]
        at = from_its_end(name, found.places)
        low, high = at.min(axis=0), at.max(axis=0)
        for of_pool in rows.values():
            fitting = high[of_pool][(low[of_pool] >= start) & sound[of_pool]]
            if not len(fitting):
                return None
            shares = shares | {name: max(shares[name], rounded_up(float(fitting.min()) - start + 1e-9))}
        if sum(shares.values()) >= 1:
            return None
    policy = replace(found.policy, shares=shares)
    of_kinds = policy.codes(found.places)
    codes = np.where(sound & (of_kinds.min(axis=0) == of_kinds.max(axis=0)), of_kinds[0], np.int8(JOINS))
    return shares if _empty(replace(found, policy=policy), codes, rows) is None else None
