"""What a layout says of rows beside their three images: kind, split, category, and further files by name."""

from collections.abc import Collection
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.triplets.layouts.found import Part
from vton_hf.triplets.layouts.images import Tree
from vton_hf.triplets.layouts.layout import CLOTH, INITIAL, TRY_ON
from vton_hf.triplets.layouts.match import Matched

AGNOSTIC: Final = "agnostic"


def columns_of(listing: pa.Table, tree: Tree, part: Part) -> pa.Table:
    """A table in line with some rows.

    Args:
        listing: Of the tree.
        tree: Its images and further files.
        part: The rows.

    Returns:
        `kind`; `split` and `category` where something says them; for each of the layout's columns of which a file is
        there its URI, null for rows that have none.
    """
    persons, garments = tree.images[TRY_ON], tree.images[CLOTH]
    # The person is the target of a pair, and the initial image of what is none.
    worn_by = np.where(part.rows.targets < 0, part.rows.persons, part.rows.targets)
    person, garment = np.searchsorted(persons.row, worn_by), np.searchsorted(garments.row, part.rows.garments.row)
    columns = {"kind": part.kind}
    for field, said in (("split", part.split), ("category", part.category)):
        in_folder = persons.column(field).take(pa.array(person)) if len(persons) else said
        values = pc.if_else(pc.equal(in_folder, ""), said, in_folder)
        if pc.any(pc.not_equal(values, "")).as_py():
            columns[field] = pc.if_else(pc.equal(values, ""), None, values)
    of_person = persons.take(person), persons.stem.take(pa.array(person))
    of_garment = garments.take(garment), tree.garments().take(pa.array(garment))
    further = dict(tree.columns)
    if (part.rows.targets < 0).any():
        # Their initial image is the person's own picture.
        further[AGNOSTIC] = tree.images[INITIAL]
    for name, files in further.items():
        if len(files):
            beside, wanted = of_person if by_stem(files) else of_garment
            fields = files.fields & beside.fields
            places = beside.places(fields).take(pa.array(beside.folder))
            columns[name] = uris_of(listing, files, fields, places, wanted)
    return pa.table(columns)


def by_stem(files: Matched) -> bool:
    """Whether files are called by the stem of the person; else they are by the garment."""
    return bool(pc.any(pc.not_equal(files.stem, "")).as_py())


def uris_of(
    listing: pa.Table, files: Matched, fields: Collection[str], places: pa.StringArray, wanted: pa.StringArray
) -> pa.StringArray:
    """For each row the URI of its file; null where there is none.

    Args:
        listing: Of the files.
        files: By a pattern.
        fields: By which they are joined, beside the name.
        places: Of each row, its root and those fields as one path.
        wanted: Of each row, the name of its file.
    """
    names = files.stem if by_stem(files) else files.garment
    known = pc.binary_join_element_wise(files.places(fields).take(pa.array(files.folder)), names, "\n")
    at = pc.index_in(pc.binary_join_element_wise(places, wanted, "\n"), value_set=known)
    return listing["uri"].take(pa.array(files.row).take(at)).combine_chunks()
