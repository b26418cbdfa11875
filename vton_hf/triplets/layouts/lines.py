"""Rows that files of pairs name, and an account of the lines and pictures of which nothing becomes."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import ROLES
from vton_hf.triplets import audit as reasons
from vton_hf.triplets.build_manifest import TripletRows
from vton_hf.triplets.group import left_out_rows
from vton_hf.triplets.keys import CLOTH as CLOTH_CODE
from vton_hf.triplets.keys import Keys
from vton_hf.triplets.layouts.found import Part
from vton_hf.triplets.layouts.images import Tree
from vton_hf.triplets.layouts.layout import CLOTH, INITIAL, KINDS, TRY_ON
from vton_hf.triplets.layouts.match import Rows
from vton_hf.triplets.layouts.named import SEVERAL
from vton_hf.triplets.layouts.pairs import Pairs

Flags = NDArray[np.bool_]
_SHOWN: Final = 3


class Lines:
    """What becomes of the lines of pair files.

    Args:
        listing: Of the tree.
        tree: Its images.
        keys: The same, in the listing's order.
        pairs: Its lines.
        kind: What a line is whose person wears the garment: `"pair"`, or `"triplet"`, which needs an initial image.

    Attributes:
        covered: For each of the keys' folders, whether a line names a person in it.
    """

    def __init__(self, listing: pa.Table, tree: Tree, keys: Keys, pairs: Pairs, kind: str) -> None:
        self._listing, self._tree, self._keys, self._pairs, self._kind = listing, tree, keys, pairs, kind
        self._size = listing["size"].to_numpy()
        self._person = _rows(tree, TRY_ON, pairs.person)
        self._garment = _rows(tree, CLOTH, pairs.garment)
        # Where each row of the listing stands among the keys.
        self._at = np.full(listing.num_rows, -1, np.int64)
        self._at[keys.row] = np.arange(len(keys.row))
        self._there = (self._person >= 0) & (self._garment >= 0)
        self._first = _firsts(self._person, self._garment, self._there)
        usable = (self._size[self._person] > 0) & (self._size[self._garment] > 0) if len(self._size) else self._there
        self._sound = self._there & usable
        self._initial = self._initial_images()
        self._lacking = self._sound & pairs.paired & (self._initial < 0) & (kind == KINDS[0])
        self._sound &= ~self._lacking
        self._kept = np.flatnonzero(self._first & self._sound)
        self.covered: Flags = np.zeros(keys.folders.num_rows, bool)
        self.covered[keys.folder[self._at[self._person[self._person >= 0]]]] = True
        self.covered |= self._covered_in_vain()

    def _covered_in_vain(self) -> Flags:
        """Folders of which a list says the pairs, and none of them is there: nothing else pairs their images then."""
        covered = np.zeros(self._keys.folders.num_rows, bool)
        number, lists = self._pairs.lines["list"].to_numpy(), self._tree.lists
        found = np.bincount(number[self._person >= 0], minlength=len(lists))
        says = np.bincount(number, minlength=len(lists)) + list(map(len, self._pairs.unreadable))
        for index in np.flatnonzero((found == 0) & (says > 0)).tolist():
            covered |= pc.starts_with(self._keys.folders["folder"], self._tree.folder_of(lists[index])).to_numpy()
        return covered

    @property
    def part(self) -> Part:
        """The rows."""
        kept, pairs = self._kept, self._pairs
        person, garment, paired = self._person[kept], self._garment[kept], pairs.paired[kept]
        of_person, of_garment = self._keys.take(self._at[person]), self._keys.take(self._at[garment])
        named = pc.not_equal(of_person.stem, of_garment.garment).to_numpy(zero_copy_only=False)
        garments = Keys(
            garment,
            of_person.folder,
            np.full(len(kept), CLOTH_CODE, np.int8),
            of_person.stem,
            of_garment.garment,
            np.zeros(len(kept), bool),
            self._keys.folders,
        )
        initial = self._initial[kept]
        # Of a pair set it would be the person without the clothes, which says less than the person as she is.
        before = np.where((initial < 0) | (self._kind != KINDS[0]), person, initial)
        rows = TripletRows(garments, np.where(paired, initial, before), np.where(paired, person, -1), named, named)
        at = pa.array(kept)
        kind = pc.if_else(pa.array(paired), self._kind, KINDS[2])
        split, category = (pairs.lines[name].take(at).combine_chunks() for name in ("split", "category"))
        return Part(rows, person, kind, split, category)

    def _initial_images(self) -> Rows:
        """The initial image of each line's person; -1 where there is none of use."""
        keys = self._keys
        initial: Rows = np.full(len(self._person), -1, np.int64)
        known = keys.take(np.flatnonzero((keys.role == ROLES.index(INITIAL)) & (self._size[keys.row] > 0)))
        if len(known.row):
            lines = np.flatnonzero(self._there)
            persons = keys.take(self._at[self._person[lines]])
            found = pc.fill_null(pc.index_in(persons.identity(), value_set=known.identity()), -1).to_numpy()
            initial[lines] = np.where(found < 0, -1, known.row[found])
        return initial

    def remarks(self) -> list[str]:
        """What files name, each or all together, as parts of a sentence."""
        number, names = self._pairs.lines["list"].to_numpy()[self._kept], [_name(each.uri) for each in self._tree.lists]
        remarks = [
            f"{name} names {_counts(self._pairs.paired[self._kept[number == index]])}"
            for index, name in enumerate(names)
        ]
        if len(remarks) > _SHOWN:
            remarks = [f"{len(remarks):,} files of pairs name {_counts(self._pairs.paired[self._kept])}"]
        return remarks + [f"{names[index]} has the garment first" for index in sorted(self._pairs.turned)[:_SHOWN]]

    def left_out(self) -> list[pa.Table]:
        """Lines and pictures that are part of no row."""
        return [self._missing(), self._repeated(), self._unreadable(), *self._pictures()]

    def _of_lines(self, lines: Rows, reason: str, detail: pa.StringArray) -> pa.Table:
        """Rows of an audit that name the file and the line."""
        of_lines = self._pairs.lines.take(pa.array(lines))
        uris = pa.array([each.uri for each in self._tree.lists], pa.string()).take(of_lines["list"])
        number = of_lines["number"].cast(pa.string())
        columns = {
            "reason": pa.repeat(pa.scalar(reason, pa.string()), len(lines)),
            "uri": uris,
            "folder": of_lines["root"],
            "stem": of_lines["person"],
            "detail": pc.binary_join_element_wise("line", number, detail, " "),
        }
        return pa.table(columns, schema=reasons.SCHEMA)

    def _missing(self) -> pa.Table:
        lines = np.flatnonzero(~self._there)
        of_lines = self._pairs.lines.take(pa.array(lines))
        no_person, no_garment = (pa.array(rows[lines] < 0) for rows in (self._person, self._garment))
        both = pc.binary_join_element_wise(of_lines["person"], of_lines["garment"], " and ")
        one = pc.if_else(no_person, of_lines["person"], of_lines["garment"])
        different = pc.not_equal(of_lines["person"], of_lines["garment"])
        names = pc.if_else(pc.and_(pc.and_(no_person, no_garment), different), both, one)
        several = np.minimum(self._pairs.person, self._pairs.garment)[lines] == SEVERAL
        why = pc.if_else(pa.array(several), ", and there are several of that name", "")
        names = pc.binary_join_element_wise(names, why, "")
        return self._of_lines(lines, reasons.MISSING_FILE, pc.binary_join_element_wise("names", names, " "))

    def _repeated(self) -> pa.Table:
        lines = np.flatnonzero(self._there & ~self._first)
        of_lines = self._pairs.lines.take(pa.array(lines))
        names = pc.binary_join_element_wise("names", of_lines["person"], "and", of_lines["garment"], "again", " ")
        return self._of_lines(lines, reasons.REPEATED_LINE, names)

    def _unreadable(self) -> pa.Table:
        rows = [
            (reasons.UNREADABLE_LINE, where.uri, "", "", f"line {number}")
            for where, numbers in zip(self._tree.lists, self._pairs.unreadable, strict=True)
            for number in numbers
        ]
        columns = zip(*rows, strict=True) if rows else [[]] * len(reasons.SCHEMA)
        return pa.table([pa.array(list(column), pa.string()) for column in columns], schema=reasons.SCHEMA)

    def _pictures(self) -> Iterator[pa.Table]:
        """Pictures of persons and garments, in folders that lines name, which are part of no row."""
        keys, size = self._keys, self._size[self._keys.row]
        used = np.zeros(len(self._size), bool)
        used[self._person[self._kept]] = used[self._garment[self._kept]] = True
        here = self.covered[keys.folder]
        denied, empty = keys.where(here & (size < 0)), keys.where(here & (size == 0))
        why = self._listing["etag"].take(pa.array(denied.row)).combine_chunks()
        yield left_out_rows(self._listing, denied, reasons.UNREADABLE, why)
        yield left_out_rows(self._listing, empty, reasons.ZERO_BYTES)
        blamed = np.zeros(len(self._size), bool)
        unsound = self._there & ~self._sound
        blamed[self._person[unsound]] = blamed[self._garment[unsound]] = True
        left = here & (size > 0) & ~used[keys.row] & (keys.role != ROLES.index(INITIAL))
        alone = np.zeros(len(self._size), bool)
        alone[self._person[self._lacking]] = alone[self._garment[self._lacking]] = True
        lacking = keys.where(left & alone[keys.row])
        detail = pa.repeat(pa.scalar(f"missing {INITIAL}", pa.string()), len(lacking.row))
        yield left_out_rows(self._listing, lacking, reasons.INCOMPLETE, detail)
        left &= ~alone[keys.row]
        because = keys.where(left & blamed[keys.row])
        detail = pa.repeat(pa.scalar("the other picture of its pair", pa.string()), len(because.row))
        yield left_out_rows(self._listing, because, reasons.ZERO_BYTES, detail)
        yield left_out_rows(self._listing, keys.where(left & ~blamed[keys.row]), reasons.NOT_LISTED)


def _name(uri: str) -> str:
    return uri.rpartition("/")[2]


def _counts(paired: Flags) -> str:
    counts = ((int(paired.sum()), "paired"), (int((~paired).sum()), "unpaired"))
    return " and ".join(f"{count:,} {kind}" for count, kind in counts if count) or "nothing"


def _rows(tree: Tree, role: str, places: Rows) -> Rows:
    """Rows of the listing; -1 where there is no picture."""
    of_role = tree.images[role].row
    rows: Rows = np.where(places < 0, -1, of_role[places]) if len(of_role) else np.full(len(places), -1, np.int64)
    return rows


def _firsts(person: Rows, garment: Rows, there: Flags) -> Flags:
    """Whether no line before names the same two pictures."""
    codes = person * (garment.max(initial=0) + 1) + garment
    firsts = np.zeros(len(codes), bool)
    lines = np.flatnonzero(there)
    firsts[lines[np.unique(codes[lines], return_index=True)[1]]] = True
    return firsts
