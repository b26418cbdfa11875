"""Which layout a tree has, as its folders and names say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.errors import LayoutError
from vton_hf.triplets.layouts.images import Tree, read_tree
from vton_hf.triplets.layouts.layout import CLOTH, TRY_ON, Layout
from vton_hf.triplets.layouts.match import Paths
from vton_hf.triplets.layouts.own_layouts import PATTERNED, own


@dataclass(frozen=True, slots=True)
class Recognised:
    """A layout that fits a tree.

    Attributes:
        layout: Which.
        tree: What its patterns find.
        why: The folders that it was known by, for people.
    """

    layout: Layout
    tree: Tree
    why: str


def recognise(uris: pa.ChunkedArray, paths: Paths, hidden: NDArray[np.bool_]) -> tuple[Recognised | None, str]:
    """The layout with a name that a tree has; and if it has none, what comes nearest.

    Args:
        uris: Of a listing.
        paths: The same, cut.
        hidden: [n], the keys that are passed over.

    Raises:
        LayoutError: If it holds trees of several layouts.
    """
    trees = [(own(name), read_tree(uris, paths, own(name), hidden)) for name in PATTERNED]
    fitting = [Recognised(layout, tree, why) for layout, tree in trees if (why := _why(tree))]
    if not fitting:
        return None, _nearest(trees)
    best = max(fitting, key=lambda each: len(each.tree.images[TRY_ON]))
    taken = np.concatenate([best.tree.images[role].row for role in (TRY_ON, CLOTH)])
    others = [each for each in fitting if not np.isin(each.tree.images[TRY_ON].row, taken).any()]
    if others:
        both = " and ".join(f"{str(each.layout)!r} ({each.why})" for each in (best, others[0]))
        raise LayoutError(
            f"One prefix holds two layouts, {both}: rows of both would be taken for the same. Name the prefix of each "
            f"in s3_prefixes=[...], or choose one with layout=."
        )
    return best, ""


def _why(tree: Tree) -> str:
    """Folders in which both persons and garments lie; empty if there are none."""
    persons, garments = tree.images[TRY_ON], tree.images[CLOTH]
    if not len(persons) or not len(garments):
        return ""
    roots = [set(pc.unique(each.column("root")).to_pylist()) for each in (persons, garments)]
    if not roots[0] & roots[1]:
        return ""
    folders = [_first_folder(tree, each.row) for each in (persons, garments)]
    names = sorted({each.uri.rpartition("/")[2] for each in tree.lists})
    lists = f", {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}" if names else ""  # noqa: PLR2004
    return f"{' and '.join(dict.fromkeys(folders))}{lists}"


def _first_folder(tree: Tree, rows: NDArray[np.int64]) -> str:
    """The last folders of the first of some keys, such as `train/image/`."""
    folder: str = tree.paths.folders[int(tree.paths.folder[rows[0]])].as_py()
    return "/".join(folder.split("/")[-3:])


def _nearest(trees: Sequence[tuple[Layout, Tree]]) -> str:
    """The layout of which most pictures have their place, and which have none; empty if none does."""
    layout, tree = max(trees, key=lambda each: len(each[1].images[TRY_ON]) + len(each[1].images[CLOTH]))
    counts = {role: len(tree.images[role]) for role in (TRY_ON, CLOTH)}
    if not any(counts.values()):
        return ""
    there, lacking = sorted(counts, key=lambda role: -counts[role])
    if counts[lacking]:
        return f"The nearest layout is {str(layout)!r}, but persons and garments lie below different folders."
    return (
        f"The nearest layout is {str(layout)!r}: {counts[there]:,} pictures lie where it has {there}, none where it "
        f"has {lacking} ({', '.join(pattern.text for pattern in layout.images[lacking])})."
    )
