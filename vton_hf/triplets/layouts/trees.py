"""The rows of a listing by a layout that was asked for, or by the one that its folders and tables show."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from vton_hf._core.digests import digest
from vton_hf.errors import LayoutError
from vton_hf.triplets.layouts.found import Found
from vton_hf.triplets.layouts.images import hidden_of, read_tree
from vton_hf.triplets.layouts.layout import Layout
from vton_hf.triplets.layouts.match import Paths
from vton_hf.triplets.layouts.own_layouts import TABLE, own
from vton_hf.triplets.layouts.pairs import Read
from vton_hf.triplets.layouts.recognise import recognise
from vton_hf.triplets.layouts.rows import find_rows
from vton_hf.triplets.layouts.table_columns import columns_for
from vton_hf.triplets.layouts.table_files import read_tables, tables_below
from vton_hf.triplets.layouts.table_rows import find_table_rows


@dataclass(frozen=True, slots=True)
class Naming:
    """How images may be named.

    Attributes:
        layout: Their layout; None recognises it, prefix by prefix.
        prefixes: Below which they lie; a table's paths may be relative to them.
        read: Gives the bytes of files of pairs and tables; None knows the bucket's own grammar alone.
    """

    layout: Layout | None = None
    prefixes: Sequence[str] = ()
    read: Read | None = None

    def mark(self) -> str:
        """A name for the layout, and for what its tables hold that no listing shows.

        Raises:
            StorageError: If such a table cannot be read.
        """
        if self.layout is None:
            return ""
        away = [uri for uri in self.layout.table if "://" in uri and not uri.startswith(tuple(self.prefixes))]
        bodies = self.read(away) if away and self.read else ()
        return "\n".join([self.layout.mark(), *map(digest, bodies)])


@dataclass(frozen=True, slots=True)
class Where:
    """How trees are read.

    Attributes:
        prefixes: As of `Naming`.
        below: Those below which what is hidden is left out.
        cloth: What several garments for one stem mean, one of `CLOTH_RULES`.
        read: Gives the bytes of some URIs.
    """

    prefixes: Sequence[str]
    below: Sequence[str]
    cloth: str
    read: Read


def find_by_layout(listing: pa.Table, layout: Layout, where: Where) -> Found:
    """The rows of a listing that has one layout.

    Raises:
        LayoutError: If a table is not there, or says nothing of person or garment.
    """
    paths = Paths.of(listing["uri"])
    hidden = hidden_of(paths, where.below)
    if layout.table:
        files = read_tables(listing["uri"], paths, layout, where.prefixes, where.read)
        return find_table_rows(listing, paths, layout, files, hidden)
    return find_rows(listing, layout, read_tree(listing["uri"], paths, layout, hidden), where.cloth, where.read)


def find_recognised(listing: pa.Table, where: Where) -> tuple[Found, Layout, str] | str:
    """The rows of a listing whose layout follows from its folders, that layout, and what it was known by.

    Returns:
        Or, where none is known, what comes nearest; empty if nothing does.

    Raises:
        LayoutError: If it holds trees of several layouts.
    """
    paths = Paths.of(listing["uri"])
    hidden = hidden_of(paths, where.below)
    known, nearest = recognise(listing["uri"], paths, hidden)
    if known is not None:
        return find_rows(listing, known.layout, known.tree, where.cloth, where.read), known.layout, known.why
    table = own(TABLE)
    if not tables_below(listing["uri"], paths, table):
        return nearest
    files = read_tables(listing["uri"], paths, table, where.prefixes, where.read)
    try:
        for file in files:
            columns_for(table, file)
    except LayoutError as error:
        return nearest or str(error)
    why = ", ".join(sorted({file.uri.rpartition("/")[2] for file in files}))
    return find_table_rows(listing, paths, table, files, hidden), table, why
