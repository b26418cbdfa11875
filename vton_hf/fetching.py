"""Rows that hold URIs only: their images are fetched when they are looked at, a whole batch at once."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import datasets
import pyarrow.compute as pc

from vton_hf import lookahead
from vton_hf.errors import ConfigError, ImageError, StorageError
from vton_hf.formats import CellTransform
from vton_hf.naming import ROLES
from vton_hf.stopwatch import stage
from vton_hf.storage import StorageSettings, Store

_ROWS: Final = 8
"""So many rows of a stream are fetched together."""


class FetchImages(CellTransform):
    """The format of a dataset with `embed_images=False`: a batch of URIs in, a batch of PIL images out.

    `datasets` would fetch remote images one by one and without the `storage_options` it was given. The
    object can be pickled, so it travels to spawned workers; each process makes its own connection.
    """

    def __init__(self, settings: StorageSettings) -> None:
        self.store = Store(settings)

    def takes(self, features: datasets.Features) -> list[str]:
        """All columns of images, whatever they are called by now.

        Raises:
            ConfigError: If a row holds lists of images.
        """
        for role in ROLES:
            if role in features and not isinstance(features[role], datasets.Image):
                raise ConfigError(
                    f"Column {role!r} is {features[role]} now, and images of URIs are fetched for a datasets.Image. "
                    f"with_format(None) gives the rows as they are stored; iter(batch_size=...) makes batches."
                )
        return _images(features)

    def __call__(self, batch: Mapping[str, list[Any]], features: datasets.Features) -> dict[str, list[Any]]:
        """Fetch and decode.

        Args:
            batch: Columns; those of images hold `{"bytes": ..., "path": URI}`, without bytes where they are to be
                fetched.
            features: How to decode: `cast_column` may have chosen another mode.

        Returns:
            The same columns, each image a `PIL.Image.Image` just as `datasets.Image` decodes it.

        Raises:
            StorageError: If an object cannot be read.
            ImageError: If it is no image.
        """
        names = [name for name in self.takes(features) if name in batch]
        cells = [cell for name in names for cell in batch[name]]
        bodies = iter(read_cells(cells, self.store))
        decoders = {name: datasets.Image(mode=features[name].mode) for name in names}
        fetched = {
            name: [_decode(decoders[name], cell["path"], next(bodies)) for cell in batch[name]] for name in names
        }
        return {name: fetched.get(name, column) for name, column in batch.items()}

    def embedded(self, dataset: datasets.Dataset) -> datasets.Dataset:
        """The rows with all images in them, in a file of the cache of `datasets`."""
        return embedded(dataset, self.store)

    def on_stream(self, stream: datasets.IterableDataset) -> datasets.IterableDataset:
        """The stream with its images fetched, eight rows at a time, and decoded by `datasets`."""
        wanted = _decoding(stream.features)
        cells = stream.decode(enable=False)
        return cells.map(_with_bytes, **_fetching(stream.features, self.store)).cast(wanted)


def embedded(dataset: datasets.Dataset, store: Store) -> datasets.Dataset:
    """A dataset of which every image is in the rows, by way of the cache of `datasets`; itself, if that is so already.

    Args:
        dataset: Without a format.
        store: Where URIs lead.

    Raises:
        StorageError: If an object cannot be read.
    """
    wanted = _decoding(dataset.features)
    if not any(pc.struct_field(dataset.data.column(name), "bytes").null_count for name in _images(wanted)):
        return dataset
    for name in _images(wanted):
        dataset = dataset.cast_column(name, datasets.Image(decode=False))
    return dataset.map(_with_bytes, **_fetching(wanted, store), features=wanted)


def _decoding(features: datasets.Features) -> datasets.Features:
    return datasets.Features(
        {**features, **{name: datasets.Image(mode=features[name].mode) for name in _images(features)}}
    )


def _images(features: datasets.Features) -> list[str]:
    return [name for name, feature in features.items() if isinstance(feature, datasets.Image)]


def _fetching(features: datasets.Features, store: Store) -> dict[str, Any]:
    return {"batched": True, "batch_size": _ROWS, "fn_kwargs": {"names": _images(features), "store": store}}


def _with_bytes(
    batch: Mapping[str, list[Any]], names: Sequence[str], store: Store, *, strict: bool = True
) -> dict[str, list[Any]]:
    """The images of a batch, in their cells the objects' bytes; unless strict, but for those that cannot be read."""
    bodies = iter(read_cells([cell for name in names for cell in batch[name]], store))

    def filled(cell: dict[str, Any]) -> dict[str, Any]:
        body = next(bodies)
        return cell if isinstance(body, StorageError) and not strict else cell | {"bytes": _whole(body)}

    return {name: [filled(cell) for cell in batch[name]] for name in names}


def read_cells(cells: Sequence[Mapping[str, Any]], store: Store) -> list[bytes | StorageError]:
    """The bytes of image cells; those that are not in the cell are fetched, all at once.

    Args:
        cells: `{"bytes": ..., "path": URI}`, as an undecoded `datasets.Image` column has them.
        store: Where URIs lead.

    Returns:
        In order, an object's bytes, or what is wrong with this one object.

    Raises:
        StorageError: If the store as a whole fails.
    """
    with stage("fetch"):
        fetched = iter(lookahead.read([cell["path"] for cell in cells if cell["bytes"] is None], store))
    return [next(fetched) if cell["bytes"] is None else cell["bytes"] for cell in cells]


class OneByOne:
    """Rows of a batch that are asked for one at a time, while their images are fetched together.

    Attributes:
        useful: False once a row was not asked for: whoever asks has an order of his own, or keeps samples.
    """

    def __init__(self) -> None:
        self.useful = True
        self._batch: dict[str, list[Any]] = {}
        self._places: dict[int, int] = {}
        self._unasked: set[int] = set()

    @contextmanager
    def foresee(self, indices: list[int], rows: datasets.Dataset, store: Store) -> Iterator[None]:
        """Hold these rows, with their images, while the block runs; nothing if that was of no use before.

        Raises:
            StorageError: If the store as a whole fails.
        """
        if not self.useful or not indices:
            yield
            return
        batch = rows[indices]
        self._batch = batch | _with_bytes(batch, _images(rows.features), store, strict=False)
        self._places = {index: place for place, index in enumerate(indices)}
        self._unasked = set(indices)
        try:
            yield
            self.useful = not self._unasked
        finally:
            self._batch, self._places = {}, {}

    def take(self, indices: Sequence[int]) -> dict[str, list[Any]] | None:
        """These rows, if all of them are held."""
        if not self._places.keys() >= set(indices):
            return None
        self._unasked -= set(indices)
        return {name: [cells[self._places[index]] for index in indices] for name, cells in self._batch.items()}


def _whole(body: bytes | StorageError) -> bytes:
    if isinstance(body, StorageError):
        raise body
    return body


def _decode(decoder: datasets.Image, uri: str, body: bytes | StorageError) -> Any:
    data = _whole(body)
    try:
        return decoder.decode_example({"bytes": data, "path": None})
    except Exception as error:
        raise ImageError(f"{uri} does not decode: {error}") from error
