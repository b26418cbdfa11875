"""What every way to a store can do, and which one serves which scheme."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from vton_hf.storage.messages import Ask
from vton_hf.storage.retry import Patience


class Lane(Protocol):
    """One way to one kind of store; made in the process that uses it, driven by fsspec's event loop."""

    async def find(self, asks: Sequence[Ask], patience: Patience, seen: Callable[[int], None]) -> list[pa.Table]:
        """All objects under the asks' URIs, in pages, each page tried as long as `patience` allows.

        `seen` gets the number of new objects as they come. What stops it is raised in our words.
        """

    async def glance(self, asks: Sequence[Ask], after: Sequence[str], patience: Patience) -> list[pa.Table]:
        """The next page of up to 1,000 objects under each ask's URI behind a URI; S3 alone has such pages."""

    async def get(self, uri: str) -> bytes:
        """One object's bytes: one request, no retry."""

    async def put(self, path: Path, ask: Ask, patience: Patience) -> None:
        """Make the file at `path` the object `ask.uri`, whole or not at all; may move it away."""

    async def drop(self, uri: str) -> None:
        """Take one object away: one request, no retry; may say that it is not there."""
