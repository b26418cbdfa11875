"""The epoch, told once and known in every worker process that is at work."""

from typing import Any

import torch

from vton_hf._core.checks import check_int


class SharedEpoch:
    """A whole number in shared memory.

    Workers that a DataLoader forks, spawns or keeps (`persistent_workers=True`) see each change. A copy made
    by `copy.deepcopy` or through a file starts with the same number and then goes its own way.
    """

    def __init__(self, value: int = 0) -> None:
        self._cell = torch.tensor(value, dtype=torch.int64)
        self._cell.share_memory_()  # type: ignore[no-untyped-call]  # torch does not say

    @property
    def value(self) -> int:
        """The epoch that is on, from 0."""
        return int(self._cell.item())

    def set(self, value: int) -> None:
        """Begin another epoch.

        Raises:
            ConfigError: Unless it is an int >= 0.
        """
        self._cell.fill_(check_int("epoch", value))

    def __deepcopy__(self, memo: dict[int, Any]) -> "SharedEpoch":
        return SharedEpoch(self.value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        self._cell.share_memory_()  # type: ignore[no-untyped-call]
