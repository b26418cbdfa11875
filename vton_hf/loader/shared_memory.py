"""A batch on its way from a worker to the training process, in memory that is used again once nobody holds it.

torch shares fresh memory for each tensor of each batch, and the kernel hands that out page by page: 30 ms for eight
images of 512x512 in float32, of which 3 are the copy. Here a worker takes memory again that it filled before. Its
tensors are shared, sent, received and freed by torch alone; the kernel alone says which memory is free: it grants a
write lease on a file only while nothing else has that file open or mapped. So whoever holds a tensor keeps its memory,
in any process and in any way: views, NumPy, a pickle that is under way, a forked child. The memory belongs to no file
system: the 64 MB that containers give to `/dev/shm` do not bound it, and it is gone with the last process that has it.

Where such memory cannot be had, or the kernel does not say, batches go torch's own way.
"""

import logging
import math
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from multiprocessing.reduction import ForkingPickler
from typing import Any, Final, cast

import torch
from torch.multiprocessing import get_sharing_strategy
from torch.multiprocessing.reductions import reduce_storage
from torch.utils.data import get_worker_info
from torch.utils.data._utils.collate import collate_tensor_fn, default_collate_fn_map

from vton_hf.storage import disabled

if sys.platform == "linux":
    import fcntl
    import resource

_log = logging.getLogger("vton_hf")

_LEAST: Final = 2**14
"""Bytes; torch's own way is as fast for less."""

_FREE: Final = 6
"""Free memories that a worker keeps, the largest: the images of two batches."""

_ALL: Final = 96
"""Memories that it keeps in all, of 1,024 descriptors: the images of 32 batches under way or in use."""

_FRESH: Final = "torch's own way, in fresh memory"

_WAIT: Final = 5
"""Seconds in which the system reports a process that ends."""


def stack_shared(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """As `torch.stack`; in a worker of a `DataLoader` what it gives reaches the training process without a copy.

    Args:
        tensors: Of one shape.

    Returns:
        [B, ...].
    """
    in_worker = get_worker_info() is not None and _ordinary(tensors)
    return _collate(list(tensors)) if in_worker else torch.stack(list(tensors))


def collate_with_stack() -> None:
    """In a worker, let torch's own collation stack as `stack_shared` does; a user's own collation of tensors stays."""
    if get_worker_info() is not None and default_collate_fn_map.get(torch.Tensor) is collate_tensor_fn:
        default_collate_fn_map[torch.Tensor] = _collate


def _collate(batch: list[torch.Tensor], *, collate_fn_map: Any = None) -> torch.Tensor:
    kept = _in_kept_memory(batch) if sys.platform == "linux" and _ordinary(batch) else None
    return cast("torch.Tensor", collate_tensor_fn(batch, collate_fn_map=collate_fn_map)) if kept is None else kept


def _ordinary(tensors: Sequence[torch.Tensor]) -> bool:
    """Whether these are ordinary tensors on the CPU, and alike."""
    first = tensors[0]
    return all(
        type(tensor) is torch.Tensor
        and tensor.device.type == "cpu"
        and tensor.layout is torch.strided
        and not (tensor.is_nested or tensor.is_quantized or tensor.requires_grad)
        and tensor.dtype is first.dtype
        and tensor.shape == first.shape
        for tensor in tensors
    )


def _in_kept_memory(tensors: list[torch.Tensor]) -> torch.Tensor | None:
    """The tensors stacked; None where they go torch's own way."""
    first, size = tensors[0], len(tensors) * tensors[0].nbytes
    if size < _LEAST:
        return None
    if "shared-memory" in disabled():
        _say(f"{_FRESH}: VTON_HF_DISABLE says so")
        return None
    strategy = get_sharing_strategy()  # type: ignore[no-untyped-call]
    if strategy != "file_descriptor":
        _say(f"{_FRESH}: the sharing strategy is {strategy!r}")
        return None
    memories = _memories_of(os.getpid())
    try:
        memory, opened = memories.take(size)
    except (AttributeError, OSError, RuntimeError) as error:
        # torch's way needs what these took.
        memories.clear()
        _say(f"{_FRESH}: no memory can be kept for them: {error}")
        return None
    _say("in memory that is used again")
    shape = (len(tensors), *first.shape)
    torch.stack(tensors, out=_tensor_in(memory.storage, first.dtype, shape))
    return _tensor_in(opened, first.dtype, shape)


def _tensor_in(storage: torch.UntypedStorage, dtype: torch.dtype, shape: Sequence[int]) -> torch.Tensor:
    return torch.empty(0, dtype=dtype, device="cpu").set_(storage, 0, (math.prod(shape),), (1,)).view(*shape)


class _Memory:
    """Memory that this process fills, and that others reach by opening it.

    Attributes:
        size: Bytes.
        storage: The memory itself; tensors that leave this module are not in it, but in what `opened` gives.
    """

    def __init__(self, size: int) -> None:
        descriptor = os.memfd_create("vton_hf-batch")
        try:
            os.ftruncate(descriptor, size)
            # Leases know of files that were opened; this one was only made.
            self.storage = _opened(descriptor, size)
        finally:
            os.close(descriptor)
        self.size = size
        self._descriptor: int = self.storage._share_fd_cpu_()[0]
        # Whoever opens the file during a lease would end this process by SIGIO.
        fcntl.fcntl(self._descriptor, fcntl.F_SETSIG, signal.SIGURG)
        if not self.is_free():
            raise OSError("the system does not tell whether anybody holds it")

    def is_free(self) -> bool:
        """Whether nobody holds a tensor in it, in any process."""
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            return False
        fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return True

    def opened(self, size: int) -> torch.UntypedStorage:
        """The first bytes of it, held by whoever holds the storage."""
        return _opened(self._descriptor, size)


def _opened(descriptor: int, size: int) -> torch.UntypedStorage:
    """A file opened once more, as torch shares it; a duplicate of the descriptor would be the same opening."""
    another = os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR)
    try:
        storages: Any = torch.UntypedStorage
        return cast("torch.UntypedStorage", storages._new_shared_fd_cpu(another, size))  # noqa: SLF001 - as torch does
    finally:
        os.close(another)


