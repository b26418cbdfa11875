"""How samples are asked for: one, a slice, a batch; and what a subclass with a `__getitem__` of its own changes."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from torch.utils.data import Dataset


class Indexed(Dataset[dict[str, Any]]):
    """A dataset that makes its samples a batch at a time, unless a subclass makes them one by one."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        first = next(kind for kind in cls.__mro__ if {"__getitem__", "__getitems__"} & vars(kind).keys())
        if "__getitems__" not in vars(first):
            # Whoever wrote this `__getitem__` counts on being asked for every sample.
            cls.__getitems__ = cls._each  # type: ignore[method-assign]

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: Any) -> Any:
        """One sample, or for a slice a list of samples, fetched together.

        Raises:
            IndexError: If there is no such row.
        """
        own = type(self).__getitem__ is Indexed.__getitem__
        samples = self.__getitems__ if own else self._samples
        if isinstance(index, slice):
            return samples(list(range(*index.indices(len(self)))))
        return samples([index])[0]

    def __getitems__(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """The samples of a batch; `DataLoader` asks here."""
        return self._samples(rows)

    def _samples(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """The samples of some rows, made together."""
        raise NotImplementedError

    def _fetched(self, rows: Sequence[Any]) -> AbstractContextManager[None]:
        """Hold what these rows are made of while they are made one by one."""
        raise NotImplementedError

    def _each(self, rows: Sequence[Any]) -> list[Any]:
        with self._fetched(rows):
            return [self[row] for row in rows]
