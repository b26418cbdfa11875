"""What the loader does in a worker of a `DataLoader`, for packages that the loader imports itself."""

from collections.abc import Callable, Sequence
from typing import Any


def _read(uris: Sequence[str], store: Any) -> list[Any]:
    bodies: list[Any] = store.read(uris)
    return bodies


def _nothing() -> None:
    pass


read: Callable[[Sequence[str], Any], list[Any]] = _read
"""Reads objects from a `Store`; they may be there already."""

begin_batch: Callable[[], None] = _nothing
"""Called before a batch of samples is made."""
