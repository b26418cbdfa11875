"""What a notebook shows of a dataset of triplets: what it holds of each difficulty, and a few of them."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import datasets
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core import html
from vton_hf._core.units import number
from vton_hf.builder.formats import transform_in
from vton_hf.builder.indices import selected_rows
from vton_hf.errors import StorageError
from vton_hf.naming import DIFFICULTIES, ROLES
from vton_hf.report import LARGE, strip
from vton_hf.storage import Store

_NEEDED: Final = {"difficulty", "key", ROLES[1]}


def dataset_html(dataset: datasets.Dataset) -> str:
    """Rows by difficulty as bars, and one triplet of each; images that are no part of the rows are fetched.

    Args:
        dataset: One that has the columns of triplets, with any format.
    """
    store: Store | None = getattr(transform_in(dataset), "store", None)
    difficulties, keys = (_column(dataset, name) for name in ("difficulty", "key"))
    lines, first = [], []
    for name in [*DIFFICULTIES, *(each for each in pc.unique(difficulties).to_pylist() if each not in DIFFICULTIES)]:
        mask = pc.equal(difficulties, name)
        if rows := pc.sum(mask).as_py():
            distinct = pc.count_distinct(keys.filter(mask)).as_py()
            again = f", {number(distinct, 'triplet')}" if distinct < rows else ""
            lines.append((str(name), rows, f"{number(rows, 'row')} ({rows / len(dataset):.1%}){again}"))
            first.append(pc.index(difficulties, name).as_py())
    title = f"{number(len(dataset), 'row')}, {number(pc.count_distinct(keys).as_py(), 'triplet')}"
    return html.box(title, html.bars(lines), html.pictures(triplet_pictures(dataset, first, store)))


def triplet_pictures(
    dataset: datasets.Dataset, rows: Sequence[int], store: Store | None
) -> Iterator[tuple[bytes, str]]:
    """The images of some rows side by side, as WebP, and what they are called.

    Args:
        dataset: With any format.
        rows: Which.
        store: Where images that are no part of the rows are read.
    """
    table = dataset.with_format("arrow")[list(rows)] if rows else dataset.data.table.slice(0, 0)
    for row in table.to_pylist():
        yield strip(_images([row.get(role) for role in ROLES], store), LARGE).data, str(row["key"])


def _images(cells: Sequence[dict[str, Any] | None], store: Store | None) -> list[bytes | None]:
    missing = [cell["path"] for cell in cells if cell and cell["bytes"] is None]
    try:
        bodies = dict(zip(missing, store.read(missing) if store and missing else [], strict=False))
    except StorageError:  # nothing answers: the bars are there all the same
        bodies = {}
    found = [
        None if cell is None else bodies.get(cell["path"]) if cell["bytes"] is None else cell["bytes"] for cell in cells
    ]
    return [None if isinstance(body, StorageError) else body for body in found]


def _column(dataset: datasets.Dataset, name: str) -> pa.Array:
    """Texts in the order of the rows, whatever stores them."""
    column, rows = dataset.data.column(name), selected_rows(dataset)
    values = column if rows is None else column.take(rows)
    feature = dataset.features[name]
    if isinstance(feature, datasets.ClassLabel):
        return pa.array(feature.names, pa.large_string()).take(values.combine_chunks())
    return pc.cast(values, pa.large_string()).combine_chunks()


def _shown_in_notebooks(dataset: datasets.Dataset) -> Any:
    if not set(dataset.column_names) >= _NEEDED:
        raise AttributeError("_repr_html_")  # a dataset of something else is shown as it always is
    return partial(dataset_html, dataset)


datasets.Dataset._repr_html_ = property(_shown_in_notebooks)
