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
from vton_hf.triplets.layouts.match import Rows
from vton_hf.triplets.layouts.named import Names

Flags = NDArray[np.bool_]
Read = Callable[[Sequence[str]], Sequence[bytes]]
"""Gives the bytes of some URIs."""

_MOST: Final = 0.5
"""The share of a file's lines that tells how it is meant: a single line that is otherwise makes no other file of it."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The lines of all files of pairs of a tree.

    Attributes:
        lines: [n] `list` (which file), `number` (of the line, from 1), `person` and `garment` (as it names them),
            `root`, `split` and `category` (empty where nothing says).
        person: [n], places among the pictures of persons; -1 where there is none of that name, `named.SEVERAL` where
            there are several.
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
    names = Names(tree, layout, lines)
    of_persons, other = ("first", "second") if layout.pair_columns[0] == "person" else ("second", "first")
    person, garment = names.persons(of_persons), names.garments(other)
    turned = np.zeros(len(files), bool)
    if (person < 0).any() or (garment < 0).any():
        swapped = names.persons(other), names.garments(of_persons)
        turned = _found(number, *swapped, len(files)) > _found(number, person, garment, len(files))
        person = np.where(turned[number], swapped[0], person)
        garment = np.where(turned[number], swapped[1], garment)
    paired = _paired(tree, names, number, person, garment)
    lines = _named(lines, of_persons, other, pa.array(turned[number]))
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


def _found(number: Rows, person: Rows, garment: Rows, files: int) -> Rows:
    """Of each file the lines of which both pictures are there."""
    both = (person >= 0) & (garment >= 0)
    return np.bincount(number[both], minlength=files)


def _paired(tree: Tree, names: Names, number: Rows, person: Rows, garment: Rows) -> Flags:
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
