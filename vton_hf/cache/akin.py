"""Chunks and units that cover a part of the same pool, by the leading bits of the order keys that they hold."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

ALL: Final = "all"
"""What stands for no bits in a name."""


class Akin:
    """Names by group and leading bits.

    Args:
        names: Group, bits and name of each.
    """

    def __init__(self, names: Iterable[tuple[str, str, str]]) -> None:
        groups: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for group, bits, name in names:
            groups[group].add((bits.replace(ALL, ""), name))
        self._groups = {group: sorted(known) for group, known in groups.items()}

    def of(self, group: str, bits: str) -> list[str]:
        """Names of a group whose bits begin with these, or these with theirs."""
        known = self._groups.get(group, [])
        # Sorted, so that neither the longer bits nor each shorter one needs a walk through all names.
        spans = [(bits[:length], bits[:length] + " ") for length in range(len(bits))]
        spans.append((bits, bits + "2"))
        edges = [(bisect_left(known, (low,)), bisect_left(known, (high,))) for low, high in spans]
        return [name for start, stop in edges for _, name in known[start:stop]]


def cut_name(name: str) -> tuple[str, str]:
    """What stands before the bits of a name, and the bits: names end with bits and a digest."""
    group, bits, _ = name.rsplit("-", 2)
    return group, bits
