"""Which rows of its table a dataset shows: `datasets` has no public way to ask."""

import datasets
import pyarrow as pa


def selected_rows(dataset: datasets.Dataset) -> pa.ChunkedArray | None:
    """Positions in `dataset.data`, in order; None if all are shown as they lie there.

    A slice in Arrow format would tell as well, in 1.3 s for 200,000 selected rows instead of 0.02.
    """
    indices = dataset._indices  # noqa: SLF001 - see above
    return None if indices is None else indices.column(0)
