"""Recipes, quotas and the plan of an epoch: which row of which difficulty stands at which position."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vton_hf.errors import ConfigError, EmptyPoolError
from vton_hf.naming import DIFFICULTIES

RECIPES: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "easy": MappingProxyType({"easy": 1.0}),
        "medium": MappingProxyType({"easy": 0.3, "medium": 0.7}),
        "hard": MappingProxyType({"easy": 0.25, "medium": 0.25, "hard": 0.5}),
    }
)

# 0.22799330553 turns in units of 2**-64; as a continued fraction [0; 4, 2, 1, 1, 2, 3, 1, 1, 1, ...]. Found by
# a search over windows and strides; odd, so that no two positions share an angle.
_STEP: Final = 4205734157714618129


@dataclass(frozen=True, slots=True)
class Share:
    """What one difficulty contributes to an epoch."""

    difficulty: str
    weight: float  # 0..1, of all difficulties 1
    available: int  # triplets in the pool
    asked: int  # the quota, in rows
    got: int
    repeats: int  # rows beyond a triplet's first
    coverage: float  # 0..1


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The n rows of an epoch, in order; the arrays are read-only."""

    pools: tuple[str, ...]  # the difficulties drawn from, in the order of `DIFFICULTIES`
    pool: NDArray[np.int8]  # [n]; which of `pools` stands at each position
    row: NDArray[np.int64]  # [n]; which row of that pool
    shares: tuple[Share, ...]  # one for each of `DIFFICULTIES`

    def __len__(self) -> int:
        return len(self.row)

    def composition(self) -> list[Share]:
        """Say what the epoch holds of each difficulty, those at weight 0 included."""
        return list(self.shares)

    def indices(self) -> NDArray[np.int64]:
        """Number the rows as in the concatenation of the pools, in the order of `pools`; int64 [n].

        >>> sorted(plan({"easy": 3, "hard": 3}, {"easy": 1, "hard": 1}).indices().tolist())
        [0, 1, 2, 3, 4, 5]
        """
        sizes = [share.available for share in self.shares if share.difficulty in self.pools]
        starts = np.cumsum([0, *sizes[:-1]], dtype=np.int64)
        return starts[self.pool] + self.row


