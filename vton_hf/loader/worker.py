"""What a worker of a `DataLoader` does beside its samples: fetch ahead, keep memory, and end with its trainer.

Each of these can be switched off: `VTON_HF_DISABLE=prefetch,shared-memory,malloc` leaves workers as torch made them.
"""

from typing import TYPE_CHECKING

from vton_hf._core import hooks
from vton_hf.loader.orphans import watch_workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vton_hf.storage import Body, Store


def install() -> None:
    """Take part in every worker that this process is or starts; imports neither torch nor datasets."""
    hooks.read = _read
    hooks.begin_batch = _begin_batch
    watch_workers()


def _read(uris: "Sequence[str]", store: "Store") -> "list[Body]":
    from vton_hf.loader import prefetch  # noqa: PLC0415 - imports datasets

    return prefetch.read(uris, store)


def _begin_batch() -> None:
    from vton_hf.loader import memory, shared_memory  # noqa: PLC0415 - import torch

    memory.keep_memory()
    shared_memory.collate_with_stack()
