"""Codes of 128 bits that differ in few of them: all pairs, and groups in which each member is near every other."""

from collections import defaultdict
from collections.abc import Callable, Iterator
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
_AT_ONCE: Final = 2**22
"""Candidates that are compared at once: 100 MB."""


def near_pairs(
    codes: Codes, radius: int, tones: NDArray[np.uint8], tolerance: int, agree: Callable[[Pairs], NDArray[np.bool_]]
) -> Pairs:
    """All pairs of codes within some bits of each other.

    Of 8 bands of 16 bits two codes share one, if they differ in at most 7 bits: so only codes with an equal band are
    compared, and of those only such with nearly the same tone.

    Args:
        codes: The codes.
        radius: Bits in which they may differ, at most 7.
        tones: Of each code the brightness of its picture.
        tolerance: Levels by which two tones may differ.
        agree: Which pairs are near in all else.
    """
    found = [np.zeros((0, 2), np.int64)]
    for band in range(_BANDS):
        keys = _band(codes[:, 0], band).astype(np.uint32) << np.uint32(8) | _band(codes[:, 1], band).astype(np.uint32)
        for pairs in _candidates(keys, tones, tolerance):
            bits = np.bitwise_count(codes[pairs[:, 0]] ^ codes[pairs[:, 1]]).sum(axis=1)
            near = pairs[bits <= radius]
            near = near[agree(near)]
            found.append(np.sort(near, axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _band(halves: NDArray[np.uint64], band: int) -> NDArray[np.uint64]:
    """Every eighth bit of a number, as one byte: rows and columns of a picture then go into all bands alike."""
    # A product of the eight bits, each in its own byte, collects them in the topmost.
    return ((halves >> np.uint64(band)) & _EVERY_EIGHTH) * _GATHER >> np.uint64(56)


def _candidates(keys: NDArray[np.uint32], tones: NDArray[np.uint8], tolerance: int) -> Iterator[Pairs]:
    """Pairs with an equal key and tones within the tolerance, some at a time."""
    order = np.lexsort((tones, keys))
    keys, sorted_tones = keys[order], tones[order].astype(np.int16)
    places = np.arange(len(keys))
    waiting: list[Pairs] = []
    step, held = 1, 0
    while len(places):
        places = places[places + step < len(keys)]
        follows = (keys[places] == keys[places + step]) & (
            sorted_tones[places + step] - sorted_tones[places] <= tolerance
        )
        places = places[follows]
        waiting.append(np.stack([order[places], order[places + step]], axis=1))
        held += len(places)
        step += 1
        if held > _AT_ONCE:
            yield np.concatenate(waiting)
            waiting, held = [], 0
    if held:
        yield np.concatenate(waiting)


def complete_groups(pairs: Pairs) -> list[list[int]]:
    """Groups in which each member is paired with every other: no chains.

    Whoever has most neighbours is grouped first; what is left over, with those that are left.
    """
    near: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs.tolist():
        near[one].add(other)
        near[other].add(one)
    groups: list[list[int]] = []
    grouped: set[int] = set()
    for first in sorted(near, key=lambda each: (-len(near[each]), each)):
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
