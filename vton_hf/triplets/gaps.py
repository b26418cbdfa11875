"""What stands in the way of an identity's being a triplet: images that are absent, empty, or cannot be read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vton_hf.naming import ROLES
from vton_hf.triplets.audit import INCOMPLETE, UNREADABLE, ZERO_BYTES

Bits = NDArray[np.uint8]
"""For each identity a set of roles: bit i stands for `ROLES[i]`."""

ALL: Final = (1 << len(ROLES)) - 1
"""Every role."""


def bits_of(roles: Iterable[str]) -> int:
    """A set of roles."""
    return sum(1 << ROLES.index(role) for role in roles)


@dataclass(frozen=True, slots=True)
class Gaps:
    """Which images there are of each identity.

    Attributes:
        sound: The roles with an image that has bytes.
        empty: With one of no bytes.
        denied: With one that cannot be read.
        needed: The roles without which an identity is no row.
    """

    sound: Bits
    empty: Bits
    denied: Bits
    needed: int = ALL

    def __len__(self) -> int:
        return len(self.sound)

    @property
    def lacking(self) -> Bits:
        """The roles that are needed, without an image that has bytes."""
        return ~self.sound & np.uint8(self.needed)

    @property
    def absent(self) -> Bits:
        """The roles without any image."""
        return self.lacking & ~self.empty & ~self.denied

    def reasons(self, codes: NDArray[np.int32]) -> pa.StringArray:
        """Why each of some identities, all of which lack something, is no triplet: one reason where one explains it."""
        names = pa.array([INCOMPLETE, ZERO_BYTES, UNREADABLE])
        absent, empty = self.absent[codes] != 0, (self.lacking & self.empty)[codes] != 0
        return names.take(pa.array(np.where(absent, 0, np.where(empty, 1, 2))))

    def details(self, codes: NDArray[np.int32]) -> pa.StringArray:
        """What each of some identities lacks, such as `missing cloth_image`; empty where that is nothing."""
        size = ALL + 1
        parts = [self.absent, self.lacking & self.empty, self.lacking & self.denied & ~self.empty]
        kinds = sum(part.astype(np.int64) * size**position for position, part in enumerate(parts))
        different, index = np.unique(np.asarray(kinds, np.int64)[codes], return_inverse=True)
        texts = [_text(kind % size, kind // size % size, kind // size**2) for kind in different.tolist()]
        return pa.array(texts, pa.string()).take(pa.array(index))


def _text(absent: int, empty: int, denied: int) -> str:
    parts = (("missing", absent), ("empty", empty), ("unreadable", denied))
    return "; ".join(f"{word} {_roles(bits)}" for word, bits in parts if bits)


def _roles(bits: int) -> str:
    return ", ".join(role for position, role in enumerate(ROLES) if bits >> position & 1)
