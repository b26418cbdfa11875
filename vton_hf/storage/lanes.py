"""What every way to a store can do, and which one serves which scheme."""

from collections.abc import AsyncGenerator
from pathlib import Path
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

    async def put(self, path: Path, ask: Ask, patience: Patience) -> None:
        """Make the file at `path` the object `ask.uri`, whole or not at all; may move it away."""

    async def drop(self, uri: str) -> None:
        """Take one object away: one request, no retry; may say that it is not there."""
