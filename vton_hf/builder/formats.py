"""Transforms that fetch or decode images themselves, among the formats and operations of `datasets`.

`datasets` decodes images before a transform sees them, unless the features say otherwise, and then they stay undecoded
for whoever takes the transform off again. Here a transform is given undecoded cells, and the features are left alone.

Some operations do not go well with any transform: `flatten_indices` (and so `add_column`) and `class_encode_column`
store what it makes of each row, `save_to_disk` and `to_iterable_dataset` refuse it; and those that write ask the store
about images, without `storage_options`. On a dataset with a transform of ours they take the rows as they are stored.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

import datasets
from datasets.formatting import _FORMAT_TYPES, CustomFormatter

Batch = dict[str, list[Any]]


class CellTransform(ABC):
    """A transform of batches whose images are `{"bytes": ..., "path": ...}`."""

    @abstractmethod
    def takes(self, features: datasets.Features) -> Collection[str]:
        """The columns that it wants undecoded.

        Raises:
            ConfigError: If the dataset was changed so that it cannot work.
        """

    @abstractmethod
    def __call__(self, batch: Batch, features: datasets.Features) -> Batch:
        """What it makes of a batch of a dataset with these features."""

    @abstractmethod
    def embedded(self, dataset: datasets.Dataset) -> datasets.Dataset:
        """The rows without a format, their images fetched as far as they are not in them."""

    @abstractmethod
    def on_stream(self, stream: datasets.IterableDataset) -> datasets.IterableDataset:
        """The stream, which gives stored rows, with the transform on it."""


class CellFormatter(CustomFormatter):  # type: ignore[misc]  # datasets is untyped
    """`datasets`' own formatter of transforms, which hands a `CellTransform` its columns undecoded."""

    def __init__(self, transform: Any, features: datasets.Features | None = None, **options: Any) -> None:
        super().__init__(transform, features=features, **options)
        self._takes_cells = isinstance(transform, CellTransform)
        self._undecoded = transform.takes(features) if self._takes_cells else ()

    def format_batch(self, pa_table: Any) -> Any:
        """Make a batch of a table."""
        if not self._takes_cells:
            return super().format_batch(pa_table)
        batch = self.python_arrow_extractor().extract_batch(pa_table)
        others = {name: column for name, column in batch.items() if name not in self._undecoded}
        return self.transform(batch | self.python_features_decoder.decode_batch(others), self.features)


def transform_in(dataset: datasets.Dataset) -> CellTransform | None:
    """The transform of this kind that is the dataset's format, or None."""
    transform = dataset.format["format_kwargs"].get("transform")
    return transform if isinstance(transform, CellTransform) else None


Operation = Callable[..., Any]


def _kept(original: Operation, dataset: datasets.Dataset, *args: Any, **kwargs: Any) -> Any:
    """The operation on the rows as they are stored, with the transform on what comes out."""
    result = original(dataset.with_format(None), *args, **kwargs)
    chosen = dataset.format
    columns = None if chosen["columns"] == dataset.column_names else chosen["columns"]
    result.set_format(**(chosen | {"columns": columns}))
    return result


def _written(original: Operation, dataset: datasets.Dataset, *args: Any, **kwargs: Any) -> Any:
    return original(_stored(dataset), *args, **kwargs)


def _pushed(original: Operation, dataset: datasets.Dataset, **kwargs: Any) -> Any:
    transform, stored = transform_in(dataset), _stored(dataset)
    if transform is not None and kwargs["embed_external_files"]:
        stored = transform.embedded(stored)
    return original(stored, **kwargs)


def _to_iterable_dataset(original: Operation, dataset: datasets.Dataset, *args: Any, **kwargs: Any) -> Any:
    transform = transform_in(dataset)
    stream = original(dataset.with_format(None), *args, **kwargs)
    return stream if transform is None else transform.on_stream(stream)


def _stored(dataset: datasets.Dataset) -> datasets.Dataset:
    """The rows without a format; images that they only name do not count as part of their size."""
    stored = dataset.with_format(None)
    table = stored.data
    stored._estimate_nbytes = lambda: table.nbytes * len(stored) // max(1, len(table))  # noqa: SLF001 - it asks the store
    return stored


def _replace(name: str, ours: Operation) -> None:
    original = getattr(datasets.Dataset, name, None)
    if original is None:  # private ones may go
        return

    @wraps(original)
    def method(self: datasets.Dataset, *args: Any, **kwargs: Any) -> Any:
        if transform_in(self) is None:
            return original(self, *args, **kwargs)
        return ours(original, self, *args, **kwargs)

    setattr(datasets.Dataset, name, method)


_FORMAT_TYPES["custom"] = CellFormatter
for _name in ("flatten_indices", "class_encode_column", "align_labels_with_mapping"):
    _replace(_name, _kept)
_replace("save_to_disk", _written)
_replace("to_parquet", _written)
_replace("_push_parquet_shards_to_hub", _pushed)  # that of a DatasetDict comes here, too
_replace("to_iterable_dataset", _to_iterable_dataset)
