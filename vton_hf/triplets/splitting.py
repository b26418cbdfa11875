"""Splits that share no person and no garment: each goes where the hash of its name says, however a bucket grows."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.checks import did_you_mean
from vton_hf.errors import ConfigError
from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES
from vton_hf.triplets.assignment import Assignment, coded
from vton_hf.triplets.entities import ENTITIES, GARMENT, PERSON, entities_in, entity_names, refuse_unknown
from vton_hf.triplets.linked import components
from vton_hf.triplets.manifest import Manifest
from vton_hf.triplets.policy import (
    BOTH,
    COMPONENT,
    FREE,
    JOINS,
    TRIPLET,
    UNKNOWN,
    Codes,
    SplitPolicy,
    hashes_of,
    places_of,
)

_FOLDERS: Final = {"difficulty": DIFFICULTIES, "gender": GENDERS}


def assign(manifest: Manifest, policy: SplitPolicy, links: NDArray[np.int64] | None = None) -> Assignment:
    """Put each triplet into a split.

    Args:
        manifest: The triplets.
        policy: How.
        links: Pairs of rows that are to stay together, int64 [m, 2].

    Raises:
        ConfigError: If it is not known who is in a triplet, or a column does not exist.
    """
    known = entities_in(manifest, policy.entities)
    by = policy.by or _strictest(known)
    kinds, held = _kinds(by, manifest, known, pinned=policy.pinned is not None), policy.held(manifest.table["key"])
    if by == BOTH:
        codes, places = _by_both(policy, kinds, held)
        largest = 0, 0
    else:
        links = np.zeros((0, 2), np.int64) if links is None else links
        codes, places, largest = _together(policy, kinds, held, links)
    codes = np.where(held == FREE, codes, held)
    return Assignment(policy, by, codes, places, dict(kinds) | known, largest)


def _strictest(known: Mapping[str, pa.StringArray]) -> str:
    """What to split by where nothing is said: by all that is known."""
    return BOTH if set(ENTITIES) <= set(known) else next(iter(known), TRIPLET)


def _kinds(
    by: str, manifest: Manifest, known: Mapping[str, pa.StringArray], *, pinned: bool
) -> dict[str, pa.StringArray]:
    """The entities that are split by."""
    if by == TRIPLET:
        return {TRIPLET: _triplets(manifest)}
    wanted = {BOTH: ENTITIES, COMPONENT: ENTITIES, PERSON: (PERSON,), GARMENT: (GARMENT,)}.get(by)
    if wanted is None:
        return {by: entity_names(_column(by, manifest), by)}
    for kind in wanted:
        if kind not in known:
            refuse_unknown(kind, by, manifest, pinned=pinned)
    return {kind: known[kind] for kind in wanted}


def _column(by: str, manifest: Manifest) -> pa.Array:
    units = (*ENTITIES, BOTH, COMPONENT, TRIPLET)
    hint = did_you_mean(by, units)
    if hint and manifest.columns is None:
        raise ConfigError(f"split_by={by!r} is none of {', '.join(units)}, and no column.{hint}")
    return manifest.column(by, "split_by=")


def _triplets(manifest: Manifest) -> pa.StringArray:
    """Names that stay, wherever triplets lie, whatever options say of them and whichever garments they have.

    They are stems, with the difficulty and the gender that folders in their URIs name.
    """
    uris = pc.coalesce(*(manifest.table[role].combine_chunks() for role in reversed(ROLES)))
    parts = []
    for name, values in _FOLDERS.items():
        found = pc.extract_regex(uris, rf"(?s).*/(?P<{name}>{'|'.join(values)})/")
        parts.append(pc.fill_null(pc.struct_field(found, name), ""))
    return pc.binary_join_element_wise(*parts, manifest.table["stem"].combine_chunks(), "/")


def _pins(policy: SplitPolicy, kind: str, entity: NDArray[np.int64], different: pa.StringArray, held: Codes) -> Codes:
    """The splits of entities that were split before: by name, or since a triplet that was is now said to hold them."""
    pins = policy.pins(kind, different)
    rows = (held >= 0) & (entity >= 0)
    new = np.full(len(pins), np.iinfo(np.int8).max, np.int8)
    np.minimum.at(new, entity[rows], held[rows])
    return np.where((pins == FREE) & (new < np.iinfo(np.int8).max), new, pins)


def _by_both(
    policy: SplitPolicy, kinds: Mapping[str, pa.StringArray], held: Codes
) -> tuple[Codes, NDArray[np.float64]]:
    """A triplet is in the split that all of its entities are in."""
    codes, places = [], []
    for kind, names in kinds.items():
        entity, different = coded(names)
        place, pins = places_of(hashes_of(different, kind)), _pins(policy, kind, entity, different, held)
        code = np.where(pins == FREE, policy.codes(place), pins)
        codes.append(np.append(code, np.int8(UNKNOWN))[entity])
        places.append(np.append(place, np.nan)[entity])
    least, most = np.minimum(*codes), np.maximum(*codes)
    together = np.where(least == most, least, np.int8(JOINS))
    return np.where(least == UNKNOWN, np.int8(UNKNOWN), together), np.stack(places)


def _together(
    policy: SplitPolicy, kinds: Mapping[str, pa.StringArray], held: Codes, links: NDArray[np.int64]
) -> tuple[Codes, NDArray[np.float64], tuple[int, int]]:
    """Triplets that share an entity, or are linked, stay together; a unit goes where its lowest hash says."""
    nodes, hashes, pinned = _nodes(policy, kinds, held)
    known = (nodes >= 0).all(axis=0)
    low, high = _ends(pinned[nodes])
    # What was split apart before cannot be joined by a triplet that came later: that one is in no split.
    apart = known & (high != FREE) & (low != high)
    unit = _units(nodes, known & ~apart, links, len(hashes))
    least = np.full(len(unit), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(least, unit[:-1], hashes)
    of_row = unit[nodes[0]]
    places = np.where(known, places_of(least)[of_row], np.nan)
    lowest, highest = (ends[of_row] for ends in _ends_of_units(unit, pinned))
    codes = np.where(highest == FREE, policy.codes(places), highest)
    joining = apart | ((lowest != highest) & (highest != FREE) & (pinned[nodes] == FREE).any(axis=0))
    codes = np.where((lowest != highest) & (highest != FREE), high, codes)
    codes = np.where(known, np.where(joining, np.int8(JOINS), codes), np.int8(UNKNOWN)).astype(np.int8)
    return codes, places[None], _largest(of_row[known], codes[known])


def _nodes(
    policy: SplitPolicy, kinds: Mapping[str, pa.StringArray], held: Codes
) -> tuple[NDArray[np.int64], NDArray[np.uint64], Codes]:
    """The entities of each triplet, numbered through all kinds, -1 of none; their hashes, and what is pinned."""
    nodes: list[NDArray[np.int64]] = []
    hashes: list[NDArray[np.uint64]] = []
    pins: list[Codes] = []
    for kind, names in kinds.items():
        entity, different = coded(names)
        nodes.append(np.where(entity < 0, -1, entity + sum(len(each) for each in hashes)))
        hashes.append(hashes_of(different, kind))
        pins.append(_pins(policy, kind, entity, different, held))
    return np.stack(nodes), np.concatenate(hashes), np.append(np.concatenate(pins), np.int8(FREE))


def _ends(pins: Codes) -> tuple[Codes, Codes]:
    """The first and the last split among the entities of each triplet; `FREE` where none is pinned."""
    high = pins.max(axis=0)
    return np.where(pins == FREE, high, pins).min(axis=0), high


def _ends_of_units(unit: NDArray[np.int64], pinned: Codes) -> tuple[Codes, Codes]:
    """The same among the entities of each unit."""
    high, low = np.full(len(unit), FREE, np.int8), np.full(len(unit), np.iinfo(np.int8).max, np.int8)
    fixed = pinned != FREE
    np.maximum.at(high, unit[fixed], pinned[fixed])
    np.minimum.at(low, unit[fixed], pinned[fixed])
    return np.where(high == FREE, high, low), high


def _largest(units: NDArray[np.int64], codes: Codes) -> tuple[int, int]:
    """Triplets of the largest unit, and its split."""
    if not len(units):
        return 0, 0
    sizes = np.bincount(units)
    return int(sizes.max()), int(codes[np.argmax(units == sizes.argmax())])


def _units(
    nodes: NDArray[np.int64], rows: NDArray[np.bool_], links: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """The component of each entity, and that of none."""
    there = nodes[:, rows]
    edges = [np.stack([there[0], each], axis=1) for each in there[1:]]
    linked = nodes[0][links[rows[links].all(axis=1)]]
    return np.append(components(np.concatenate([*edges, linked]), count), count)
