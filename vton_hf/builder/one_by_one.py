"""Rows that are asked for one at a time, while their images are fetched together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import datasets

from vton_hf.builder.lazy_images import image_names, with_bytes
from vton_hf.storage import Store


class OneByOne:
    """Rows of a batch that are asked for one at a time, while their images are fetched together.

    Attributes:
        useful: False once a row was not asked for: whoever asks has an order of his own, or keeps samples.
    """

    def __init__(self) -> None:
        self.useful = True
        self._batch: dict[str, list[Any]] = {}
        self._position_of: dict[int, int] = {}
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
        self._batch = batch | with_bytes(batch, image_names(rows.features), store, strict=False)
        self._position_of = {index: position for position, index in enumerate(indices)}
        self._unasked = set(indices)
        try:
            yield
            self.useful = not self._unasked
        finally:
            self._batch, self._position_of = {}, {}

    def take(self, indices: Sequence[int]) -> dict[str, list[Any]] | None:
        """These rows, if all of them are held."""
        if not self._position_of.keys() >= set(indices):
            return None
        self._unasked -= set(indices)
        return {name: [cells[self._position_of[index]] for index in indices] for name, cells in self._batch.items()}
