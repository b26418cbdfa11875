"""The images of a tree by a layout's patterns: by role, and what else lies beside them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import ROLES
from vton_hf.triplets.keys import CLOTH, Keys, hidden_in, read_folders
from vton_hf.triplets.layouts.layout import Layout
from vton_hf.triplets.layouts.match import Matched, Paths, match
from vton_hf.triplets.layouts.patterns import PLACES, SPLITS, Pattern

_LIST_NAME: Final = r"(?i)\.(?:txt|lst|tsv|csv)$"


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file of pairs.

    Attributes:
        row: Its row in the listing.
        uri: Where it lies.
        root: The folder in which the layout's tree begins, with its slash.
        split: As its name or folder says; empty if it says none.
        category: The same.
        unpaired: Whether the layout says that its lines are no pairs.
    """

    row: int
    uri: str
    root: str
    split: str
    category: str
    unpaired: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """What patterns find in a listing.

    Attributes:
        paths: Of the listing.
        images: By role.
        columns: Further files by the name of their column.
        lists: Files of pairs.
        shared: Fields by which images of one row are joined, beside the stem.
        hidden: [n], whether a key of the listing is one that nobody meant to be read.
        rest: [n], whether nothing took it.
    """

    paths: Paths
    images: Mapping[str, Matched]
    columns: Mapping[str, Matched]
    lists: Sequence[ListFile]
    shared: frozenset[str]
    hidden: NDArray[np.bool_]
    rest: NDArray[np.bool_]

    def keys(self) -> Keys:
        """The images of all roles, one role after another; their folder is root and shared fields."""
        whole = Keys.joined([self._keys_of(role) for role in ROLES])
        places = whole.folders["folder"].combine_chunks().dictionary_encode()
        folder = places.indices.to_numpy()[whole.folder]
        return replace(whole, folder=folder, folders=read_folders(places.dictionary))

    def folder_of(self, where: ListFile) -> str:
        """The folder of `keys` below which a list says what belongs together, as far as its name and folder say it."""
        folder = where.root
        for field, value in (("split", where.split), ("category", where.category)):
            if field in self.shared:
                if not value:
                    break
                folder += f"{value}/"
        return folder

    def garments(self) -> pa.StringArray:
        """What pictures of garments are called: by their own field, else by their stem."""
        matched = self.images[ROLES[CLOTH]]
        says = pc.any(pc.not_equal(matched.garment, "")).as_py()
        return matched.garment if says else matched.stem

    def _keys_of(self, role: str) -> Keys:
        matched = self.images[role]
        count = len(matched)
        return Keys(
            matched.row,
            matched.folder,
            np.full(count, ROLES.index(role), np.int8),
            matched.stem,
            self.garments() if role == ROLES[CLOTH] else pa.repeat(pa.scalar("", pa.string()), count),
            np.zeros(count, bool),
            pa.table({"folder": matched.places(self.shared)}),
        )


def hidden_of(paths: Paths, below: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each key is one that nobody meant to be read, below the prefixes; without any, none is."""
    return hidden_in(pa.DictionaryArray.from_arrays(paths.folder, paths.folders), paths.name, below)


def read_tree(uris: pa.ChunkedArray, paths: Paths, layout: Layout, hidden: NDArray[np.bool_]) -> Tree:
    """Hold all keys against the layout's patterns.

    Args:
        uris: Of a listing.
        paths: The same, cut.
        layout: With patterns.
        hidden: [n], the keys that are passed over.
    """
    free = ~hidden
    images = {role: match(paths, layout.images.get(role, ()), free) for role in reversed(ROLES)}
    columns = {name: match(paths, patterns, free) for name, patterns in layout.columns.items()}
    fields = [matched.fields for matched in images.values() if len(matched)]
    shared = frozenset(PLACES).intersection(*fields) if fields else frozenset()
    lists = _lists(uris, paths, layout, images[ROLES[2]], free)
    free[[each.row for each in lists]] = False
    return Tree(paths, images, columns, lists, shared, hidden, free)


def _lists(
    uris: pa.ChunkedArray, paths: Paths, layout: Layout, persons: Matched, free: NDArray[np.bool_]
) -> list[ListFile]:
    """The files of pairs that lie where a tree of images begins."""
    if not len(persons):
        return []
    roots = set(persons.folders["root"].take(pa.array(np.unique(persons.folder))).to_pylist())
    names = pc.match_substring_regex(paths.name, _LIST_NAME).to_numpy()
    found = []
    for row in np.flatnonzero(names & free).tolist():
        folder, name = paths.folders[int(paths.folder[row])].as_py(), paths.name[row].as_py()
        if (fields := _fields(layout.pairs, folder, name, roots)) is not None:
            unpaired = _fields(layout.unpaired, folder, name, roots) is not None
            split = SPLITS.get(fields.get("split", "").lower(), "")
            uri = uris[row].as_py()
            found.append(ListFile(row, uri, fields["root"], split, fields.get("category", ""), unpaired))
    return found


def _fields(patterns: Sequence[Pattern], folder: str, name: str, roots: set[str]) -> dict[str, str] | None:
    """What the first pattern that fits says; None if none does."""
    for pattern in patterns:
        above, last = re.fullmatch(pattern.folder, folder), re.fullmatch(pattern.name, name)
        if above and last and above["root"] in roots:
            return above.groupdict() | last.groupdict()
    return None
