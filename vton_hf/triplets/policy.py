"""How triplets are split: shares of entities, by the hash of their names."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
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

TEST: Final = "test"

FREE: Final = -3
"""Stands for the split of what is not pinned."""

JOINS: Final = -1
"""Of a triplet whose entities are in two splits."""

UNKNOWN: Final = -2
"""Of a triplet of which is not known who or what is in it."""

Codes: TypeAlias = NDArray[np.int8]
"""Places in `SplitPolicy.names`, or one of those."""

_RULE: Final = "{split: share}, such as {'validation': 0.05, 'test': 0.05}"
_LEAST: Final = 1e-9
"""What must be left to train on: ten shares of 0.1 sum to a little less than 1."""

_UNIT: Final = 2.0**64
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: a component goes by its lowest hash, and lowest hashes lie together until multiplied."""


@dataclass(frozen=True, eq=False)
class Pinned:
    """What was split before.

    Attributes:
        keys: Of triplets.
        codes: Their splits, `JOINS` of those in none; int8 [n].
        entities: By kind, names and their splits.
    """

    keys: pa.StringArray
    codes: Codes
    entities: Mapping[str, tuple[pa.StringArray, Codes]]


@dataclass(frozen=True)
class SplitPolicy:
    """How triplets are split.

    Attributes:
        shares: Of entities, by split; the rest is `train`. Above 0, in all below 1.
        by: `"triplet"`, `"person"`, `"garment"`, `"both"`, `"component"`, or a column; None takes the strictest that
            what is known of the triplets allows.
        entities: What says who is in a triplet; see `read_entities`.
        pinned: What was split before, and stays where it is.

    Raises:
        ConfigError: If it makes no sense.
    """

    shares: Mapping[str, float]
    by: str | None = None
    entities: Entities = None
    pinned: Pinned | None = None

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
    def windows(self) -> dict[str, tuple[float, float]]:
        """From where to where, counted from its end of [0, 1), the entities of each split but `train` fall.

        `test` lies at one end, the others by name at the other: no share moves anything between splits but the first of
        the others into the next, and another name for `validation` takes nothing from `test`.
        """
        others = [name for name in sorted(self.shares) if name != TEST]
        ends = [0.0, *accumulate(self.shares[name] for name in others)]
        windows = {name: (ends[place], ends[place + 1]) for place, name in enumerate(others)}
        return windows | ({TEST: (0.0, self.shares[TEST])} if TEST in self.shares else {})

    def codes(self, places: NDArray[np.float64]) -> Codes:
        """Which of `names` each place falls into."""
        codes = np.zeros(places.shape, np.int8)
        for name, (start, stop) in self.windows.items():
            at = from_its_end(name, places)
            codes[(at >= start) & (at < stop)] = self.names.index(name)
        return codes

    def held(self, keys: pa.StringArray) -> Codes:
        """The splits of triplets that were split before; `FREE` of all others."""
        if self.pinned is None:
            return np.full(len(keys), FREE, np.int8)
        return _found(keys, self.pinned.keys, self.pinned.codes)

    def pins(self, kind: str, names: pa.StringArray) -> Codes:
        """The splits of entities that were split before; `FREE` of all others."""
        if self.pinned is None or kind not in self.pinned.entities:
            return np.full(len(names), FREE, np.int8)
        return _found(names, *self.pinned.entities[kind])


def _found(names: pa.StringArray, known: pa.StringArray, codes: Codes) -> Codes:
    at = pc.fill_null(pc.index_in(names, value_set=known), -1).to_numpy()
    found: Codes = np.append(codes, np.int8(FREE))[at]
    return found


def from_its_end(split: str, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far places lie from the end of [0, 1) from which a split's window is counted."""
    return places if split == TEST else 1 - places


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
    if not shares or total > 1 - _LEAST:
        raise must_be("splits", dict(splits), f"{_RULE}, in all below 1, so that something is left to train on")
    return {name: float(share) for name, share in shares.items()}
