"""Which split each triplet is in, and what that comes to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.triplets.entities import ENTITIES
from vton_hf.triplets.policy import BOTH, COMPONENT, JOINS, UNKNOWN, Codes, SplitPolicy


@dataclass(frozen=True, eq=False)
class Assignment:
    """Which split each triplet is in.

    Attributes:
        policy: How that was found.
        by: What was split by.
        codes: Places in `policy.names`, or `JOINS` or `UNKNOWN`; int8 [n].
        places: Where in [0, 1) each triplet's entities fall, NaN where they are not known; float64 [kinds, n].
        entities: By kind, names, null where none is known; [n]. Those of `by`, and whoever else is known.
        largest: Triplets of the largest unit that stays together, and its split.
    """

    policy: SplitPolicy
    by: str
    codes: Codes
    places: NDArray[np.float64]
    entities: Mapping[str, pa.StringArray]
    largest: tuple[int, int]

    def __len__(self) -> int:
        return len(self.codes)

    def rows(self, split: str) -> NDArray[np.bool_]:
        """The triplets of a split; bool [n]."""
        wanted: NDArray[np.bool_] = self.codes == self.policy.names.index(split)
        return wanted

    def where(self, wanted: NDArray[np.bool_]) -> "Assignment":
        """The splits of some of the triplets."""
        entities = {kind: names.filter(pa.array(wanted)) for kind, names in self.entities.items()}
        return replace(self, codes=self.codes[wanted], places=self.places[:, wanted], entities=entities)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Triplets by split."""
        return {name: int(self.rows(name).sum()) for name in self.policy.names}

    @property
    def joining(self) -> int:
        """Triplets that are in no split, since their entities are in two."""
        return int((self.codes == JOINS).sum())

    @property
    def unknown(self) -> int:
        """Triplets that are in no split, since it is not known who or what is in them."""
        return int((self.codes == UNKNOWN).sum())

    def entities_by_split(self) -> dict[str, dict[str, int]]:
        """For each kind of entity, how many there are in each split."""
        return {
            kind: dict(
                zip(self.policy.names, np.bincount(splits, minlength=len(self.policy.names)).tolist(), strict=True)
            )
            for kind, (_, splits) in self._pairs()
        }

    def shared(self) -> dict[str, int]:
        """For each kind of entity, how many are in more than one split, counted triplet by triplet."""
        return {kind: int((np.unique(entity, return_counts=True)[1] > 1).sum()) for kind, (entity, _) in self._pairs()}

    def shared_by(self) -> dict[str, int]:
        """The same of the kinds that are split by: 0, unless a split manifest says otherwise."""
        kinds = ENTITIES if self.by in (BOTH, COMPONENT) else (self.by,)
        return {kind: count for kind, count in self.shared().items() if kind in kinds}

    def _pairs(self) -> Iterator[tuple[str, tuple[NDArray[np.int64], NDArray[np.int64]]]]:
        """For each kind, which entity is in which split, each pair once."""
        count = len(self.policy.names)
        for kind, names in self.entities.items():
            entity = coded(names)[0]
            there = (self.codes >= 0) & (entity >= 0)
            pairs = np.unique(entity[there] * count + self.codes[there])
            yield kind, (pairs // count, pairs % count)


def coded(names: pa.StringArray) -> tuple[NDArray[np.int64], pa.StringArray]:
    """For each name the place of it among all different ones, -1 where there is none; and those."""
    encoded = names.dictionary_encode()
    return pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64), encoded.dictionary
