"""Folders on this machine: `file://` and the raw absolute path, nothing percent-encoded."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from vton_hf._core.files import atomic_write, flush
from vton_hf.errors import LayoutError
from vton_hf.storage.backend import Answer, Folder, Listed
from vton_hf.storage.folders import Waiting, etag_of, first_names, scan_folder
from vton_hf.storage.hints import hint
from vton_hf.storage.listing import each_page
from vton_hf.storage.messages import Request
from vton_hf.storage.retry import RetryPolicy
from vton_hf.storage.settings import StorageSettings


class LocalBackend:
    """Each folder is a page; links are followed, but not back into a folder that they lie in."""

    def __init__(self, settings: StorageSettings) -> None:
        """Take the settings that every backend takes; a folder needs none."""

    async def list_objects(
        self,
        requests: Sequence[Request],
        retry: RetryPolicy,  # noqa: ARG002
        progress: Callable[[int], None],
    ) -> list[pa.Table]:
        """The files under each ask's URI, a folder at a time."""
        return await each_page(requests, self._pages, progress)

    async def _pages(self, request: Request) -> AsyncGenerator[pa.Table, None]:
        root = request.uri.removeprefix("file://")
        try:
            await asyncio.to_thread(os.stat, root)
        except (FileNotFoundError, NotADirectoryError):
            raise LayoutError(f"No folder {root}: {hint(request.uri)}") from None
        waiting: list[Waiting] = [(root, frozenset())]
        while waiting:
            files, below = await asyncio.to_thread(scan_folder, *waiting.pop())
            waiting.extend(below)
            if files.num_rows:
                yield files

    async def list_page(self, requests: Sequence[Request], after: Sequence[str], retry: RetryPolicy) -> list[pa.Table]:
        """Not offered."""
        raise NotImplementedError

    async def list_folder(self, uri: str, most: int) -> Folder:
        """The first names in order."""
        files, below, cut = await asyncio.to_thread(first_names, uri.removeprefix("file://"), most)
        return Folder(files, [f"file://{path}" for path in below], cut)

    async def get(self, uri: str, listed: Listed) -> Answer:  # noqa: ARG002
        """One file, read whole."""
        return await asyncio.to_thread(_read, uri.removeprefix("file://"))

    async def look(self, uri: str) -> Listed | None:
        """What the folder says of it now."""
        known = await asyncio.to_thread(os.stat, uri.removeprefix("file://"))
        return Listed(known.st_size, etag_of(known))

    async def upload(self, path: Path, request: Request, retry: RetryPolicy) -> None:  # noqa: ARG002
        """Move the file there, or copy it where that is another disk; its folders are made."""
        await asyncio.to_thread(_move, path, Path(request.uri.removeprefix("file://")))

    async def put(self, uri: str, body: bytes, *, replace: bool) -> bool:
        """Write one file, which appears whole."""
        return await asyncio.to_thread(_put, Path(uri.removeprefix("file://")), body, replace)

    async def delete(self, uri: str) -> None:
        """Remove one file."""
        await asyncio.to_thread(Path(uri.removeprefix("file://")).unlink)


def _read(path: str) -> Answer:
    with open(path, "rb") as file:  # noqa: PTH123 - a path's own slashes must survive
        body = file.read()
        # Afterwards: a file that grows meanwhile is another one.
        return Answer(body, etag_of(os.fstat(file.fileno())))


def _put(target: Path, body: bytes, replace: bool) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f"{target.name}.{uuid4().hex}.incomplete")
    try:
        scratch.write_bytes(body)
        if replace:
            scratch.replace(target)
        else:
            os.link(scratch, target)  # the one step that fails where the name is taken, on NFS too
    except FileExistsError:
        return False
    finally:
        scratch.unlink(missing_ok=True)
    return True


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    flush(path)
    try:
        path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with atomic_write(target, durable=True) as scratch:
            shutil.copyfile(path, scratch)
