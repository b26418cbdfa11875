"""Order by seed: difficulties spread over an epoch or a batch, and the rows of a pool pass after pass."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

# 0.22799330553 turns in units of 2**-64; as a continued fraction [0; 4, 2, 1, 1, 2, 3, 1, 1, 1, ...]. Found by
# a search over windows and strides; odd, so that no two positions share an angle.
_STEP: Final = 4205734157714618129


def bits(seed: int, epoch: int, purpose: int) -> np.random.PCG64:
    """Random bits of their own for each purpose, the same on any machine."""
    # NumPy promises that SeedSequence and PCG64's raw output never change; `Generator.permutation` may.
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(epoch, purpose)))


def spread(counts: Sequence[int], source: np.random.PCG64) -> NDArray[np.int8]:
    """Put position i at the angle start + i x `_STEP` of a circle on which each pool owns an arc as long as its quota.

    Measured with 25/25/50 and 30/70 (odd weights in brackets): any window of 32 rows is within 2 (2.4) rows of the
    recipe, of up to 256 within 2.9 (3.3), of any length up to 1e6 within 6.8; any 32 successive rows of a rank that
    takes every 2nd, 4th or 8th within 2.4 (2.8), and all its rows within 1.2 (1.4) points of 1,000 or 0.12 of 20,000.
    Even spacing shuffled in blocks of four: windows 2.2 (3.2), but such ranks 13 rows of 32 and 12 points of 1,000.
    """
    angles = np.arange(sum(counts), dtype=np.uint64)
    angles *= np.uint64(_STEP)
    angles += np.uint64(source.random_raw())
    # An arc begins at the angle that as many lie before as all earlier arcs hold; no order is needed to find it.
    begins = [begin for begin in np.cumsum(counts[:-1]).tolist() if begin < len(angles)]
    pool = np.zeros(len(angles), np.int8)
    for begin in np.partition(angles, begins)[begins] if begins else []:
        pool += angles >= begin
    return pool


def spread_batches(counts: NDArray[np.int64], source: np.random.PCG64) -> NDArray[np.int8]:
    """Space each batch's difficulties evenly, batch after batch, each turned by a random number of places.

    A block of B / R rows of a batch of B then holds exactly its share where that is whole, and else is off by
    less than 2 rows (measured for all counts of batches up to 64 with R = 2, 3, 4, 8, 16). Turning keeps that, and
    no rank gets the same difficulty at the same place of each of its batches.

    Args:
        counts: [steps, pools], rows of each pool in each batch; all rows of it sum to B.
        source: Says how far each batch is turned.

    Returns:
        The pool at each position, int8 [steps * B].
    """
    shapes, shape = np.unique(counts, axis=0, return_inverse=True)
    patterns = np.stack([_evenly(each) for each in shapes])
    size = patterns.shape[1]
    turns = (source.random_raw(len(counts)) % np.uint64(size)).astype(np.int64)
    positions = (np.arange(size) + turns[:, None]) % size
    pool: NDArray[np.int8] = patterns[shape.reshape(-1, 1), positions]
    return pool.ravel()


def rows(size: int, quota: int, source: np.random.PCG64) -> NDArray[np.int64]:
    """Draw `quota` of a pool's `size` rows, all of them k times before any is drawn k + 1 times; int64 [quota]."""
    drawn = np.empty(quota, np.int64)
    # Half of each key is the same in all passes, so that no triplet stands late in one and early in the next.
    common = _keys(source, size)
    for start in range(0, quota, size):
        drawn[start : start + size] = _order(common + _keys(source, size))[: quota - start]
    return drawn


def _keys(source: np.random.PCG64, size: int) -> NDArray[np.uint64]:
    keys: NDArray[np.uint64] = source.random_raw(size)
    keys >>= np.uint64(1)
    return keys


def _order(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """`np.argsort(keys, kind="stable")` of random keys, in a third of its time."""
    low = np.uint64((1 << max(len(keys) - 1, 0).bit_length()) - 1)
    # Sorting numbers is cheaper than sorting their places: each key gives its low bits to its place.
    packed = keys & ~low
    packed |= np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    # Where all other bits agree, those that were given decide.
    alike = np.flatnonzero(packed[1:] ^ packed[:-1] <= low)
    packed &= low
    order = packed.view(np.int64)
    if len(alike):
        positions = np.union1d(alike, alike + 1)
        rows = order[positions]
        order[positions] = rows[np.lexsort((rows, keys[rows]))]
    return order


def _evenly(counts: NDArray[np.int64]) -> NDArray[np.int8]:
    """Row j of a pool's n stands at (j + 1/2) / n of the batch."""
    positions = np.concatenate([(2 * np.arange(count) + 1) / (2 * max(count, 1)) for count in counts])
    pool: NDArray[np.int8] = np.repeat(np.arange(len(counts), dtype=np.int8), counts)
    return pool[np.argsort(positions, kind="stable")]
