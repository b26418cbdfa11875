"""A collation that keeps each batch in some way, inside its worker, and sends it again beside later ones."""

import contextlib
import copy
import os
import pickle
from collections import deque
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import torch
from torch.utils import dlpack
from torch.utils.data._utils.collate import collate_tensor_fn

import vton_hf

ROLE = "cloth_image"
DELAY = 7
"""Batches between the first and the second sending: more than are under way."""


def unsendable(image: torch.Tensor) -> torch.Tensor:
    """The tensor, after a pickle that holds it came to nothing halfway."""
    with contextlib.suppress(Exception):
        ForkingPickler.dumps([image, lambda: None])
    return image


def of_storage(storage: Any, like: torch.Tensor) -> torch.Tensor:
    return torch.empty(0, dtype=like.dtype).set_(storage, 0, like.shape, like.stride())


def loaded(pickled: Any, _: torch.Tensor) -> Any:
    return ForkingPickler.loads(pickled)


def same(held: Any, _: torch.Tensor) -> Any:
    return held


WAYS: dict[str, tuple[Callable[[torch.Tensor], Any], Callable[[Any, torch.Tensor], Any]]] = {
    "the tensor": (lambda image: image, same),
    "a view": (lambda image: image.flatten(1)[:, :], lambda view, like: view.view(like.shape)),
    "slices": (list, lambda rows, _: torch.stack(rows)),
    "detached": (lambda image: image.detach(), same),
    "another dtype": (lambda image: image.view(torch.uint8), lambda view, like: view.view(like.dtype)),
    "a storage": (lambda image: image.untyped_storage(), of_storage),
    "numpy": (lambda image: image.numpy(), lambda array, _: torch.from_numpy(array)),
    "a memoryview": (lambda image: memoryview(image.numpy()), lambda view, _: torch.from_numpy(view.obj)),
    "dlpack": (dlpack.to_dlpack, lambda capsule, _: dlpack.from_dlpack(capsule)),
    "a pickle": (ForkingPickler.dumps, loaded),
    "a pickle beside the tensor": (lambda image: (ForkingPickler.dumps(image), image), lambda both, _: both[1]),
    "a failed pickle": (unsendable, same),
    "a plain pickle": (pickle.dumps, lambda pickled, _: pickle.loads(pickled)),
    "a copy": (copy.copy, same),
    "a deep copy": (copy.deepcopy, same),
}


class Keeping:
    """Collate, and send beside each batch one of some batches ago, which was kept in one of the ways.

    Args:
        collate: Samples into a batch.
    """

    def __init__(self, collate: Callable[[Any], Any]) -> None:
        self._collate = collate
        self._kept: deque[tuple[str, Any, torch.Tensor]] = deque()
        self._turn = 0

    def __call__(self, samples: Any) -> dict[str, Any]:
        batch = self._collate(samples)
        image = batch[ROLE]
        way = list(WAYS)[self._turn % len(WAYS)]
        self._turn += 1
        # A private copy through NumPy: what the batch must still be when it is sent again.
        self._kept.append((way, WAYS[way][0](image), torch.from_numpy(image.numpy().copy())))
        sent = {ROLE: image, "twice": image, "part": image[1:], "private": self._kept[-1][2], "files": files()}
        if len(self._kept) <= DELAY:
            return sent
        way, held, private = self._kept.popleft()
        again = WAYS[way][1](held, private)
        return sent | {"way": way, "again": again, "again, a part": again[1:], "expected": private}


def torchs_own(samples: Any) -> dict[str, Any]:
    """As torch's own collation without this package."""
    return {role: collate_tensor_fn([sample[role] for sample in samples]) for role in vton_hf.naming.ROLES}


def wrong(batch: dict[str, Any]) -> list[str]:
    """What in a batch of `Keeping` holds other pixels than it should."""
    pairs = {ROLE: batch["private"], "twice": batch["private"], "part": batch["private"][1:]}
    if "again" in batch:
        pairs |= {"again": batch["expected"], "again, a part": batch["expected"][1:]}
    return [f"{name} ({batch.get('way')})" for name, pixels in pairs.items() if not torch.equal(batch[name], pixels)]


def files() -> set[int]:
    """The memories for batches that this process has open, each once."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if "vton_hf-batch" in os.readlink(each):  # noqa: PTH115 - the name alone
                found.add(each.stat().st_ino)
    return found
