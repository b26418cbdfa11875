"""How triplets are split: shares of entities, by the hash of their names."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.checks import must_be
from vton_hf.errors import ConfigError
from vton_hf.triplets.arrow_text import hash_strings
from vton_hf.triplets.entities import GARMENT, PERSON, Entities, read_entities

TRAIN: Final = "train"
BOTH, COMPONENT, TRIPLET = "both", "component", "triplet"

Pinned: TypeAlias = Mapping[str, tuple[pa.StringArray, NDArray[np.int8]]]
"""By kind, names of entities and the split of each, as a place in `SplitPolicy.names`."""

FREE: Final = -3
"""Stands for the split of an entity that is not pinned."""

_RULE: Final = "{split: share}, such as {'validation': 0.05, 'test': 0.05}"
_UNIT: Final = 2.0**64
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: a component goes by its lowest hash, and lowest hashes lie together until multiplied."""


@dataclass(frozen=True)
class SplitPolicy:
    """How triplets are split.

    Attributes:
        shares: Of entities, by split; the rest is `train`. Above 0, in all below 1.
        by: `"triplet"`, `"person"`, `"garment"`, `"both"`, `"component"`, or a column; None takes the strictest that
            what is known of the triplets allows.
        entities: What says who is in a triplet; see `read_entities`.
        pinned: The splits of entities that were split before.

    Raises:
        ConfigError: If it makes no sense.
    """

    shares: Mapping[str, float]
    by: str | None = None
    entities: Entities = None
    pinned: Pinned = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.by is not None and (not isinstance(self.by, str) or not self.by):
            kinds = f"{TRIPLET!r}, {PERSON!r}, {GARMENT!r}, {BOTH!r}, {COMPONENT!r}, a column, or None"
            raise must_be("split_by", self.by, kinds)

    @classmethod
    def of(cls, splits: object, by: str | None, entities: object) -> "SplitPolicy":
        """Read what users write.

        Raises:
            ConfigError: If it makes no sense.
        """
        return cls(_shares(splits), by, read_entities(entities))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All splits, `train` first."""
        return (TRAIN, *self.shares)

    @cached_property
    def edges(self) -> dict[str, tuple[float, float]]:
        """From where to where in [0, 1) the entities of each split but `train` fall; it depends on shares alone."""
        ordered = sorted(self.shares)
        ends = [0.0, *accumulate(self.shares[name] for name in ordered)]
        return {name: (ends[place], ends[place + 1]) for place, name in enumerate(ordered)}

    def codes(self, places: NDArray[np.float64]) -> NDArray[np.int8]:
        """Which of `names` each place falls into."""
        ends = [end for _, end in self.edges.values()]
        codes = np.array([*(self.names.index(name) for name in self.edges), 0], np.int8)
        return codes[np.searchsorted(ends, places, side="right")]

    def pins(self, kind: str, names: pa.StringArray) -> NDArray[np.int8]:
        """The splits of entities that were split before; `FREE` of all others."""
        if kind not in self.pinned:
            return np.full(len(names), FREE, np.int8)
        known, codes = self.pinned[kind]
        at = pc.fill_null(pc.index_in(names, value_set=known), -1).to_numpy()
        pins: NDArray[np.int8] = np.append(codes, np.int8(FREE))[at]
        return pins


def hashes_of(names: pa.StringArray, kind: str) -> NDArray[np.uint64]:
    """The hash of each entity; the kind is part of it, so that person 7 and garment 7 fall apart."""
    return hash_strings(pc.binary_join_element_wise(kind, names, "\n"))


def places_of(hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Where in [0, 1) entities of these hashes fall."""
    places: NDArray[np.float64] = (hashes * _SPREAD) / _UNIT
    return places


def rounded_up(share: float) -> float:
    """A share as people write it, and no less.

    >>> rounded_up(0.12345)
    0.124
    """
    return math.ceil(share * 1000) / 1000


def _shares(splits: object) -> dict[str, float]:
    if not isinstance(splits, Mapping) or not splits:
        raise must_be("splits", splits, f"{_RULE}, a split manifest, or None")
    shares: dict[str, Any] = dict(splits)
    for name, share in shares.items():
        if not isinstance(name, str) or not name.isidentifier() or name == "all":
            raise must_be("splits", shares, f"{_RULE}; a split's name is made of letters, digits and _")
        if isinstance(share, bool) or not isinstance(share, int | float | np.floating) or not 0 < share < 1:
            raise must_be(f"splits[{name!r}]", share, "a share of entities, above 0 and below 1")
    rest = shares.pop(TRAIN, None)
    total = sum(shares.values())
    if rest is not None and not math.isclose(rest + total, 1, abs_tol=1e-6):
        raise ConfigError(
            f"splits={dict(splits)!r} sum to {rest + total:g}, not to 1. Leave 'train' out: it is the rest."
        )
    if not shares or total >= 1:
        raise must_be("splits", dict(splits), f"{_RULE}, in all below 1, so that something is left to train on")
    return {name: float(share) for name, share in shares.items()}
