"""A worker of a DataLoader keeps the memory of one batch for the next.

glibc gives what a batch leaves free back to the system, which hands it out again page by page, each page wiped: of the
time for a triplet (uint8 pixels to float32 [3, 512, 512], stacked) that was half, 28 ms instead of 15.
"""

import contextlib
import ctypes
import os
from typing import Final

from torch.utils.data import get_worker_info

from vton_hf.storage import disabled

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT: Final = 2**29
"""Bytes of free memory that a worker keeps at most."""

_LARGEST: Final = 2**25
"""Bytes of one piece of it: glibc's own limit."""

_done_in: int | None = None


def keep_memory() -> None:
    """Raise glibc's trim threshold, if this process is a worker; other C libraries are left as they are."""
    global _done_in  # noqa: PLW0603 - once a process
    if _done_in == os.getpid():
        return
    _done_in = os.getpid()
    if get_worker_info() is not None and "malloc" not in disabled():
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None)
            libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)
            libc.mallopt(_M_MMAP_THRESHOLD, _LARGEST)
