"""What should be known of images: a warning of each kind, once for all worker processes together."""

from collections.abc import Mapping
from typing import Any

import torch

from vton_hf.images import KINDS, Notice, tell_once


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
        if not self._flags[kind]:
            self._flags[kind] = True
            uri = row[notice.role]["path"]
            tell_once(notice, str(row.get("key", uri)), uri)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        self._flags.share_memory_()  # type: ignore[no-untyped-call]

    def __deepcopy__(self, memo: dict[int, Any]) -> "NoticeLog":
        return self
