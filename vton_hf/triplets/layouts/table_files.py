"""Where the tables of a layout lie: below the prefixes, at a URI, or on this machine."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.checks import did_you_mean
from vton_hf.errors import LayoutError
from vton_hf.triplets.layouts.layout import Layout
from vton_hf.triplets.layouts.match import Paths
from vton_hf.triplets.layouts.pairs import Read
from vton_hf.triplets.layouts.patterns import SPLITS, Pattern
from vton_hf.triplets.layouts.table_columns import TableFile
from vton_hf.triplets.layouts.tables import FORMATS, UserTable, read_table


def tables_below(uris: pa.ChunkedArray, paths: Paths, layout: Layout) -> list[str]:
    """The URIs of a listing that a layout means by its tables, in its order."""
    found = []
    for text in layout.table:
        if _is_path(text):
            continue
        pattern = Pattern.of(text, "table", image=False)
        rows = np.flatnonzero(pc.match_substring_regex(paths.name, pattern.name).to_numpy())
        folders = [(row, paths.folders[int(paths.folder[row])].as_py()) for row in rows.tolist()]
        found += [uris[row].as_py() for row, folder in folders if re.fullmatch(pattern.folder, folder)]
    return list(dict.fromkeys(found))


def read_tables(
    uris: pa.ChunkedArray, paths: Paths, layout: Layout, prefixes: Sequence[str], read: Read
) -> list[TableFile]:
    """Read the tables of a layout.

    Args:
        uris: Of a listing.
        paths: The same, cut.
        layout: With a table.
        prefixes: Which paths in it may be relative to, beside its own folder.
        read: Gives the bytes of some URIs.

    Raises:
        LayoutError: If there is none, or it cannot be read.
    """
    below = tables_below(uris, paths, layout)
    below += [text for text in layout.table if "://" in text]
    here = [] if below else [path for text in layout.table if (path := Path(text).expanduser()).is_file()]
    if not below and not here:
        raise LayoutError(_no_table(paths, layout))
    bases = [prefix if prefix.endswith("/") else f"{prefix}/" for prefix in prefixes]
    files = zip(below, read(below), strict=True) if below else ()
    return [
        *(_file(uri, data, layout, [uri.rpartition("/")[0] + "/", *bases]) for uri, data in files),
        *(
            _file(f"file://{path.absolute()}", path.read_bytes(), layout, [*bases, f"file://{path.absolute().parent}/"])
            for path in here
        ),
    ]


def _is_path(text: str) -> bool:
    return "://" in text or text.startswith(("/", "~", "."))


def _file(uri: str, data: bytes, layout: Layout, bases: Sequence[str]) -> TableFile:
    table = read_table(data, uri)
    folder, _, name = uri.rpartition("/")
    split = _split(layout, folder, name)
    splits = bool(split) and "split" not in table.rows.column_names
    if splits:
        column = pa.repeat(pa.scalar(split, pa.string()), table.rows.num_rows)
        table = UserTable(table.rows.append_column("split", column), table.unreadable)
    unpaired = any(re.fullmatch(pattern.name, name) for pattern in layout.unpaired)
    return TableFile(uri, table, bases, unpaired, splits)


def _split(layout: Layout, folder: str, name: str) -> str:
    """The split that a table's name, or its folder, stands for; empty if for none."""
    for text in layout.table:
        match = None if _is_path(text) else re.fullmatch(Pattern.of(text, "table", image=False).name, name)
        if match and "split" in match.groupdict():
            return SPLITS[match["split"].lower()]
    names = (name.partition(".")[0].lower(), folder.rpartition("/")[2].lower())
    return next((SPLITS[each] for each in names if each in SPLITS), "")


def _no_table(paths: Paths, layout: Layout) -> str:
    is_table = pc.match_substring_regex(paths.name, rf"(?i)\.(?:{'|'.join(FORMATS)})$")
    there = pc.unique(paths.name.filter(is_table)).to_pylist()
    hint = did_you_mean(layout.table[0].rpartition("/")[2], there) or (
        f" There {'is' if len(there) == 1 else 'are'} {', '.join(there[:3])}." if there else ""
    )
    wanted = ", ".join(layout.table)
    return f"Layout {str(layout)!r} reads {wanted}, and no such file lies below the prefixes or on this machine.{hint}"
