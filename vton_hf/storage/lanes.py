"""What every way to a store can do, and which one serves which scheme."""

from collections.abc import AsyncGenerator
from typing import Protocol

import pyarrow as pa

from vton_hf.storage.messages import Ask
from vton_hf.storage.retry import Patience


class Lane(Protocol):
    """One way to one kind of store; made in the process that uses it, driven by fsspec's event loop."""

    def pages(self, ask: Ask, patience: Patience) -> AsyncGenerator[pa.Table, None]:
        """The objects under `ask.uri`, a page at a time, each page tried as long as `patience` allows."""

    async def get(self, uri: str) -> bytes:
        """One object's bytes: one request, no retry."""
