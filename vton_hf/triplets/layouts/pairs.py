"""Lines of pair files, read by what they name: which pictures, in which order, and whether the garment is worn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.triplets.layouts.images import ListFile, Tree
from vton_hf.triplets.layouts.layout import CLOTH, TRY_ON, Layout
from vton_hf.triplets.layouts.lists import Lines, read_lines
from vton_hf.triplets.layouts.match import Rows, in_names, path_of
from vton_hf.triplets.layouts.patterns import Pattern

Flags = NDArray[np.bool_]
Read = Callable[[Sequence[str]], Sequence[bytes]]
"""Gives the bytes of some URIs."""

_ENDING: Final = r"\.(?i:png|jpe?g|webp)$"
SEVERAL: Final = -2
"""In place of a picture: the name fits several, and it cannot be said which is meant."""

_MOST: Final = 0.5
"""The share of a file's lines that tells how it is meant: a single line that is otherwise makes no other file of it."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The lines of all files of pairs of a tree.

    Attributes:
        lines: [n] `list` (which file), `number` (of the line, from 1), `person` and `garment` (as it names them),
            `root`, `split` and `category` (empty where nothing says).
        person: [n], places among the pictures of persons; -1 where there is none of that name, `SEVERAL` where there
            are several.
        garment: [n], places among those of garments.
        paired: [n], whether the person wears the garment.
        turned: Files whose columns stand in the other order than the layout says.
        unreadable: For each file the lines that name no two things.
    """

    lines: pa.Table
    person: Rows
    garment: Rows
    paired: Flags
    turned: frozenset[int]
    unreadable: Sequence[Sequence[int]]


def read_pairs(tree: Tree, layout: Layout, read: Read) -> Pairs:
    """Read the files of pairs of a tree.

    Whether a file names pairs follows from its rows: if most lines name the same stem twice, it does. If most name
    another garment than that of the person's own stem, it does not, whatever the file is called. Where garments have
    names of their own it does, unless it is called `unpaired`.
    """
    files = [read_lines(data) for data in read([each.uri for each in tree.lists])]
    lines = _table(tree.lists, files, layout)
    number = lines["list"].to_numpy()
    names = _Names(tree, layout, lines)
    said, other = ("first", "second") if layout.pair_columns[0] == "person" else ("second", "first")
    person, garment = names.persons(said), names.garments(other)
    turned = np.zeros(len(files), bool)
    if (person < 0).any() or (garment < 0).any():
        swapped = names.persons(other), names.garments(said)
        turned = _found(number, *swapped, len(files)) > _found(number, person, garment, len(files))
        person = np.where(turned[number], swapped[0], person)
        garment = np.where(turned[number], swapped[1], garment)
    paired = _paired(tree, names, number, person, garment)
    lines = _named(lines, said, other, pa.array(turned[number]))
    which = frozenset(np.flatnonzero(turned).tolist())
    return Pairs(lines, person, garment, paired, which, [each.unreadable for each in files])


def _named(lines: pa.Table, person: str, garment: str, turned: pa.Array) -> pa.Table:
    """The columns called by what they name."""
    columns = {"person": (garment, person), "garment": (person, garment)}
    named = {name: pc.if_else(turned, lines[one], lines[two]) for name, (one, two) in columns.items()}
    return pa.table({name: lines[name] for name in lines.column_names if name not in ("first", "second")} | named)


def _table(lists: Sequence[ListFile], files: Sequence[Lines], layout: Layout) -> pa.Table:
    """All lines, with what their file says of them."""
    parts = []
    for index, (where, file) in enumerate(zip(lists, files, strict=True)):
        count = len(file.first)
        category = pa.repeat(where.category, count)
        if "category" in layout.pair_columns:
            coded = file.third.dictionary_encode()
            known = [layout.categories.get(value.lower(), value) for value in coded.dictionary.to_pylist()]
            category = pc.coalesce(pa.array(known, pa.string()).take(coded.indices), category)
        parts.append(
            pa.table(
                {
                    "list": pa.repeat(index, count),
                    "number": file.number,
                    "first": file.first,
                    "second": file.second,
                    "root": pa.repeat(where.root, count),
                    "split": pa.repeat(where.split, count),
                    "category": category,
                }
            )
        )
    return pa.concat_tables(parts).combine_chunks()


class _Names:
    """Finds pictures by the names that lines give them.

    Args:
        tree: Where they lie.
        layout: How they are called.
        lines: As of `Pairs`.
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


def tails(paths: pa.StringArray, level: int) -> pa.StringArray:
    """The name, with so many folders above it; null where a path has fewer.

    >>> tails(pa.array(["a/b/c.png", "c.png"]), 1).to_pylist()
    ['b/c.png', None]
    """
    return pc.struct_field(pc.extract_regex(paths, rf"(?P<tail>(?:[^/]+/){{{level}}}[^/]*)$"), "tail")


def _stems(names: pa.StringArray, patterns: Sequence[Pattern]) -> pa.StringArray:
    """The stem of each name: as a pattern of the role has it, or what stands before the ending."""
    if pc.any(pc.or_(pc.match_substring(names, "/"), pc.match_substring(names, "\\"))).as_py():
        names = pc.replace_substring_regex(names, r"^.*[/\\]", "")
    ends = pc.match_substring_regex(names, _ENDING)
    whole = names if pc.all(ends).as_py() else pc.if_else(ends, names, pc.binary_join_element_wise(names, "jpg", "."))
    stems = pa.nulls(len(names), pa.string())
    for pattern in patterns:
        if stems.null_count and "(?P<stem>" in pattern.name:
            stems = pc.coalesce(stems, in_names(whole, pattern)["stem"])
    return pc.coalesce(stems, pc.replace_substring_regex(whole, _ENDING, "")) if stems.null_count else stems


def _found(number: Rows, person: Rows, garment: Rows, files: int) -> Rows:
    """Of each file the lines of which both pictures are there."""
    both = (person >= 0) & (garment >= 0)
    return np.bincount(number[both], minlength=files)


def _paired(tree: Tree, names: _Names, number: Rows, person: Rows, garment: Rows) -> Flags:
    persons, garments = tree.images[TRY_ON], tree.images[CLOTH]
    stems = persons.stem.take(pa.array(person, mask=person < 0))
    same = pc.fill_null(pc.equal(stems, garments.stem.take(pa.array(garment, mask=garment < 0))), False)
    same = same.to_numpy(zero_copy_only=False)
    both = (person >= 0) & (garment >= 0)
    by_file = [np.flatnonzero((number == index) & both) for index in range(len(tree.lists))]
    same[np.isin(number, [index for index, where in enumerate(tree.lists) if where.unpaired])] = False
    doubtful = [index for index, rows in enumerate(by_file) if not _mostly(same[rows])]
    own = names.of_stems(CLOTH, pc.fill_null(stems, "")) >= 0 if doubtful else same
    for index in doubtful:
        where, rows = tree.lists[index], by_file[index]
        called_so = where.unpaired or "unpair" in where.uri.rpartition("/")[2].lower()
        # Where garments have names of their own, a line is a pair because it stands there.
        same[rows] = not called_so and not _mostly(own[rows])
    result: Flags = same
    return result


def _mostly(flags: Flags) -> bool:
    return not len(flags) or float(flags.mean()) > _MOST
