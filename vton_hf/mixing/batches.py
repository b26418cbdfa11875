"""The plan of an epoch in which each batch holds its recipe, and the recipe may change from batch to batch."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from vton_hf._core.checks import check_int, must_be
from vton_hf.mixing.order import bits, rows, spread_batches
from vton_hf.mixing.plan import Plan, Share
from vton_hf.mixing.recipes import apportion, drawn, exact
from vton_hf.naming import DIFFICULTIES

# Quotas are counted in parts of a row, in ints, so that nothing drifts.
_PARTS: Final = 10**12

# `plan` draws with purposes 0 to 3; its own here keep a plan of a plan's positions free of any relation to it.
_TURNS: Final = 4
_POOLS: Final = 5


def plan_batches(
    sizes: Mapping[str, int],
    weights: Sequence[Mapping[str, float]],
    batch_size: int,
    *,
    seed: int = 0,
    epoch: int = 0,
) -> Plan:
    """Lay out an epoch of whole batches, each exact; the same arguments give the same plan on any machine.

    A difficulty whose quota of a batch is whole gets exactly that. Of the others each batch gets the quota rounded
    up or down so that the running total, batch after batch, stays within 1 row of the exact one. Where a difficulty
    has fewer rows than are drawn of it, each is shown m times before any is m + 1 times; `composition` says so.

    Args:
        sizes: Rows per difficulty; a missing difficulty has none.
        weights: The recipe of each batch, as for `check_weights`; at least one.
        batch_size: B, an int >= 1.
        seed: Any int >= 0.
        epoch: Any int >= 0; each has its own order.

    Returns:
        `len(weights) * B` rows; `Share.weight` is the mean over the batches.

    Raises:
        ConfigError: If an argument makes no sense.
        EmptyPoolError: If a difficulty with a weight above 0 has no row.

    >>> print(plan_batches({"easy": 50, "hard": 50}, [{"easy": 1}, {"easy": 1, "hard": 1}], 8))
    Total: 16 samples
    ├── Easy: 12 (75%)
    ├── Medium: 0 (0%)
    └── Hard: 4 (25%)
    """
    batch_size = check_int("batch_size", batch_size, least=1)
    key = check_int("seed", seed), check_int("epoch", epoch)
    if not weights:
        raise must_be("weights", [], "the recipe of at least one batch")
    return _lay_out(sizes, _targets(weights, batch_size), batch_size, key)


def _lay_out(
    sizes: Mapping[str, int], targets: Sequence[tuple[int, ...]], batch_size: int, key: tuple[int, int]
) -> Plan:
    total = {name: sum(target[index] for target in targets) for index, name in enumerate(DIFFICULTIES)}
    pools = drawn(sizes, {name: Fraction(part) for name, part in total.items()})
    counts = np.array(list(_counts(targets, batch_size)), np.int64)
    quotas = dict(zip(DIFFICULTIES, counts.sum(axis=0).tolist(), strict=True))
    pool = spread_batches(counts[:, [DIFFICULTIES.index(name) for name in pools]], bits(*key, _TURNS))
    row = np.empty(len(pool), np.int64)
    for index, (name, size) in enumerate(pools.items()):
        row[pool == index] = rows(size, quotas[name], bits(*key, _POOLS + DIFFICULTIES.index(name)))
    pool.flags.writeable = row.flags.writeable = False
    whole = len(pool) * _PARTS
    shares = [Share.of(name, total[name] / whole, int(sizes.get(name, 0)), quotas[name]) for name in DIFFICULTIES]
    return Plan(tuple(pools), pool, row, tuple(shares))


def _targets(weights: Sequence[Mapping[str, float]], batch_size: int) -> list[tuple[int, ...]]:
    """The quota of each difficulty in each batch, in parts of a row; each sums to the batch."""
    different = {id(each): each for each in weights}
    parts = {key: tuple(apportion(exact(each), batch_size * _PARTS).values()) for key, each in different.items()}
    return [parts[id(each)] for each in weights]


def _counts(targets: Iterable[tuple[int, ...]], batch_size: int) -> Iterable[list[int]]:
    """Round each batch's quotas to rows, owing or giving in advance less than a row of each difficulty."""
    owed = [0] * len(DIFFICULTIES)
    for target in targets:
        counts = [part // _PARTS for part in target]
        broken = [index for index, part in enumerate(target) if part % _PARTS]
        for index in broken:
            owed[index] += target[index]
            counts[index] = max(0, owed[index] // _PARTS)
            owed[index] -= counts[index] * _PARTS
        short = batch_size - sum(counts)
        for index in sorted(broken, key=owed.__getitem__, reverse=True)[:short]:
            counts[index] += 1
            owed[index] -= _PARTS
        yield counts
