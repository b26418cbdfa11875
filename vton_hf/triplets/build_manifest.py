"""The columns of a manifest, each made once and in its final order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import DIFFICULTIES, ETAG, GENDERS, ROLES
from vton_hf.triplets.arrow_text import hash_strings
from vton_hf.triplets.content import CONTENT_HASH
from vton_hf.triplets.keys import Keys, Rows
from vton_hf.triplets.manifest import ORDER_KEY, SCHEMA, Manifest

_OF_AN_IMAGE: Final = {"": "uri", "_size": "size", ETAG: "etag"}
_BATCH: Final = 16_384


@dataclass(frozen=True, slots=True)
class TripletRows:
    """What makes a row of a manifest.

    Attributes:
        garments: [n], in any order; their stem and folder are the row's.
        persons: [n], the listing's rows of their persons; -1 where there is no such image.
        targets: [n], the same of the persons who wear them.
        several: [n], whether the same person has another one.
        named: [n], whether the garment is part of the row's identity.
    """

    garments: Keys
    persons: Rows
    targets: Rows
    several: NDArray[np.bool_]
    named: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.persons)

    def where(self, wanted: NDArray[np.bool_]) -> "TripletRows":
        """The rows that are wanted."""
        if wanted.all():
            return self
        garments = self.garments.where(wanted)
        images = self.persons[wanted], self.targets[wanted]
        return TripletRows(garments, *images, self.several[wanted], self.named[wanted])

    def of(self, garments: Keys) -> "TripletRows":
        """The same rows, of garments of which more is known."""
        return replace(self, garments=garments)

    def within(self, rows: Rows) -> "TripletRows":
        """The same rows of a listing of which only some rows were looked at."""
        at = np.append(rows, -1)
        persons, targets = at[self.persons], at[self.targets]
        garments = replace(self.garments, row=rows[self.garments.row])
        return replace(self, garments=garments, persons=persons, targets=targets)

    @classmethod
    def joined(cls, parts: "Sequence[TripletRows]") -> "TripletRows":
        """The rows of all parts."""
        if len(parts) == 1:
            return parts[0]
        rows = ([getattr(part, name) for part in parts] for name in ("persons", "targets", "several", "named"))
        return cls(Keys.joined([part.garments for part in parts]), *map(np.concatenate, rows))


def build_manifest(
    listing: pa.Table, triplets: TripletRows, companions: Mapping[str, Rows] = MappingProxyType({})
) -> tuple[Manifest, Rows]:
    """Write one row for each triplet.

    Args:
        listing: `uri`, `size` and `etag`, sorted by `uri`.
        triplets: What belongs together.
        companions: Further images by name, in line with the triplets: rows of the listing, -1 where there is none.

    Returns:
        The manifest, and for each of its rows which of `triplets` it is.
    """
    garments = triplets.garments
    identity = garments.identity()
    if triplets.named.any():
        with_garment = pc.binary_join_element_wise(identity, garments.garment, "/")
        identity = pc.if_else(pa.array(triplets.named), with_garment, identity)
    order_key = hash_strings(identity)
    # It is stable, and so of two triplets with one hash the one that is listed first stands first.
    order = np.lexsort((order_key, _partitions(garments)))
    garments, identity = garments.take(order), identity.take(pa.array(order))
    columns = {name: garments.column(name) for name in ("difficulty", "gender")}
    columns |= {"stem": garments.stem, "garment": garments.garment}
    images = dict(zip(ROLES, (triplets.persons[order], garments.row, triplets.targets[order]), strict=True))
    images |= {name: rows[order] for name, rows in companions.items()}
    for role, rows in images.items():
        index = pa.array(rows, mask=rows < 0)
        columns |= {f"{role}{what}": listing[name].take(index).combine_chunks() for what, name in _OF_AN_IMAGE.items()}
    columns["key"] = _unique(_keys(garments, triplets.several[order]), columns)
    columns |= {ORDER_KEY: pa.array(order_key[order]), CONTENT_HASH: pa.array(_versions(identity, columns, images))}
    own = pa.table(columns).select(SCHEMA.names).cast(SCHEMA)
    for name in (f"{role}{what}" for role in companions for what in _OF_AN_IMAGE):
        own = own.append_column(name, columns[name])
    return Manifest(own), order


def _partitions(garments: Keys) -> NDArray[np.int8]:
    """The rank of each one's difficulty and gender: alphabetical, no gender first."""
    ranks = np.zeros(garments.folders.num_rows, np.int8)
    for name, known in (("difficulty", DIFFICULTIES), ("gender", GENDERS)):
        values = pa.array(["", *sorted(known)])
        ranks = ranks * np.int8(len(values)) + pc.index_in(garments.folders[name], values).to_numpy().astype(np.int8)
    return ranks[garments.folder]


def _unique(keys: pa.StringArray, columns: Mapping[str, pa.Array]) -> pa.StringArray:
    """The same keys, each once: rows of a table may have all names in common, and not their images."""
    encoded = keys.dictionary_encode().indices.to_numpy()
    clash = np.flatnonzero(np.bincount(encoded, minlength=1)[encoded] > 1)
    if not len(clash):
        return keys
    at = pa.array(clash)
    uris = pc.binary_join_element_wise(*(pc.fill_null(columns[role].take(at), "") for role in ROLES), "\n")
    marks = pa.array([f"{mark:016x}"[:8] for mark in hash_strings(uris).tolist()], pa.string())
    mask = np.zeros(len(keys), bool)
    mask[clash] = True
    return pc.replace_with_mask(keys, pa.array(mask), pc.binary_join_element_wise(keys.take(at), marks, "@"))


def _keys(garments: Keys, several: NDArray[np.bool_]) -> pa.StringArray:
    """`difficulty/gender/stem`, and what else it takes to be unique: the garment, then the folder."""
    folders = garments.folders
    pools = pc.binary_join_element_wise(folders["difficulty"], folders["gender"], "", "/")
    pools = pc.replace_substring_regex(pc.replace_substring(pools, "//", "/"), "^/", "").combine_chunks()
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


def _versions(identity: pa.StringArray, columns: Mapping[str, pa.Array], images: Iterable[str]) -> NDArray[np.uint64]:
    # The key is among the facts: it is stored with the images, and a namesake elsewhere changes it.
    facts = ["key", *(f"{role}{what}" for role in images for what in _OF_AN_IMAGE)]
    versions = np.empty(len(identity), np.uint64)
    for start in range(0, len(identity), _BATCH):
        # An image that there is not leaves a mark, too.
        parts = [pc.fill_null(columns[name].slice(start, _BATCH).cast(pa.string()), "") for name in facts]
        texts = pc.binary_join_element_wise(identity.slice(start, _BATCH), *parts, "\n")
        versions[start : start + len(texts)] = hash_strings(texts)
    return versions
