"""A table of users that says more of triplets: joined by key, stem or file name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.checks import did_you_mean
from vton_hf._core.digests import digest
from vton_hf._core.units import number
from vton_hf.errors import ConfigError, LayoutError
from vton_hf.naming import ROLES
from vton_hf.triplets.arrow_text import tails
from vton_hf.triplets.facts import FACTS
from vton_hf.triplets.layouts import read_table, usual_splits

JOINED_BY: Final = ("key", "stem", "file_name")
GARMENT_ID: Final = "garment_id"
"""What a table's column `garment` is called among the columns of triplets."""

_OWN: Final = (*ROLES, *JOINED_BY, "garment", *FACTS)
"""Columns that rows have anyway: of these a table only fills in what keys do not say of `FACTS`."""


@dataclass(frozen=True)
class Metadata:
    """A table, and the column that says which triplet a row is about.

    Attributes:
        table: Its rows.
        by: One of `JOINED_BY`: the first that it has.
        name: The file's, for messages.
        unreadable: Lines of the file that are no rows.
        content: A name for what the file holds.
    """

    table: pa.Table
    by: str
    name: str
    unreadable: int
    content: str

    @classmethod
    def of(cls, data: bytes, name: str) -> "Metadata":
        """Read a table.

        Args:
            data: The file.
            name: Its name, whose ending says the format.

        Raises:
            LayoutError: If it cannot be read, or has no column to join by.
            ConfigError: If two rows say different things of the same.
        """
        read = read_table(data, name)
        table, there = read.rows, read.rows.column_names
        by = next((each for each in JOINED_BY if each in there), None)
        if by is None:
            hints = [hint for column in there if (hint := did_you_mean(column, JOINED_BY))]
            raise LayoutError(
                f"metadata={name!r} has no column to join by; it has {', '.join(there)}. Call one of them "
                f"{', '.join(JOINED_BY[:-1])} or {JOINED_BY[-1]}.{hints[0] if hints else ''}"
            )
        table = table.set_column(there.index(by), by, table[by].cast(pa.string())).filter(pc.is_valid(table[by]))
        return cls(_without_repeats(table, by, name), by, name, len(read.unreadable), digest(data))

    @cached_property
    def given(self) -> tuple[str, ...]:
        """Which of `FACTS` it says; by key it says none, since they are part of that."""
        return () if self.by == "key" else tuple(name for name in FACTS if name in self.table.column_names)

    def facts(self, places: NDArray[np.int64]) -> dict[str, pa.Array]:
        """What it says of some triplets, by `places`."""
        return {name: self._taken(name, places) for name in self.given}

    def columns(self, places: NDArray[np.int64]) -> pa.Table | None:
        """The columns that come along; None if there are none."""
        names = [name for name in self.table.column_names if name not in _OWN]
        columns = {name: self._taken(name, places) for name in names}
        if "garment" in self.table.column_names and GARMENT_ID not in columns:
            # Rows have a garment of their own, which is what their key says.
            columns[GARMENT_ID] = self._taken("garment", places)
        if "split" in columns and pa.types.is_string(columns["split"].type):
            columns["split"] = usual_splits(columns["split"])
        return pa.table(columns) if columns else None

    def places(self, stems: pa.Array, uris: Sequence[pa.Array], keys: pa.Array | None = None) -> NDArray[np.int64]:
        """The row about each of some triplets; -1 where there is none.

        Args:
            stems: Theirs.
            uris: Of each role, null where there is no image.
            keys: Theirs; None while they have none yet.
        """
        known = self.table[self.by].combine_chunks()
        if self.by == "file_name":
            return _by_file(known, uris)
        wanted = keys if self.by == "key" else stems
        if wanted is None:
            return np.full(len(stems), -1, np.int64)
        return _index(wanted, known)

    def note(self, places: NDArray[np.int64]) -> str:
        """How many triplets and rows have no counterpart, as a sentence; empty if all have.

        Raises:
            LayoutError: If none has one.
        """
        silent, used = int((places < 0).sum()), len(np.unique(places[places >= 0]))
        if not used and len(places):
            shown = ", ".join(map(repr, self.table[self.by].slice(0, 3).to_pylist()))
            raise LayoutError(
                f"metadata={self.name!r} says nothing of any triplet: its column {self.by!r} holds such as {shown}."
            )
        idle = self.table.num_rows - used
        parts = [f"says nothing of {silent:,} of {len(places):,} triplets" if silent else ""]
        parts += [f"has {number(idle, 'row')} that are about no triplet" if idle else ""]
        parts += [f"has {number(self.unreadable, 'line')} that could not be read" if self.unreadable else ""]
        text = ", ".join(filter(None, parts))
        return f"metadata={self.name!r} {text}." if text else ""

    def _taken(self, name: str, places: NDArray[np.int64]) -> pa.Array:
        column = self.table[name].combine_chunks()
        column = column.cast(pa.string()) if name in FACTS else column
        return column.take(pa.array(places, mask=places < 0))


def _index(wanted: pa.Array, known: pa.Array) -> NDArray[np.int64]:
    found: NDArray[np.int64] = pc.fill_null(pc.index_in(wanted, value_set=known), -1).to_numpy().astype(np.int64)
    return found


def _by_file(known: pa.Array, uris: Sequence[pa.Array]) -> NDArray[np.int64]:
    """By the name of any of the three files, or, of rows that hold a path, by the end of its URI."""
    found = np.full(len(uris[0]), -1, np.int64)
    known = pc.replace_substring_regex(pc.replace_substring(known, "\\", "/"), r"^(?:\./)+", "")
    depths = np.unique(pc.count_substring(known, "/").to_numpy())
    person, garment, target = uris
    # Whose garment it is says less than who wears it: the one of an unpaired row is another's.
    for column in (target, person, garment):
        texts = pc.fill_null(column, "")
        for depth in depths.tolist():
            at = _index(tails(texts, depth), known)
            found = np.where(found < 0, at, found)
    return found


def _without_repeats(table: pa.Table, by: str, name: str) -> pa.Table:
    counts = pc.value_counts(table[by])
    repeated = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1))
    if not len(repeated):
        return table
    values = pc.struct_field(repeated, "values")
    first: dict[str, Any] = {}
    for row in table.filter(pc.is_in(table[by], value_set=values)).to_pylist():
        if first.setdefault(row[by], row) != row:
            raise ConfigError(
                f"metadata={name!r} says two things of {by} {row[by]!r}: {first[row[by]]} and {row}. "
                f"Keep one row of each."
            )
    codes = table[by].combine_chunks().dictionary_encode().indices.to_numpy()
    return table.take(pa.array(np.sort(np.unique(codes, return_index=True)[1])))
