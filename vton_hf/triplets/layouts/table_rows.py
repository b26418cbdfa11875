"""Rows of tables whose columns hold the paths of the three images."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import IMAGE_ENDING, ROLES
from vton_hf.triplets import audit as reasons
from vton_hf.triplets.arrow_text import cut, edges, joined_tables, names_in
from vton_hf.triplets.build_manifest import TripletRows
from vton_hf.triplets.facts import with_facts
from vton_hf.triplets.keys import CLOTH as CLOTH_CODE
from vton_hf.triplets.keys import Keys, read_folders
from vton_hf.triplets.layouts.columns import names_of, uris_of
from vton_hf.triplets.layouts.found import Found
from vton_hf.triplets.layouts.layout import CLOTH, INITIAL, KINDS, TRY_ON, Layout
from vton_hf.triplets.layouts.match import Matched, Paths, Rows, match
from vton_hf.triplets.layouts.paths import Listed
from vton_hf.triplets.layouts.strangers import strangers
from vton_hf.triplets.layouts.table_columns import TableFile, columns_for, further_columns, is_text, texts_in

Flags = NDArray[np.bool_]
_NONE: Final = pa.scalar(None, pa.string())


def find_table_rows(
    listing: pa.Table, paths: Paths, layout: Layout, files: Sequence[TableFile], hidden: Flags
) -> Found:
    """Make rows of some tables.

    Args:
        listing: Where their paths lead: `uri`, `size` and `etag`, sorted by `uri`.
        paths: Its URIs, cut.
        layout: Which columns hold them, and what lies beside the images.
        files: The tables.
        hidden: [n], whether a key of the listing is one that nobody meant to be read.

    Raises:
        LayoutError: If a table has no column for person or garment.
    """
    free = ~hidden
    further = {name: match(paths, patterns, free) for name, patterns in layout.columns.items()}
    tables = [_Table(listing, layout, file, further) for file in files]
    rows = TripletRows.joined([table.rows() for table in tables])
    columns = joined_tables([table.columns() for table in tables])
    left_out = [part for table in tables for part in table.left_out()]
    first, start = _firsts(rows), 0
    for table in tables:
        again = table.kept[~first[start : start + len(table.kept)]]
        left_out.append(of_table(table.file.uri, again, reasons.REPEATED_LINE, "names the same pictures again"))
        start += len(table.kept)
    for each in further.values():
        free[each.row] = False
    rest = free & ~pc.is_in(listing["uri"], pa.array([file.uri for file in files])).to_numpy()
    rest &= ~np.logical_or.reduce([table.seen for table in tables])
    pictures = rest & pc.match_substring_regex(listing["uri"], rf"{IMAGE_ENDING}$").to_numpy()
    left_out += strangers(listing, rest & ~pictures, hidden)
    left_out.append(reasons.rows_of(reasons.NOT_LISTED, listing["uri"].filter(pa.array(pictures))))
    remarks = [f"{file.uri.rpartition('/')[2]} has {file.table.rows.num_rows:,} rows" for file in files]
    splits = any(file.splits for file in files)
    return Found(_with_several(rows.where(first)), columns.filter(pa.array(first)), left_out, remarks, splits)


class _Table:
    """The rows of one table.

    Attributes:
        file: Which.
        kept: The numbers of its rows, from 0, that become rows; a row with several garments stands there as often.
    """

    @property
    def seen(self) -> Flags:
        """Whether each key of the listing is named by it."""
        return self._listed.seen

    def __init__(self, listing: pa.Table, layout: Layout, file: TableFile, further: Mapping[str, Matched]) -> None:
        self.file, self._further = file, further
        self._listing = listing
        self._used = columns_for(layout, file)
        self._listed = Listed(listing["uri"], file.bases)
        table = file.table.rows
        names = self._used[CLOTH]
        garments = [texts_in(table, name, file.uri) for name in names]
        self._source = np.tile(np.arange(table.num_rows), len(names))
        self._which = np.repeat(np.arange(len(names)), table.num_rows)
        paths = {CLOTH: pa.concat_arrays(garments)}
        if len(names) > 1:
            there = np.flatnonzero(pc.is_valid(paths[CLOTH]).to_numpy(zero_copy_only=False))
            self._source, self._which = self._source[there], self._which[there]
            paths[CLOTH] = paths[CLOTH].take(pa.array(there))
        at = pa.array(self._source)
        for role in (INITIAL, TRY_ON):
            columns = [texts_in(table, name, file.uri) for name in self._used.get(role, ())]
            paths[role] = pc.coalesce(*columns).take(at) if columns else pa.nulls(len(at), pa.string())
        self._paths = paths
        # All at once: whoever looks something up first makes an index of all keys.
        rows = self._listed.rows(pa.concat_arrays(list(paths.values())))
        self._found = dict(zip(paths, np.split(rows, len(paths)), strict=True))
        self._sort_out()

    def _sort_out(self) -> None:
        """Which rows have all that they name, and what kind they are."""
        given = {role: pc.is_valid(column).to_numpy(zero_copy_only=False) for role, column in self._paths.items()}
        size = self._listing["size"].to_numpy()
        lacking = np.stack([given[role] & (self._found[role] < 0) for role in ROLES])
        self._nothing = ~given[CLOTH] | ~(given[INITIAL] | given[TRY_ON])
        self._missing = lacking.any(axis=0) & ~self._nothing
        there = ~self._missing & ~self._nothing
        bad = np.stack([_at(size, self._found[role], 1) <= 0 for role in ROLES]).any(axis=0) & there
        self._bad = bad
        self._rows = np.flatnonzero(there & ~bad)
        self.kept: Rows = self._source[self._rows]
        derived = np.where(given[TRY_ON], np.where(given[INITIAL], KINDS[0], KINDS[1]), KINDS[2])
        kind = np.full(len(derived), KINDS[2]) if self.file.unpaired else derived
        self._kind = pa.array(kind[self._rows].astype(object), pa.string())
        stated = self._stated("kind")
        if stated is not None:
            self._kind = pc.if_else(pc.fill_null(pc.is_in(stated, pa.array(KINDS)), False), stated, self._kind)

    def _stated(self, name: str) -> pa.Array | None:
        """A column of texts of the table in line with the rows that are kept."""
        table = self.file.table.rows
        if name not in table.column_names or not is_text(table[name]):
            return None
        return pc.utf8_trim_whitespace(table[name].combine_chunks().cast(pa.string())).take(pa.array(self.kept))

    def rows(self) -> TripletRows:
        """Which images make them."""
        person, garment, target = (self._found[role][self._rows] for role in ROLES)
        unpaired = pc.equal(self._kind, KINDS[2]).to_numpy(zero_copy_only=False)
        person = np.where(unpaired & (person < 0), target, person)
        target = np.where(unpaired, -1, target)
        folders, stem = self._cut(np.where(target < 0, person, target))
        _, of_file = self._cut(garment)
        if len(self._used[CLOTH]) > 1:
            # A shirt and a shoe of one number are two garments.
            kinds = pa.array(self._used[CLOTH]).take(pa.array(self._which[self._rows]))
            of_file = pc.binary_join_element_wise(kinds, of_file, "/")
        coded = folders.dictionary_encode()
        keys = Keys(
            garment,
            coded.indices.to_numpy(),
            np.full(len(garment), CLOTH_CODE, np.int8),
            self._stated_or("stem", stem),
            self._stated_or("garment", of_file),
            np.zeros(len(garment), bool),
            read_folders(coded.dictionary),
        )
        stated = {name: column for name in ("difficulty", "gender") if (column := self._stated(name)) is not None}
        keys = with_facts(keys, stated, first=True) if stated else keys
        return TripletRows(keys, person, target, np.zeros(len(garment), bool), np.ones(len(garment), bool))

    def _cut(self, rows: Rows) -> tuple[pa.StringArray, pa.StringArray]:
        """Folder and name, without its ending, of some keys."""
        uris = self._listing["uri"].take(pa.array(rows)).combine_chunks()
        names = names_in(uris)
        name = cut(uris, names, edges(uris)[1:])
        return cut(uris, edges(uris)[:-1], names), pc.replace_substring_regex(name, r"(.)\.[^.]*$", r"\1")

    def _stated_or(self, name: str, otherwise: pa.Array) -> pa.Array:
        stated = self._stated(name)
        return otherwise if stated is None else pc.coalesce(stated, otherwise)

    def columns(self) -> pa.Table:
        """`kind`, and what else the table says of them."""
        further = further_columns(self.file.table.rows, self._used, self._listed, self._listing["uri"])
        columns = {"kind": self._kind}
        columns |= {name: further[name].take(pa.array(self.kept)).combine_chunks() for name in further.column_names}
        if len(self._used[CLOTH]) > 1 and "category" not in columns:
            columns["category"] = pa.array(self._used[CLOTH]).take(pa.array(self._which[self._rows]))
        if not self._further:
            return pa.table(columns)
        keys = self.rows().garments
        names = names_of(keys.stem, keys.garment)
        for name, files in self._further.items():
            found = pa.nulls(len(self.kept), pa.string())
            for base in self.file.bases:
                places = pa.repeat(pa.scalar(base, pa.string()), len(self.kept))
                found = pc.coalesce(found, uris_of(self._listing, files, (), places, names))
            columns[name] = found
        return pa.table(columns)

    def left_out(self) -> list[pa.Table]:
        """Rows of an audit: those of the table that become none, and objects that are of no use to it."""
        first = pa.nulls(len(self._source), pa.string())
        for role in ROLES:
            lacking = pa.array(self._found[role] < 0)
            first = pc.coalesce(first, pc.if_else(lacking, self._paths[role], _NONE))
        missing, nothing = np.flatnonzero(self._missing), np.flatnonzero(self._nothing)
        names = pc.binary_join_element_wise("names", first.take(pa.array(missing)), " ")
        unreadable = pa.table({"detail": pa.array(list(self.file.table.unreadable), pa.string())})
        return [
            of_table(self.file.uri, self._source[missing], reasons.MISSING_FILE, names),
            of_table(self.file.uri, self._source[nothing], reasons.UNREADABLE_LINE, "names no person or no garment"),
            reasons.rows_of(reasons.UNREADABLE_LINE, self.file.uri, unreadable["detail"]),
            *self._unusable(),
        ]

    def _unusable(self) -> list[pa.Table]:
        found = np.concatenate([rows[self._bad] for rows in self._found.values()])
        sizes = self._listing["size"].to_numpy()
        rows = np.unique(found[found >= 0])
        rows = rows[sizes[rows] <= 0]
        parts = []
        for reason, some in ((reasons.UNREADABLE, rows[sizes[rows] < 0]), (reasons.ZERO_BYTES, rows[sizes[rows] == 0])):
            folders, stems = self._cut(some)
            uris, why = self._listing["uri"].take(pa.array(some)), self._listing["etag"].take(pa.array(some))
            detail = why if reason == reasons.UNREADABLE else ""
            parts.append(reasons.rows_of(reason, uris, detail, folders, stems))
        return parts


def of_table(uri: str, rows: Rows, reason: str, detail: pa.Array | str) -> pa.Table:
    """Rows of an audit that name a table and its row, from 1."""
    number = pa.array(rows + 1).cast(pa.string())
    stem = pc.binary_join_element_wise("row", number, " ")
    return reasons.rows_of(reason, uri, pc.binary_join_element_wise(stem, detail, " "), "", stem)


def _at(values: NDArray[np.int64], rows: Rows, otherwise: int) -> NDArray[np.int64]:
    """Values at some rows; another one where there is no row."""
    taken: NDArray[np.int64] = np.where(rows < 0, otherwise, values[rows])
    return taken


def _with_several(rows: TripletRows) -> TripletRows:
    """The same rows, which know whether another one has their stem."""
    identity = rows.garments.identity().dictionary_encode().indices.to_numpy()
    return replace(rows, several=np.bincount(identity, minlength=1)[identity] > 1)


def _firsts(rows: TripletRows) -> Flags:
    """Whether no row before is made of the same images."""
    images = np.stack([rows.persons, rows.garments.row, rows.targets], axis=1)
    first = np.zeros(len(images), bool)
    first[np.unique(images, axis=0, return_index=True)[1]] = True
    return first
