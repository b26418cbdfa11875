"""Tables of users: CSV, TSV, JSON, JSON Lines and Parquet, read as they were meant."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from vton_hf.errors import LayoutError
from vton_hf.triplets.layouts.lists import decoded

FORMATS: Final = ("csv", "tsv", "jsonl", "ndjson", "json", "parquet")
NAMES: Final = ("key", "stem", "file_name", "garment", "difficulty", "gender", "kind", "split", "category")
"""Columns of names: texts, whatever they look like."""

_INT: Final = r"^-?(?:0|[1-9][0-9]{0,17})$"
# A float holds 15 digits; a longer number is somebody's name.
_FLOAT: Final = r"^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,3})?$"
_BOOL: Final = r"^(?:[Tt]rue|[Ff]alse)$"


@dataclass(frozen=True, slots=True)
class UserTable:
    """A table, and the lines of its file that are no rows of it.

    Attributes:
        rows: Its columns, texts without a value null.
        unreadable: What such lines hold.
    """

    rows: pa.Table
    unreadable: tuple[str, ...] = ()


def read_table(data: bytes, name: str) -> UserTable:
    """Read a table by the ending of its name.

    Numbers without a leading zero become numbers, all else stays the text that it is: `001` is no 1. Columns of names,
    such as `stem`, are texts, whatever they hold.

    Args:
        data: The file.
        name: Its name, for its format and for messages.

    Raises:
        LayoutError: If it is no such table.
    """
    kind = name.rpartition(".")[2].lower()
    if kind not in FORMATS:
        raise LayoutError(f"{name} cannot be read as a table. Allowed are {', '.join(f'.{each}' for each in FORMATS)}.")
    try:
        if kind == "parquet":
            table = UserTable(pq.read_table(pa.BufferReader(data)))
        else:
            table = (
                _separated(decoded(data), "," if kind == "csv" else "\t")
                if kind in ("csv", "tsv")
                else _json(decoded(data))
            )
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise LayoutError(f"{name} cannot be read as a table: {str(error).splitlines()[0]}") from None
    return UserTable(_plain(table.rows), table.unreadable)


def _plain(table: pa.Table) -> pa.Table:
    """Columns of the types that rows may have: of values that are coded or long the usual type, of names texts."""
    columns = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        kind = column.type
        scalar = not pa.types.is_nested(kind)
        if (scalar and name in NAMES) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            column = column.cast(pa.string())
        columns[name] = column
    return pa.table(columns)


def _separated(text: str, delimiter: str) -> UserTable:
    """A table in lines, all of it as texts first: what looks like a number may be a name."""
    if not text.strip():
        return UserTable(pa.table({}))
    odd: list[str] = []

    def note(row: Any) -> str:
        odd.append(row.text)
        return "skip"

    head = next(line for line in text.split("\n") if line.strip())
    if delimiter == "," and head.count(";") > head.count(","):
        delimiter = ";"
    # As they stand, for Arrow, which keeps blanks around them.
    names = next(row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if "".join(row).strip())
    table = pa_csv.read_csv(
        pa.BufferReader(text.encode()),
        read_options=pa_csv.ReadOptions(use_threads=False),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=note, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )
    names = [name.strip() for name in table.column_names]
    if len(set(names)) < len(names):
        raise ValueError(f"it has two columns of one name: {', '.join(names)}")
    table = table.rename_columns(names)
    return UserTable(pa.table({name: _typed(name, _trimmed(table[name])) for name in table.column_names}), tuple(odd))


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_trim_whitespace(column.cast(pa.string()))


def _typed(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers and truths as such, if all values are; names are none."""
    values = column.drop_null()
    for pattern, kind in () if name in NAMES else ((_INT, pa.int64()), (_FLOAT, pa.float64()), (_BOOL, pa.bool_())):
        if len(values) and pc.all(pc.match_substring_regex(values, pattern)).as_py():
            texts = pc.utf8_lower(column) if kind == pa.bool_() else column
            return texts.cast(kind)
    return column


def _json(text: str) -> UserTable:
    """An object a line, or a list of objects, or a dictionary whose one list of objects it is."""
    stripped = text.strip()
    if stripped.startswith("["):
        return UserTable(_of_rows(json.loads(stripped)))
    if (quick := _texts_alone(stripped)) is not None:
        return UserTable(quick)
    lines = [line for line in stripped.split("\n") if line.strip()]  # other ends of lines may stand in texts
    try:
        return UserTable(_of_rows(json.loads(f"[{','.join(lines)}]")))
    except ValueError:
        pass
    good, odd = [], []
    for line in lines:
        try:
            good.append(json.loads(line))
        except ValueError:
            odd.append(line)
    if not good:
        raise ValueError("it is no JSON, and none of its lines is")
    return UserTable(_of_rows(good), tuple(odd))


def _texts_alone(text: str) -> pa.Table | None:
    """An object a line, all of whose values are texts, by Arrow; None if they are not.

    600,000 lines of four texts: 0.3 s instead of 1.4. Arrow is told that they are texts: it would make dates of some.
    """
    try:
        first = json.loads(text.partition("\n")[0])
        names = list(first) if all(isinstance(value, str) for value in first.values()) else []
    except (ValueError, AttributeError):
        return None
    if not names:
        return None
    schema = pa.schema(dict.fromkeys(names, pa.string()))
    how = pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    try:
        table = pa_json.read_json(pa.BufferReader(text.encode()), pa_json.ReadOptions(use_threads=False), how)
    except pa.ArrowInvalid:
        return None
    return pa.table({name: _column_of_texts(table[name]) for name in names})


def _column_of_texts(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pc.if_else(pc.equal(whole, ""), None, whole)


def _of_rows(rows: list[Any]) -> pa.Table:
    if not all(isinstance(row, Mapping) for row in rows):
        raise ValueError("it holds something else than objects with names and values")
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> pa.Array:
    try:
        column = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        # Of several types, or longer than any number: as they are written.
        column = pa.array([value if value is None or isinstance(value, str) else json.dumps(value) for value in values])
    return pc.if_else(pc.equal(column, ""), None, column) if column.type == pa.string() else column
