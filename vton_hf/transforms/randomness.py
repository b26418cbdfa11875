"""Random numbers that a triplet's images share, and that no worker count, batch or resume changes."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np
import torch


def seed_of(*parts: object) -> int:
    """64 bits that follow from the parts alone, on any machine: `seed_of(seed, epoch, row)`."""
    text = "\0".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


@contextmanager
def preserved_rng_state() -> Iterator[None]:
    """Give torch's (CPU), NumPy's and Python's global generators back as they were."""
    states = torch.default_generator.get_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        torch.default_generator.set_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])


def seed_generators(seed: int) -> None:
    """Bring all three to a state that follows from 64 bits.

    `torch.manual_seed` would reset the generators of the GPUs as well.
    """
    torch.default_generator.manual_seed(seed - (1 << 63))
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32])  # noqa: NPY002 - transforms draw from the global one
    random.seed(seed)
