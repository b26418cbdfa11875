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
    person, garment = np.searchsorted(persons.row, part.wearers), np.searchsorted(garments.row, part.rows.garments.row)
    columns = {"kind": part.kind}
    for field, given in (("split", part.split), ("category", part.category)):
        in_folder = persons.column(field).take(pa.array(person)) if len(persons) else given
        values = pc.if_else(pc.equal(in_folder, ""), given, in_folder)
        if pc.any(pc.not_equal(values, "")).as_py():
            columns[field] = pc.if_else(pc.equal(values, ""), None, values)
    of_person, of_garment = persons.take(person), garments.take(garment)
    of_both = names_of(persons.stem.take(pa.array(person)), tree.garments().take(pa.array(garment)))
    further = dict(tree.columns)
    if (part.rows.targets < 0).any():
        # Their initial image is the person's own picture.
        further[AGNOSTIC] = tree.images[INITIAL]
    for name, files in further.items():
        if len(files):
            beside = of_person if pc.any(pc.not_equal(files.stem, "")).as_py() else of_garment
            fields = files.fields & beside.fields
            places = beside.places(fields).take(pa.array(beside.folder))
            columns[name] = uris_of(listing, files, fields, places, of_both)
    return pa.table(columns)


def names_of(stems: pa.StringArray, garments: pa.StringArray) -> pa.Table:
    """What files beside the images of some rows may be called by, as of `uris_of`."""
    return pa.table({"stem": stems, "garment": garments})


def uris_of(
    listing: pa.Table, files: Matched, fields: Collection[str], places: pa.StringArray, names: pa.Table
) -> pa.StringArray:
    """For each row the URI of its file; null where there is none.

    Args:
        listing: Of the files.
        files: By a pattern.
        fields: By which they are joined, beside the name.
        places: Of each row, its root and those fields as one path.
        names: Of each row, `stem` and `garment`: files are called by one of them or by both.
    """
    called = {"stem": files.stem, "garment": files.garment}
    given = [name for name, column in called.items() if pc.any(pc.not_equal(column, "")).as_py()]
    folders = files.places(fields).take(pa.array(files.folder))
    known = pc.binary_join_element_wise(folders, *(called[name] for name in given), "\n")
    wanted = pc.binary_join_element_wise(places, *(names[name].combine_chunks() for name in given), "\n")
    at = pc.index_in(wanted, value_set=known)
    return listing["uri"].take(pa.array(files.row).take(at)).combine_chunks()
