"""From a tree of images to rows: by files of pairs where they lie, by stems elsewhere."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.errors import LayoutError
from vton_hf.triplets.facts import FACTS, with_facts
from vton_hf.triplets.gaps import bits_of
from vton_hf.triplets.group import group
from vton_hf.triplets.layouts.columns import columns_of
from vton_hf.triplets.layouts.found import Found, Part
from vton_hf.triplets.layouts.images import Tree
from vton_hf.triplets.layouts.layout import TRY_ON, Layout
from vton_hf.triplets.layouts.lines import Lines
from vton_hf.triplets.layouts.match import Rows
from vton_hf.triplets.layouts.pairs import Read, read_pairs
from vton_hf.triplets.layouts.strangers import strangers


def find_rows(listing: pa.Table, layout: Layout, tree: Tree, cloth: str, read: Read) -> Found:
    """Put together the images of a tree.

    Args:
        listing: Of the tree: `uri`, `size` and `etag`, sorted by `uri`.
        layout: With patterns.
        tree: What these find.
        cloth: What several garments for one stem mean, one of `CLOTH_RULES`.
        read: Gives the bytes of files of pairs.

    Raises:
        LayoutError: If `cloth="error"` and a stem has several garments.
    """
    keys = tree.keys()
    persons = tree.images[TRY_ON]
    left_out, parts, remarks = strangers(listing, tree.rest, tree.hidden), [], []
    covered = np.zeros(keys.folders.num_rows, bool)
    if tree.lists:
        pairs = read_pairs(tree, layout, read)
        lines = Lines(listing, tree, keys, pairs, layout.kind)
        parts.append(lines.part)
        left_out += lines.left_out()
        remarks += lines.remarks()
        covered = lines.covered
    loose = np.flatnonzero(~covered[keys.folder])
    in_order = keys.take(loose[np.argsort(keys.row[loose])])
    _check_joined(tree, in_order.row)
    rows, others = group(listing, in_order, cloth, bits_of(layout.needed))
    parts.append(Part.plain(rows, layout.kind))
    whole = Part.joined(parts)
    columns = columns_of(listing, tree, whole)
    worn_by = persons.take(np.searchsorted(persons.row, whole.wearers))
    given: dict[str, pa.Array] = {name: worn_by.column(name) for name in FACTS if name in persons.fields - tree.shared}
    of_rows = whole.rows.of(with_facts(whole.rows.garments, given, first=False)) if given else whole.rows
    return Found(of_rows, columns, [*left_out, *others], remarks, "split" in columns.column_names)


def _check_joined(tree: Tree, rows: Rows) -> None:
    """Refuse images of one stem that only a folder tells apart which the other images' patterns do not have.

    Raises:
        LayoutError: With the field, and what to do.
    """
    for role, matched in tree.images.items():
        extra = matched.fields - tree.shared
        loose = matched.take(np.flatnonzero(np.isin(matched.row, rows))) if extra else matched
        if not extra or not len(loose):
            continue
        at = pa.array(loose.folder)
        by_shared, by_all = (
            pc.binary_join_element_wise(loose.places(fields).take(at), loose.stem, "\n")
            for fields in (tree.shared, matched.fields)
        )
        if pc.count_distinct(by_shared).as_py() < pc.count_distinct(by_all).as_py():
            fields = ", ".join(f"{{{field}}}" for field in sorted(extra))
            raise LayoutError(
                f"Images of one stem lie in several folders of {role}, which differ in {fields}; other roles' patterns "
                f"have no such field, so it cannot be said which belong together. Name pairs in a file (pairs = ...), "
                f"or choose one folder by its prefix."
            )
