"""From a tree of images to rows: by files of pairs where they lie, by stems elsewhere."""

import numpy as np
import pyarrow as pa

from vton_hf.triplets.gaps import bits_of
from vton_hf.triplets.group import group
from vton_hf.triplets.layouts.columns import columns_of
from vton_hf.triplets.layouts.found import Found, Part
from vton_hf.triplets.layouts.images import Tree
from vton_hf.triplets.layouts.layout import Layout
from vton_hf.triplets.layouts.lines import Lines
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
    left_out, parts, told = strangers(listing, tree.rest, tree.hidden), [], []
    covered = np.zeros(keys.folders.num_rows, bool)
    if tree.lists:
        pairs = read_pairs(tree, layout, read)
        lines = Lines(listing, tree, keys, pairs, layout.kind)
        parts.append(lines.part)
        left_out += lines.left_out()
        told += lines.told()
        covered = lines.covered
    loose = np.flatnonzero(~covered[keys.folder])
    in_order = keys.take(loose[np.argsort(keys.row[loose])])
    rows, others = group(listing, in_order, cloth, bits_of(layout.needed))
    parts.append(Part.plain(rows, layout.kind))
    whole = Part.joined(parts)
    columns = columns_of(listing, tree, whole)
    return Found(whole.rows, columns, [*left_out, *others], told, "split" in columns.column_names)