def check_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Validate a recipe and normalise it.

    Args:
        weights: Weight per difficulty, numbers >= 0 in any unit; a missing difficulty weighs 0.

    Returns:
        All of `DIFFICULTIES`, in that order, with weights that sum to 1.

    Raises:
        ConfigError: Unless known difficulties are mapped to finite numbers >= 0, at least one above 0.

    >>> check_weights({"hard": 3, "easy": 1})
    {'easy': 0.25, 'medium': 0.0, 'hard': 0.75}
    """
    return {name: float(part) for name, part in _exact(weights).items()}


def quotas(weights: Mapping[str, float], total: int) -> dict[str, int]:
    """Divide `total` rows by the largest remainder method (Hamilton's), ties in the order of `DIFFICULTIES`.

    A difficulty of weight 0 always gets 0.

    Raises:
        ConfigError: If the weights (see `check_weights`) or the total (an int >= 0) make no sense.

    >>> quotas({"easy": 0.25, "medium": 0.25, "hard": 0.5}, 10_000)
    {'easy': 2500, 'medium': 2500, 'hard': 5000}
    """
    return _apportion(_exact(weights), _whole("total", total))


def epoch_length(sizes: Mapping[str, int], weights: Mapping[str, float], epoch_size: int | str | None = None) -> int:
    """Count the rows of an epoch; at least 1.

    Args:
        sizes: Triplets per difficulty; a missing difficulty has none.
        weights: As for `check_weights`.
        epoch_size: An int, or `None` for as many rows as the pools that the recipe draws from hold triplets,
            `"min"` for the longest exact mix without a repeat, `"max"` for the shortest that shows them all.

    Raises:
        ConfigError: If the weights or `epoch_size` make no sense.
        EmptyPoolError: If a pool with a weight above 0 holds no triplet.

    >>> sizes = {"easy": 60, "medium": 70}
    >>> [epoch_length(sizes, RECIPES["medium"], size) for size in (None, "min", "max")]
    [130, 100, 199]
    """
    exact = _exact(weights)
    pools = _drawn(sizes, exact)
    if epoch_size is None:
        return sum(pools.values())
    # Of k remainders, one below 1/k never rounds up and one above 1 - 1/k always does: search from there.
    slack = 1 - Fraction(1, len(pools))
    if epoch_size == "min":
        length = min(math.floor((size + slack) / exact[name]) for name, size in pools.items())
        while any(_apportion(exact, length)[name] > size for name, size in pools.items()):
            length -= 1
        return length
    if epoch_size == "max":
        length = max(math.ceil((size - slack) / exact[name]) for name, size in pools.items())
        while any(_apportion(exact, length)[name] < size for name, size in pools.items()):
            length += 1
        return length
    return _whole("epoch_size", epoch_size, least=1, allowed="None, 'min', 'max' or ")


def plan(
    sizes: Mapping[str, int],
    weights: Mapping[str, float],
    *,
    seed: int = 0,
    epoch: int = 0,
    epoch_size: int | str | None = None,
) -> Plan:
    """Lay out an epoch: exact quotas, evenly mixed; the same arguments give the same plan on any machine.

    Any 32 rows in sequence hold the recipe within 2 or 3 rows, also on a rank that takes every k-th (see `_spread`).
    Where a quota exceeds its pool, a warning says so and every triplet is shown m times before any is m + 1 times.

    Args:
        sizes: Triplets per difficulty; a missing difficulty has none.
        weights: As for `check_weights`.
        seed: Any int >= 0.
        epoch: Any int >= 0; each has its own order.
        epoch_size: As for `epoch_length`.

    Raises:
        ConfigError: If an argument makes no sense.
        EmptyPoolError: If a pool with a weight above 0 holds no triplet.

    >>> [share.got for share in plan({"easy": 400, "medium": 300}, RECIPES["medium"], epoch_size=200).composition()]
    [60, 140, 0]
    """
    seed, epoch, exact = _whole("seed", seed), _whole("epoch", epoch), _exact(weights)
    pools = _drawn(sizes, exact)
    asked = _apportion(exact, epoch_length(sizes, weights, epoch_size))
    pool = _spread([asked[name] for name in pools], _bits(seed, epoch, 0))
    row = np.empty(len(pool), np.int64)
    for index, (name, size) in enumerate(pools.items()):
        row[pool == index] = _rows(size, asked[name], _bits(seed, epoch, 1 + DIFFICULTIES.index(name)))
    pool.flags.writeable = row.flags.writeable = False
    shares = [_share(name, float(exact[name]), int(sizes.get(name, 0)), asked[name]) for name in DIFFICULTIES]
    return Plan(tuple(pools), pool, row, tuple(shares))


def _share(name: str, weight: float, size: int, quota: int) -> Share:
    repeats = max(0, quota - size)
    if repeats:
        shown = f"{quota // size}" if quota % size == 0 else f"{quota // size} or {quota // size + 1}"
        logging.getLogger("vton_hf").warning(
            "Target count exceeds available samples: difficulty %r, %d asked, %d available; each is shown %s times. "
            "Add triplets, lower its weight, or pass epoch_size='min' for a mix without repeats.",
            *(name, quota, size, shown),
        )
    return Share(name, weight, size, quota, quota, repeats, (quota - repeats) / size if size else 0.0)


def _exact(weights: Mapping[str, Any]) -> dict[str, Fraction]:
    if not isinstance(weights, Mapping) or not weights or not set(weights) <= set(DIFFICULTIES):
        raise ConfigError(f"Weights {weights!r}: expected {{difficulty: weight}} of {', '.join(DIFFICULTIES)}.")
    for name, weight in weights.items():
        number = isinstance(weight, int | float | np.integer | np.floating) and not isinstance(weight, bool)
        if not number or not 0 <= weight < math.inf:
            raise ConfigError(f"Weights {weights!r}: {name!r} has {weight!r}; expected a finite number >= 0.")
    # By way of `str`, 0.29 is 29/100 and not the binary number beside it.
    parts = {name: Fraction(str(weights.get(name, 0))) for name in DIFFICULTIES}
    if not (total := sum(parts.values())):
        raise ConfigError(f"Weights {weights!r}: all are 0; at least one must be above 0.")
    return {name: part / total for name, part in parts.items()}


def _apportion(exact: Mapping[str, Fraction], total: int) -> dict[str, int]:
    rows = {name: math.floor(part * total) for name, part in exact.items()}
    for name in sorted(rows, key=lambda each: rows[each] - exact[each] * total)[: total - sum(rows.values())]:
        rows[name] += 1
    return rows


def _drawn(sizes: Mapping[str, int], exact: Mapping[str, Fraction]) -> dict[str, int]:
    pools = {name: int(sizes.get(name, 0)) for name, part in exact.items() if part}
    for name, size in pools.items():
        if size < 1:
            raise EmptyPoolError(
                f"No samples available for difficulty {name!r}; found {dict(sizes)}. Ensure that the prefixes "
                f"include folders with /{name}/ in their path, or give that difficulty weight 0."
            )
    return pools


def _whole(what: str, value: object, *, least: int = 0, allowed: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(f"{what}={value!r}: expected {allowed}an int >= {least}.")
    return int(value)


def _bits(seed: int, epoch: int, purpose: int) -> np.random.PCG64:
    # NumPy promises that SeedSequence and PCG64's raw output never change; `Generator.permutation` may.
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(epoch, purpose)))


def _spread(counts: Sequence[int], bits: np.random.PCG64) -> NDArray[np.int8]:
    """Put position i at the angle start + i x `_STEP` of a circle on which each pool owns an arc as long as its quota.

    Measured with 25/25/50 and 30/70 (odd weights in brackets): any window of 32 rows is within 2 (2.4) rows of the
    recipe, of up to 256 within 2.9 (3.3), of any length up to 1e6 within 6.8; any 32 successive rows of a rank that
    takes every 2nd, 4th or 8th within 2.4 (2.8), and all its rows within 1.2 (1.4) points of 1,000 or 0.12 of 20,000.
    Even spacing shuffled in blocks of four: windows 2.2 (3.2), but such ranks 13 rows of 32 and 12 points of 1,000.
    """
    angles = np.arange(sum(counts), dtype=np.uint64) * np.uint64(_STEP) + np.uint64(bits.random_raw())
    pool = np.empty(len(angles), np.int8)
    pool[np.argsort(angles, kind="stable")] = np.repeat(np.arange(len(counts), dtype=np.int8), counts)
    return pool


def _rows(size: int, quota: int, bits: np.random.PCG64) -> NDArray[np.int64]:
    passes = -(-quota // size)
    keys = bits.random_raw((1 + passes) * size).reshape(1 + passes, size) >> np.uint64(1)
    # Half of each key is the same in all passes, so that no triplet stands late in one and early in the next.
    return np.argsort(keys[0] + keys[1:], axis=1, kind="stable").ravel()[:quota].astype(np.int64)
