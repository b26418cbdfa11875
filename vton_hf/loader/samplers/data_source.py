"""What a sampler draws from: the difficulty of every row of a data source."""

import hashlib
from typing import Any, Final

import datasets
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Subset

from vton_hf.builder import selected_rows
from vton_hf.errors import ConfigError
from vton_hf.mixing import Plan
from vton_hf.naming import DIFFICULTIES

COLUMN: Final = "difficulty"
_ALLOWED: Final = f"a datasets.Dataset with a column {COLUMN!r}, or a vton_hf.S3VTONDataset"


class DataSource:
    """The rows of a `datasets.Dataset`, or of a dataset that lays out a plan for each epoch (`plan_of`).

    Attributes:
        sizes: Rows per difficulty, the same in each epoch; those without a row are left out.
        digest: Tells data sources apart whose rows are of other difficulties or in another order.

    Raises:
        ConfigError: If it is anything else, holds no row, or rows of a difficulty that we do not know.
    """

    def __init__(self, data: Any) -> None:
        self._data = data
        self._fixed: NDArray[np.int8] | None = None
        if callable(getattr(data, "plan_of", None)):
            plan: Plan = data.plan_of(0)
            codes, rows = _codes(plan), plan.row.tobytes()
        else:
            _refuse(data)
            codes, rows = _read(data), b""
            self._fixed = codes
        if not len(codes):
            raise ConfigError("The data source has no rows: there is nothing to sample.")
        counts = np.bincount(codes, minlength=len(DIFFICULTIES)).tolist()
        self.sizes = {name: count for name, count in zip(DIFFICULTIES, counts, strict=True) if count}
        self.digest = hashlib.sha256(codes.tobytes() + rows).hexdigest()[:16]

    def __len__(self) -> int:
        return sum(self.sizes.values())

    def rows_of(self, plan: Plan, epoch: int) -> NDArray[np.int64]:
        """The rows that a plan draws by difficulty, by their numbers in the data source; int64 [n]."""
        codes = _codes(self._data.plan_of(epoch)) if self._fixed is None else self._fixed
        rows = np.empty(len(plan), np.int64)
        for index, name in enumerate(plan.pools):
            here = plan.pool == index
            rows[here] = np.flatnonzero(codes == DIFFICULTIES.index(name))[plan.row[here]]
        return rows

    def set_epoch(self, epoch: int) -> None:
        """Tell the data source, if it wants to know: augmentations change with the epoch."""
        # What was selected from a dataset has its transform, but not its `set_epoch`.
        transform = self._data.format["format_kwargs"].get("transform") if self._fixed is not None else None
        tell = getattr(self._data, "set_epoch", None) or getattr(transform, "set_epoch", None)
        if tell is not None:
            tell(epoch)


def _codes(plan: Plan) -> NDArray[np.int8]:
    """The difficulty at each position of a plan, as an index in `DIFFICULTIES`; int8 [n]."""
    return np.array([DIFFICULTIES.index(name) for name in plan.pools], np.int8)[plan.pool]


def _refuse(data: Any) -> None:
    kind = type(data).__qualname__
    if isinstance(data, Subset):
        raise ConfigError(
            "data_source is a torch Subset, which hides the difficulties of its rows. Select before wrapping: "
            "dataset.select(indices) of a datasets.Dataset is one again."
        )
    if isinstance(data, datasets.IterableDataset):
        raise ConfigError(
            f"data_source is a stream ({kind}): its rows have no numbers. It comes mixed and resumes by its own "
            f"state_dict(), without a sampler. Allowed: {_ALLOWED}."
        )
    if not isinstance(data, datasets.Dataset):
        raise ConfigError(f"data_source is a {kind}, whose difficulties are unknown. Allowed: {_ALLOWED}.")
    if COLUMN not in data.column_names:
        raise ConfigError(
            f"data_source has no column {COLUMN!r}, only {', '.join(data.column_names)}. Allowed: {_ALLOWED}."
        )


def _read(data: datasets.Dataset) -> NDArray[np.int8]:
    """The column in codes, whatever the dataset's format."""
    column = data.data.column(COLUMN).combine_chunks().dictionary_encode()
    codes: NDArray[np.int64] = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    if (selected := selected_rows(data)) is not None:
        codes = codes[selected.to_numpy()]
    values, label = column.dictionary.to_pylist(), data.features[COLUMN]
    values = [*(label.int2str(values) if isinstance(label, datasets.ClassLabel) else values), None]
    unknown = [values[code] for code in np.unique(codes).tolist() if values[code] not in DIFFICULTIES]
    if unknown:
        raise ConfigError(
            f"Column {COLUMN!r} holds {', '.join(map(repr, unknown[:3]))}; allowed are {', '.join(DIFFICULTIES)}. "
            "Filter those rows out, or name their difficulty."
        )
    return np.array([DIFFICULTIES.index(value) if value in DIFFICULTIES else -1 for value in values], np.int8)[codes]
