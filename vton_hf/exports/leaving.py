"""Rows as they leave: all columns of an export, and nothing that names the bucket."""

from dataclasses import dataclass

import datasets
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.cache import TEXT_COLUMNS


@dataclass(frozen=True, eq=False)
class LeavingRows:
    """What rows leave with.

    Attributes:
        own: Their columns.
        prefixes: Where the triplets lie: what names a place below one is relative to it.
    """

    own: datasets.Features
    prefixes: tuple[str, ...]

    def leaving(self, table: pa.Table) -> pa.Table:
        """The rows without the directories of images' paths, and without prefixes, which would name the bucket."""
        columns: dict[str, pa.Array] = {}
        for name, feature in self.own.items():
            if name not in table.column_names:
                columns[name] = pa.nulls(table.num_rows, self.own.arrow_schema.field(name).type)
            elif isinstance(feature, datasets.Image):
                columns[name] = _with_names_only(table[name].combine_chunks())
            elif name in TEXT_COLUMNS or not pa.types.is_string(table[name].type):
                columns[name] = table[name]
            else:
                columns[name] = self._relative(table[name])
        return pa.table(columns).select(self.own.arrow_schema.names).cast(self.own.arrow_schema)

    def _relative(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        for prefix in self.prefixes:
            below = pc.starts_with(column, prefix)
            if pc.any(below).as_py():
                column = pc.if_else(below, pc.utf8_slice_codeunits(column, len(prefix)), column)
        return column


def _with_names_only(cells: pa.StructArray) -> pa.StructArray:
    names = pc.replace_substring_regex(pc.struct_field(cells, "path"), r"^.*/", "")
    absent = cells.is_null() if cells.null_count else None
    data = pc.struct_field(cells, "bytes")
    return pa.StructArray.from_arrays([data, names], names=["bytes", "path"], mask=absent)
