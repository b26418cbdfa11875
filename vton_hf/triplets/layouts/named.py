"""Pictures found by the names that lines of pair files give them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import IMAGE_ENDING
from vton_hf.triplets.arrow_text import tails
from vton_hf.triplets.layouts.images import Tree
from vton_hf.triplets.layouts.layout import CLOTH, TRY_ON, Layout
from vton_hf.triplets.layouts.match import Rows, in_names, path_of
from vton_hf.triplets.layouts.patterns import Pattern

Flags = NDArray[np.bool_]


SEVERAL: Final = -2
"""In place of a picture: the name fits several, and it cannot be said which is meant."""


class Names:
    """Finds pictures by the names that lines give them.

    Args:
        tree: Where they lie.
        layout: How they are called.
        lines: `first`, `second`, `root`, `split` and `category` of each line; empty where nothing says.
    """

    def __init__(self, tree: Tree, layout: Layout, lines: pa.Table) -> None:
        self._tree, self._layout, self._lines = tree, layout, lines
        self._last: tuple[tuple[pa.StringArray, tuple[str, ...]], pa.StringArray] | None = None
        self._known: dict[tuple[str, str, tuple[str, ...]], tuple[pa.StringArray, Flags]] = {}

    def persons(self, column: str) -> Rows:
        """Places among the pictures of persons; -1 where there is none, `SEVERAL` where the name fits several."""
        return self._named(TRY_ON, column)

    def garments(self, column: str) -> Rows:
        """Places among those of garments."""
        return self._named(CLOTH, column)

    def _named(self, role: str, column: str) -> Rows:
        """By stems, and where a stem is not enough by the name of the file; names with folders by their path alone."""
        found = self.of_stems(role, self._stems(role, column))
        names = pc.replace_substring(self._lines[column].combine_chunks(), "\\", "/")
        depth = pc.count_substring(names, "/").to_numpy()
        rows = np.flatnonzero((found == SEVERAL) & (depth == 0))
        if len(rows):
            found[rows] = self._placed(role, "name", names, rows)
        rows = np.flatnonzero(depth > 0)
        found[rows] = -1
        for level in range(int(depth.max(initial=0)), 0, -1):
            # As much of a path as the tree has: lists may begin above it.
            rows = np.flatnonzero((depth >= level) & (found == -1))
            if len(rows):
                found[rows] = self._placed(role, str(level), tails(names, level), rows)
        return found

    def _stems(self, role: str, column: str) -> pa.StringArray:
        names = self._lines[column].combine_chunks()
        patterns = self._layout.images[role]
        key = names, tuple(pattern.name for pattern in patterns)
        if self._last is None or self._last[0][1] != key[1] or not self._last[0][0].equals(names):
            # Lines of pairs often name the same stem twice.
            self._last = key, _stems(names, patterns)
        return self._last[1]

    def of_stems(self, role: str, stems: pa.StringArray) -> Rows:
        """The same for a stem a line."""
        return self._placed(role, "stem", stems, np.arange(len(stems)))

    def _placed(self, role: str, called: str, texts: pa.StringArray, rows: Rows) -> Rows:
        """Pictures for some lines by a text of each; what lines say of split and category must fit folders."""
        matched, lines = self._tree.images[role], self._lines
        found: Rows = np.full(len(rows), -1, np.int64)
        says = {field: pc.not_equal(lines[field], "").to_numpy()[rows] for field in ("split", "category")}
        kinds = says["split"] * 2 + says["category"]
        for kind in np.unique(kinds).tolist():
            bits = (("split", 2), ("category", 1))
            fields = tuple(field for field, bit in bits if kind & bit and field in matched.fields)
            these = np.flatnonzero(kinds == kind)
            of_rows = lines.take(pa.array(rows[these]))
            wanted = pc.binary_join_element_wise(path_of(of_rows, fields), texts.take(pa.array(rows[these])), "\n")
            known, several = self._of_pictures(role, called, fields)
            at = pc.fill_null(pc.index_in(wanted, value_set=known), -1).to_numpy().astype(np.int64)
            found[these] = np.where((at >= 0) & several[at], SEVERAL, at) if len(several) else at
        return found

    def _of_pictures(self, role: str, called: str, fields: tuple[str, ...]) -> tuple[pa.StringArray, Flags]:
        """What the pictures of a role are called, with the folder that fields say; and of which there are several."""
        key = role, called, fields
        if key not in self._known:
            matched, paths = self._tree.images[role], self._tree.paths
            texts = matched.stem
            if called != "stem":
                rows = pa.array(matched.row)
                texts = paths.name.take(rows).combine_chunks()
                if called != "name":
                    folders = paths.folders.take(pa.array(paths.folder[matched.row]))
                    texts = tails(pc.binary_join_element_wise(folders, texts, ""), int(called))
            places = matched.places(fields).take(pa.array(matched.folder))
            known = pc.fill_null(pc.binary_join_element_wise(places, texts, "\n"), "")
            first = pc.index_in(known, value_set=known).to_numpy()
            several = np.zeros(len(known), bool)
            several[first[first != np.arange(len(known))]] = True
            self._known[key] = known, several
        return self._known[key]


def _stems(names: pa.StringArray, patterns: Sequence[Pattern]) -> pa.StringArray:
    """The stem of each name: as a pattern of the role has it, or what stands before the ending."""
    if pc.any(pc.or_(pc.match_substring(names, "/"), pc.match_substring(names, "\\"))).as_py():
        names = pc.replace_substring_regex(names, r"^.*[/\\]", "")
    ends = pc.match_substring_regex(names, rf"{IMAGE_ENDING}$")
    whole = names if pc.all(ends).as_py() else pc.if_else(ends, names, pc.binary_join_element_wise(names, "jpg", "."))
    stems = pa.nulls(len(names), pa.string())
    for pattern in patterns:
        if stems.null_count and "(?P<stem>" in pattern.name:
            stems = pc.coalesce(stems, in_names(whole, pattern)["stem"])
    return pc.coalesce(stems, pc.replace_substring_regex(whole, rf"{IMAGE_ENDING}$", "")) if stems.null_count else stems
