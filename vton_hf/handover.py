"""A batch on its way from a worker to the training process, in memory that is used again.

torch shares fresh memory for each tensor of each batch, and the kernel hands that out page by page: 2.5 ms for an image
of 512x512 in float32, of which 0.2 are the copy. Here a worker takes a piece of memory again once the training process
has let go of the tensor that lay in it. The memory belongs to no file: the 64 MB that containers give to `/dev/shm` do
not bound it, and it is gone with the last process that looks at it.
"""

import math
import mmap
import os
import weakref
from collections.abc import Sequence
from functools import cache
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import torch
from torch.multiprocessing.reductions import reduce_tensor
from torch.utils.data import get_worker_info
from torch.utils.data._utils.collate import default_collate_fn_map

_HEADER: Final = mmap.PAGESIZE
"""The first page says in its first byte who uses the rest."""

_FREE, _HERE, _SENT = range(3)

_KEPT: Final = 6
"""Free pieces that a worker keeps, the largest: the images of two batches."""

_pieces: list["_Piece"] = []


def stack(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """As `torch.stack`; in a worker of a `DataLoader` what it gives reaches the training process without a copy.

    Args:
        tensors: Of one shape.

    Returns:
        [B, ...].
    """
    first = tensors[0]
    alike = all(tensor.dtype == first.dtype and tensor.is_cpu and not tensor.requires_grad for tensor in tensors)
    if not (alike and first.nbytes and get_worker_info() is not None and _memory_travels()):
        return torch.stack(list(tensors))
    piece = _free_piece(len(tensors) * first.nbytes)
    stacked = _tensor_in(piece.memory, _HERE, first.dtype, (len(tensors), *first.shape))
    torch.stack(list(tensors), out=stacked)
    travelling = stacked.as_subclass(_Travelling)
    travelling.piece = piece
    return travelling


def collated_so(image: Any) -> Any:
    """An image of a sample, such that torch's own collation stacks it as `stack` does; no change outside of workers."""
    return image.as_subclass(_Image) if type(image) is torch.Tensor and get_worker_info() is not None else image


class _Piece:
    """Memory that other processes reach through its descriptor."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.descriptor = os.memfd_create("vton_hf-batch")
        weakref.finalize(self, os.close, self.descriptor)
        os.ftruncate(self.descriptor, _HEADER + size)
        self.memory = mmap.mmap(self.descriptor, _HEADER + size)


class _Marked(torch.Tensor):
    """A tensor of which only itself is special; what is made of it is an ordinary one."""

    __torch_function__: ClassVar[Any] = torch._C._disabled_torch_function_impl  # noqa: SLF001 - torch's documented way


class _Image(_Marked):
    """An image of a sample in a worker."""


class _Travelling(_Marked):
    """A tensor that fills a piece."""

    piece: _Piece


def _free_piece(size: int) -> _Piece:
    free = sorted((piece for piece in _pieces if piece.memory[0] == _FREE), key=lambda piece: piece.size)
    taken = next((piece for piece in free if piece.size >= size), None)
    if taken is None:
        taken = _Piece(size)
        _pieces.append(taken)
    for piece in [piece for piece in free if piece is not taken][:-_KEPT]:
        _pieces.remove(piece)
    taken.memory[0] = _HERE
    return taken


def _tensor_in(memory: mmap.mmap, user: int, dtype: torch.dtype, shape: Sequence[int]) -> torch.Tensor:
    """A tensor in a piece, which is free again when nothing refers to the tensor's memory and the user is the same."""
    content = np.frombuffer(memory, np.uint8, math.prod(shape) * dtype.itemsize, _HEADER)
    weakref.finalize(content, _let_go, os.getpid(), memory, user).atexit = False
    return torch.from_numpy(content).view(dtype).view(*shape)


def _let_go(process: int, memory: mmap.mmap, user: int) -> None:
    # A forked child has the tensor too, but no say in when it ends.
    if os.getpid() == process and memory[0] == user:
        memory[0] = _FREE


def _collate(images: Sequence[torch.Tensor], **_: object) -> torch.Tensor:
    return stack(images)


def _copied(tensor: torch.Tensor) -> tuple[Any, ...]:
    sent: tuple[Any, ...] = reduce_tensor(tensor.as_subclass(torch.Tensor))  # type: ignore[no-untyped-call]
    return sent


def _lent(tensor: _Travelling) -> tuple[Any, ...]:
    if tensor.piece.memory[0] != _HERE:
        # Sent a second time: the first receiver lets go of the piece when it likes.
        return _copied(tensor)
    tensor.piece.memory[0] = _SENT
    return _receive, (os.getpid(), tensor.piece.descriptor, tensor.dtype, tuple(tensor.shape))


def _receive(process: int, descriptor: int, dtype: torch.dtype, shape: Sequence[int]) -> torch.Tensor:
    here = os.open(f"/proc/{process}/fd/{descriptor}", os.O_RDWR)
    try:
        memory = mmap.mmap(here, 0)
    finally:
        os.close(here)
    return _tensor_in(memory, _SENT, dtype, shape)


@cache
def _memory_travels() -> bool:
    """Whether processes of this user reach each other's descriptors: Linux, with `/proc`."""
    try:
        any(Path(f"/proc/{os.getppid()}/fd").iterdir())
    except OSError:
        return False
    return hasattr(os, "memfd_create")


# Both are documented as places for types of one's own: one of multiprocessing, one of torch's collation.
ForkingPickler.register(_Travelling, _lent)
ForkingPickler.register(_Image, _copied)
default_collate_fn_map[_Image] = _collate
