"""The columns of a manifest, each made once and in its final order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES
from vton_hf.triplets.arrow_text import hash_strings
from vton_hf.triplets.keys import Keys, Rows
from vton_hf.triplets.manifest import CONTENT_HASH, ORDER_KEY, SCHEMA, Manifest

_OF_AN_IMAGE: Final = {"": "uri", "_size": "size", "_etag": "etag"}
_BATCH: Final = 16_384


@dataclass(frozen=True, slots=True)
class TripletRows:
    """What makes a row of a manifest.

    Attributes:
        garments: [n], in the listing's order.
        persons: [n], the listing's rows of their persons.
        targets: [n], and of the persons who wear them.
        several: [n], whether the same person has another one.
    """

    garments: Keys
    persons: Rows
    targets: Rows
    several: NDArray[np.bool_]


def build_manifest(listing: pa.Table, triplets: TripletRows, *, names_garment: bool) -> Manifest:
    """Write one row for each triplet.

    Args:
        listing: `uri`, `size` and `etag`, sorted by `uri`.
        triplets: What belongs together.
        names_garment: Whether the garment is part of a triplet's identity.
    """
    garments = triplets.garments
    identity = garments.identity()
    if names_garment:
        identity = pc.binary_join_element_wise(identity, garments.garment, "/")
    order_key = hash_strings(identity)
    # It is stable, and so of two triplets with one hash the one that is listed first stands first.
    order = np.lexsort((order_key, _partitions(garments)))
    garments, identity = garments.take(order), identity.take(pa.array(order))
    columns = {name: garments.column(name) for name in ("difficulty", "gender")}
    columns |= {"stem": garments.stem, "garment": garments.garment, "key": _keys(garments, triplets.several[order])}
    for role, rows in zip(ROLES, (triplets.persons[order], garments.row, triplets.targets[order]), strict=True):
        index = pa.array(rows)
        columns |= {f"{role}{what}": listing[name].take(index).combine_chunks() for what, name in _OF_AN_IMAGE.items()}
    columns |= {ORDER_KEY: pa.array(order_key[order]), CONTENT_HASH: pa.array(_versions(identity, columns))}
    return Manifest(pa.table(columns).select(SCHEMA.names).cast(SCHEMA))


def _partitions(garments: Keys) -> NDArray[np.int8]:
    """The rank of each one's difficulty and gender: alphabetical, no gender first."""
    ranks = np.zeros(garments.folders.num_rows, np.int8)
    for name, known in (("difficulty", DIFFICULTIES), ("gender", GENDERS)):
        values = pa.array(["", *sorted(known)])
        ranks = ranks * np.int8(len(values)) + pc.index_in(garments.folders[name], values).to_numpy().astype(np.int8)
    return ranks[garments.folder]


def _keys(garments: Keys, several: NDArray[np.bool_]) -> pa.StringArray:
    """`difficulty/gender/stem`, and what else it takes to be unique: the garment, then the folder."""
    folders = garments.folders
    pools = pc.binary_join_element_wise(folders["difficulty"], folders["gender"], "", "/")
    pools = pc.replace_substring(pools, "//", "/").combine_chunks()
    key = pc.binary_join_element_wise(pools.take(pa.array(garments.folder)), garments.stem, "")
    if several.any():
        key = pc.if_else(pa.array(several), pc.binary_join_element_wise(key, garments.garment, "/"), key)
    encoded = key.dictionary_encode().indices.to_numpy()
    clash = np.bincount(encoded, minlength=1)[encoded] > 1
    if clash.any():
        marks = pa.array([f"{mark:016x}"[:8] for mark in hash_strings(folders["folder"]).tolist()], pa.string())
        key = pc.if_else(
            pa.array(clash), pc.binary_join_element_wise(key, marks.take(pa.array(garments.folder)), "@"), key
        )
    return key


def _versions(identity: pa.StringArray, columns: Mapping[str, pa.Array]) -> NDArray[np.uint64]:
    # The key is among the facts: it is stored with the images, and a namesake elsewhere changes it.
    facts = ["key", *(f"{role}{what}" for role in ROLES for what in _OF_AN_IMAGE)]
    versions = np.empty(len(identity), np.uint64)
    for start in range(0, len(identity), _BATCH):
        parts = [columns[name].slice(start, _BATCH).cast(pa.string()) for name in facts]
        texts = pc.binary_join_element_wise(identity.slice(start, _BATCH), *parts, "\n")
        versions[start : start + len(texts)] = hash_strings(texts)
    return versions
