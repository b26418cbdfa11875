"""Codes of 128 bits that differ in few of them: all pairs, and groups in which each member is near every other."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]
"""Two numbers of 64 bits each: uint64 [N, 2]."""

Pairs = NDArray[np.int64]
"""Rows of two indices, the smaller first: int64 [P, 2]."""

_BANDS: Final = 8
_EVERY_EIGHTH: Final = np.uint64(0x0101010101010101)
_GATHER: Final = np.uint64(0x0102040810204080)
_CROWD: Final = 50

MOST_PAIRS: Final = 2_000_000
"""Their groups take half a GB."""


def near_pairs(
    codes: Codes, radius: int, tones: NDArray[np.uint8], tolerance: int, agree: Callable[[Pairs], NDArray[np.bool_]]
) -> tuple[Pairs, bool]:
    """All pairs of codes within some bits of each other.

    Of 8 bands of 16 bits two codes share one, if they differ in at most 7 bits: so only codes with an equal band are
    compared, and of those only such with nearly the same tone.

    Args:
        codes: The codes.
        radius: Bits in which they may differ, at most 7.
        tones: Of each code the brightness of its picture.
        tolerance: Levels by which two tones may differ.
        agree: Which pairs are near in all else.

    Returns:
        The pairs, and whether they are all that there are: of a crowd in which everything is near everything, such as
        thousands of pictures of one shirt, no more than `MOST_PAIRS` are taken.
    """
    found = [np.zeros((0, 2), np.int64)]
    for band in range(_BANDS):
        keys = _band(codes[:, 0], band).astype(np.uint32) << np.uint32(8) | _band(codes[:, 1], band).astype(np.uint32)
        near = _near(codes, radius, keys, tones, tolerance)
        for pairs in near:
            found.append(np.sort(pairs[agree(pairs)], axis=1))
            if sum(map(len, found)) > MOST_PAIRS:
                return _distinct(found), False
        found = [_distinct(found)]
    return found[0], True


def _distinct(found: Sequence[Pairs]) -> Pairs:
    return np.unique(np.concatenate(found), axis=0)


def _band(halves: NDArray[np.uint64], band: int) -> NDArray[np.uint64]:
    """Every eighth bit of a number, as one byte: rows and columns of a picture then go into all bands alike."""
    # A product of the eight bits, each in its own byte, collects them in the topmost.
    return ((halves >> np.uint64(band)) & _EVERY_EIGHTH) * _GATHER >> np.uint64(56)


def _near(
    codes: Codes, radius: int, keys: NDArray[np.uint32], tones: NDArray[np.uint8], tolerance: int
) -> Iterator[Pairs]:
    """Near pairs with an equal key and tones within the tolerance, some at a time.

    Codes are brought into the order of their keys and tones, and each is compared with the next, the next but one, and
    so on, as long as those agree: 200 million comparisons take 12 s of a core; without that order in memory 50 s.
    """
    order = np.lexsort((tones, keys))
    keys, levels = keys[order], tones[order].astype(np.int16)
    firsts, seconds = np.ascontiguousarray(codes[order, 0]), np.ascontiguousarray(codes[order, 1])
    places = np.arange(len(keys))
    step = 1
    while len(places):
        places = places[: np.searchsorted(places, len(keys) - step)]
        others = places + step
        follows = (keys[places] == keys[others]) & (levels[others] - levels[places] <= tolerance)
        places, others = places[follows], others[follows]
        bits = np.bitwise_count(firsts[places] ^ firsts[others]) + np.bitwise_count(seconds[places] ^ seconds[others])
        near = bits <= radius
        if near.any():
            yield np.stack([order[places[near]], order[others[near]]], axis=1)
        step += 1


def complete_groups(pairs: Pairs) -> list[list[int]]:
    """Groups in which each member is paired with every other: no chains.

    Whoever has fewest neighbours is grouped first, so that few are left over.
    """
    near: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs.tolist():
        near[one].add(other)
        near[other].add(one)
    groups: list[list[int]] = []
    grouped: set[int] = set()
    for first in sorted(near, key=lambda each: (len(near[each]), each)):
        if first in grouped:
            continue
        group, common = [first], near[first] - grouped
        while common:
            # The one that shares most; in a crowd, where that would take long, the first.
            crowd = len(common) > _CROWD
            nearest = min(common) if crowd else max(common, key=lambda each: (len(near[each] & common), -each))
            group.append(nearest)
            common = common & near[nearest]
        if len(group) > 1:
            grouped.update(group)
            groups.append(sorted(group))
    return groups
