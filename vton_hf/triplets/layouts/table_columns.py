"""Which columns of a table hold the paths of images, and which come along as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.checks import did_you_mean
from vton_hf.errors import LayoutError
from vton_hf.naming import ROLES
from vton_hf.triplets.layouts.layout import CLOTH, INITIAL, TRY_ON, Layout
from vton_hf.triplets.layouts.paths import Listed
from vton_hf.triplets.layouts.patterns import SPLITS
from vton_hf.triplets.layouts.tables import UserTable

FILE_NAME: Final = "_file_name"
"""The ending of columns with paths, as `imagefolder` has it: `mask_file_name` becomes the column `mask`."""

_USUAL: Final = {TRY_ON: ("file_name",)}
OWN: Final = ("key", "kind", "stem", "garment", "difficulty", "gender")
"""Columns of which rows have their own."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """One table.

    Attributes:
        uri: Where it lies.
        table: What it holds.
        bases: Folders that its paths may be relative to.
        unpaired: Whether the layout says that its rows are no pairs.
        splits: Whether its name or its folder says a split.
    """

    uri: str
    table: UserTable
    bases: Sequence[str]
    unpaired: bool = False
    splits: bool = False


def columns_for(layout: Layout, file: TableFile) -> dict[str, tuple[str, ...]]:
    """By role the columns of a table that hold its paths.

    Raises:
        LayoutError: If a column that the layout names is not there, or there is none for person or garment.
    """
    there = file.table.rows.column_names
    chosen = {}
    for role in ROLES:
        named = layout.table_columns.get(role, ())
        # Of several that make rows each, a table may have some.
        present = tuple(name for name in named if name in there)
        if named and not present:
            raise LayoutError(
                f"{file.uri} has no column {named[0]!r}, which the layout {str(layout)!r} names for {role}."
                f"{did_you_mean(named[0], there)} It has {', '.join(there)}."
            )
        usual = (f"{role}{FILE_NAME}", role, *_USUAL.get(role, ()))
        columns = present or tuple(name for name in usual if name in there)[:1]
        if columns:
            chosen[role] = columns
    if CLOTH not in chosen or not {TRY_ON, INITIAL} & set(chosen):
        lacking = CLOTH if CLOTH not in chosen else TRY_ON
        raise LayoutError(
            f"{file.uri} has no column for {lacking}; it has {', '.join(there)}. Call columns {CLOTH}{FILE_NAME}, "
            f"{TRY_ON}{FILE_NAME} and {INITIAL}{FILE_NAME}, or say which they are: layout={{'table': "
            f"{file.uri.rpartition('/')[2]!r}, '{CLOTH}': 'COLUMN', '{TRY_ON}': 'COLUMN'}}."
        )
    return chosen


def further_columns(
    rows: pa.Table, used: Mapping[str, Sequence[str]], listed: Listed, uris: pa.ChunkedArray
) -> pa.Table:
    """The columns of a table that hold none of the three images; of `mask_file_name` the column `mask`, of URIs.

    Args:
        rows: Of the table.
        used: By role the columns that hold images.
        listed: Finds paths.
        uris: Of the listing.
    """
    taken = {*OWN, *(name for names in used.values() for name in names), "file_name"}
    columns = {}
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        if name.endswith(FILE_NAME) and name not in taken and is_text(column):
            found = listed.rows(column.cast(pa.string()))
            columns[name.removesuffix(FILE_NAME)] = uris.take(pa.array(found, mask=found < 0)).combine_chunks()
        elif name not in taken and name not in ROLES:
            columns[name] = column
    if "split" in columns and is_text(columns["split"]):
        columns["split"] = usual_splits(columns["split"])
    return pa.table(columns) if columns else rows.select([])


def usual_splits(column: pa.Array) -> pa.Array:
    """Splits by their usual names: `val` is `validation`; others stay."""
    coded = column.cast(pa.string()).dictionary_encode()
    known = [SPLITS.get(value.lower(), value) for value in coded.dictionary.to_pylist()]
    return pa.array(known, pa.string()).take(coded.indices)


def is_text(column: pa.Array) -> bool:
    """Whether a column holds texts, or nothing at all."""
    return bool(
        pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_null(column.type)
    )


def texts_in(table: pa.Table, name: str, uri: str) -> pa.StringArray:
    """A column of paths, without blanks around them; null where there is none.

    Raises:
        LayoutError: If it holds something else.
    """
    column = table[name].combine_chunks()
    if not is_text(column):
        raise LayoutError(f"Column {name!r} of {uri} holds {column.type}, no paths of images.")
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
