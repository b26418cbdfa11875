"""Rows that hold URIs only: their images are fetched when they are looked at, a whole batch at once."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import datasets

from vton_hf import lookahead
from vton_hf.errors import ImageError, StorageError
from vton_hf.naming import ROLES
from vton_hf.stopwatch import stage
from vton_hf.storage import StorageSettings, Store


class FetchImages:
    """The format of a dataset with `embed_images=False`: a batch of URIs in, a batch of PIL images out.

    `datasets` would fetch remote images one by one and without the `storage_options` it was given. The
    object can be pickled, so it travels to spawned workers; each process makes its own connection.
    """

    def __init__(self, settings: StorageSettings) -> None:
        self.store = Store(settings)

    def __call__(self, batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Fetch and decode.

        Args:
            batch: Columns; those of the three images hold `{"bytes": None, "path": URI}`.

        Returns:
            The same columns, each image a `PIL.Image.Image` just as `datasets.Image` decodes it.

        Raises:
            StorageError: If an object cannot be read.
            ImageError: If it is no image.
        """
        roles = [role for role in ROLES if role in batch]
        cells = [cell for role in roles for cell in batch[role]]
        bodies = zip(cells, read_cells(cells, self.store), strict=True)
        images = iter([_decode(cell["path"], body) for cell, body in bodies])
        fetched = {role: [next(images) for _ in batch[role]] for role in roles}
        return {name: fetched.get(name, column) for name, column in batch.items()}


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
        self._batch = _with_bytes(rows[indices], store)
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


def _with_bytes(batch: dict[str, list[Any]], store: Store) -> dict[str, list[Any]]:
    """The batch with its images in their cells; a cell whose object cannot be read stays as it is."""
    roles = [role for role in ROLES if role in batch]
    bodies = iter(read_cells([cell for role in roles for cell in batch[role]], store))

    def filled(cell: dict[str, Any]) -> dict[str, Any]:
        body = next(bodies)
        return cell if isinstance(body, StorageError) else cell | {"bytes": body}

    return batch | {role: [filled(cell) for cell in batch[role]] for role in roles}


def _decode(uri: str, data: bytes | StorageError) -> Any:
    if isinstance(data, StorageError):
        raise data
    try:
        return datasets.Image().decode_example({"bytes": data, "path": None})
    except Exception as error:
        raise ImageError(f"{uri} does not decode: {error}") from error
