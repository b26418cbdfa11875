"""What every way to a store can do, and which one serves which scheme."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

import pyarrow as pa

from vton_hf.storage.messages import Request
from vton_hf.storage.retry import RetryPolicy


class Listed(NamedTuple):
    """What a listing says of an object: its bytes, and what changes when it does. None and "" where it is not known."""

    size: int | None = None
    etag: str = ""


class Answer(NamedTuple):
    """An object as it came.

    Attributes:
        body: Its bytes.
        etag: What the store sent with them, or "".
        checked: Whether a checksum of the store's own was compared with them.
    """

    body: bytes
    etag: str = ""
    checked: bool = False


class Folder(NamedTuple):
    """The first names that lie directly in a folder.

    Attributes:
        files: `uri`, `size` and `etag` of its objects.
        below: The URIs of the folders in it.
        cut: Whether there are more names.
        headers: Of the store's answer, if it came over HTTP; their names in lower case.
    """

    files: pa.Table
    below: Sequence[str]
    cut: bool
    headers: Mapping[str, str] = MappingProxyType({})


class Backend(Protocol):
    """One way to one kind of store; made in the process that uses it, driven by fsspec's event loop."""

    async def list_objects(
        self, requests: Sequence[Request], retry: RetryPolicy, progress: Callable[[int], None]
    ) -> list[pa.Table]:
        """All objects under the asks' URIs, in pages, each page tried as long as `retry` allows.

        `seen` gets the number of new objects as they come. What stops it is raised in our words.
        """

    async def list_page(self, requests: Sequence[Request], after: Sequence[str], retry: RetryPolicy) -> list[pa.Table]:
        """The next page of up to 1,000 objects under each ask's URI behind a URI; S3 alone has such pages."""

    async def list_folder(self, uri: str, most: int) -> Folder:
        """The first names in a folder, at most so many: no retry."""

    async def get(self, uri: str, listed: Listed) -> Answer:
        """One object: no retry; what is listed of it says what is worth asking for beside it."""

    async def look(self, uri: str) -> Listed | None:
        """What a listing says of one object now: no retry; None if that cannot be told."""

    async def upload(self, path: Path, request: Request, retry: RetryPolicy) -> None:
        """Make the file at `path` the object `ask.uri`, whole or not at all; may move it away."""

    async def put(self, uri: str, body: bytes, *, replace: bool) -> bool:
        """Write one small object whole: no retry. Without `replace` only if there is none; whether it was written."""

    async def delete(self, uri: str) -> None:
        """Take one object away: one request, no retry; may say that it is not there."""
