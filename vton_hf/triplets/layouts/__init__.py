"""Layouts: trees of images that are named in another way than the bucket's own grammar."""

from vton_hf.triplets.layouts.found import Found
from vton_hf.triplets.layouts.layout import KINDS, Layout
from vton_hf.triplets.layouts.misses import nearest_miss
from vton_hf.triplets.layouts.own_layouts import TABLE, VTON, layout_text, own, read_layout
from vton_hf.triplets.layouts.pairs import Read
from vton_hf.triplets.layouts.table_columns import usual_splits
from vton_hf.triplets.layouts.tables import read_table
from vton_hf.triplets.layouts.trees import Naming, Where, find_by_layout, find_recognised

__all__ = [
    "KINDS",
    "TABLE",
    "VTON",
    "Found",
    "Layout",
    "Naming",
    "Read",
    "Where",
    "find_by_layout",
    "find_recognised",
    "layout_text",
    "nearest_miss",
    "own",
    "read_layout",
    "read_table",
    "usual_splits",
]