class _Memories:
    """What one process keeps, the longest in use first."""

    def __init__(self) -> None:
        self._kept: list[_Memory] = []
        self._lock = threading.Lock()
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = _ALL if limit == resource.RLIM_INFINITY else min(_ALL, limit // 8)

    def take(self, size: int) -> tuple[_Memory, torch.UntypedStorage]:
        """Memory of at least so many bytes that nobody held, and an opening of it that holds it from now on."""
        with self._lock:
            free = sorted((memory for memory in self._kept if memory.is_free()), key=lambda memory: memory.size)
            chosen = next((memory for memory in free if memory.size >= size), None) or _Memory(size)
            opened = chosen.opened(size)
            left = [memory for memory in free if memory is not chosen][:-_FREE]
            kept = [memory for memory in self._kept if memory is not chosen and memory not in left]
            self._kept = [*kept, chosen][-self._most :]
        return chosen, opened

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept = []


@cache
def _memories_of(process: int) -> _Memories:  # noqa: ARG001 - a forked child keeps its own
    ForkingPickler.register(torch.UntypedStorage, _sent)
    return _Memories()


@cache
def _say(way: str) -> None:
    _log.info("Batches go to the training process %s.", way)


def _sent(storage: torch.UntypedStorage) -> tuple[Any, ...]:
    return _received, (os.getpid(), *reduce_storage(storage))  # type: ignore[no-untyped-call]


def _received(sender: int, rebuild: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """What torch shared. That the worker has ended is told in torch's words: torch itself may not know it yet."""
    try:
        return rebuild(*arguments)
    except (ConnectionError, EOFError, FileNotFoundError) as error:
        if not _ends(sender):
            raise
        raise RuntimeError(
            f"DataLoader worker (pid {sender}) exited unexpectedly, with a batch on its way. If it was killed, it was "
            f"most often for want of memory: lower num_workers, prefetch_factor or the batch size."
        ) from error


def _ends(process: int) -> bool:
    try:
        descriptor = os.pidfd_open(process)
    except OSError:
        return True
    try:
        return bool(select.select([descriptor], [], [], _WAIT)[0])
    finally:
        os.close(descriptor)
