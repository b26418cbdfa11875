"""What should be known of images: a warning of each kind, once for all worker processes together."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import torch

from vton_hf.images import KINDS, Notice, tell_once

if sys.platform != "win32":
    import fcntl


@contextmanager
def _locked() -> Iterator[None]:
    """One process of this machine at a time, where files can be locked; no lock of Python's own can be pickled."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(tempfile.gettempdir(), os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class NoticeLog:
    """Which kinds of notices were logged: flags in memory that the workers of a DataLoader share."""

    def __init__(self) -> None:
        self._flags = torch.zeros(len(KINDS), dtype=torch.bool)
        self._flags.share_memory_()  # type: ignore[no-untyped-call]  # torch does not say

    def tell(self, notice: Notice, row: Mapping[str, Any]) -> None:
        """Warn of it, unless one of its kind was logged.

        Args:
            notice: What to tell.
            row: Columns by name; those of images hold `{"bytes": ..., "path": URI}`.
        """
        kind = KINDS.index(notice.kind)
        if not self._flags[kind] and self._is_first(kind):
            uri = row[notice.role]["path"]
            tell_once(notice, str(row.get("key", uri)), uri)

    def _is_first(self, kind: int) -> bool:
        """Set a flag, and say whether it was not set: two workers may come to it at once."""
        with _locked():
            first = not self._flags[kind]
            self._flags[kind] = True
        return first

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        self._flags.share_memory_()  # type: ignore[no-untyped-call]

    def __deepcopy__(self, memo: dict[int, Any]) -> "NoticeLog":
        return self
