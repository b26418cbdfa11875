"""Every other store that fsspec knows: `memory://`, `gs://`, `abfs://` and so on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import fsspec
import pyarrow as pa

from vton_hf.errors import ConfigError
from vton_hf.storage.backend import Answer, Folder, Listed
from vton_hf.storage.listing import each_page
from vton_hf.storage.loop import close_with
from vton_hf.storage.messages import Request
from vton_hf.storage.retry import RetryPolicy
from vton_hf.storage.settings import StorageSettings
from vton_hf.storage.tables import page

_MARKS: Final = ("ETag", "etag", "md5Hash", "crc32c", "mtime", "created", "LastModified")
"""What file systems call the thing that changes with an object, the surest first."""

_SERVERS: Final = frozenset({"arrow_hdfs", "ftp", "hdfs", "local", "root", "sftp", "smb", "ssh", "webdav", "webhdfs"})
"""File servers: they show a file while it grows. An object store shows an object when it is whole."""

_SLOW: Final = 2**20
"""Bytes that even a slow line carries in a second."""


class FsspecBackend:
    """One file system of fsspec; its options are those under its own name, or else the flat ones."""

    def __init__(self, scheme: str, settings: StorageSettings) -> None:
        self._scheme = scheme
        options = dict(settings.options)
        nested = options.get(scheme)
        protocols = fsspec.available_protocols()
        flat = {name: value for name, value in options.items() if name not in protocols}
        arguments = nested if isinstance(nested, Mapping) else flat
        try:
            self._fs = fsspec.filesystem(scheme, skip_instance_cache=True, use_listings_cache=False, **arguments)
        except (ImportError, ValueError, TypeError) as error:
            raise ConfigError(f"{scheme}:// cannot be opened: {error}") from None
        close_with(self, self._fs)

    async def list_objects(
        self, requests: Sequence[Request], retry: RetryPolicy, progress: Callable[[int], None]
    ) -> list[pa.Table]:
        """The objects under each ask's URI, as one page."""
        return await each_page(requests, lambda request: self._pages(request, retry), progress)

    async def _pages(self, request: Request, retry: RetryPolicy) -> AsyncGenerator[pa.Table, None]:
        root = self._fs._strip_protocol(request.uri).rstrip("/")  # noqa: SLF001

        async def list_objects() -> Mapping[str, Mapping[str, Any]]:
            try:
                return dict(await self._call("find", root, detail=True))
            except FileNotFoundError:  # some say so, some find nothing
                return {}

        # A path that is an object itself comes back alone: it is not under the folder of that name.
        objects = {
            name: info
            for name, info in (await retry.until_answered(list_objects, request)).items()
            if name.startswith(f"{root}/")
        }
        yield page(
            [request.uri + name[len(root) + 1 :] for name in objects],
            [info["size"] for info in objects.values()],
            [_mark(info) for info in objects.values()],
        )

    async def list_page(self, requests: Sequence[Request], after: Sequence[str], retry: RetryPolicy) -> list[pa.Table]:
        """Not offered."""
        raise NotImplementedError

    async def list_folder(self, uri: str, most: int) -> Folder:
        """The first names in order, of a folder that is listed whole."""
        root = self._fs._strip_protocol(uri).rstrip("/")  # noqa: SLF001
        try:
            entries = sorted(await self._call("ls", root, detail=True), key=lambda info: info["name"])
        except FileNotFoundError:  # as for `list_objects`
            entries = []
        names = [(uri + info["name"].rstrip("/")[len(root) + 1 :], info) for info in entries[:most]]
        files = [(name, info) for name, info in names if info["type"] != "directory"]
        table = page(
            [name for name, _ in files], [info["size"] for _, info in files], [_mark(info) for _, info in files]
        )
        return Folder(
            table, [f"{name}/" for name, info in names if info["type"] == "directory"], cut=len(entries) > most
        )

    async def get(self, uri: str, listed: Listed) -> Answer:
        """One object, read whole; and asked for its mark behind that, as these file systems give bytes alone."""
        body = bytes(await self._call("cat_file", uri))
        # What fsspec does where nothing better is offered is to list the whole folder.
        lists = not self._fs.async_impl and type(self._fs).info is fsspec.AbstractFileSystem.info
        if lists or not listed.etag:
            return Answer(body)
        return Answer(body, _mark(await self._call("info", uri), like=listed.etag))

    async def look(self, uri: str) -> Listed | None:
        """What its folder says of it now."""
        path = self._fs._strip_protocol(uri)  # noqa: SLF001
        below = await self._call("ls", path.rpartition("/")[0], detail=True)
        entry = next((info for info in below if info["name"] == path), None)
        return None if entry is None else Listed(entry["size"], _mark(entry))

    async def upload(self, path: Path, request: Request, retry: RetryPolicy) -> None:
        """Write one object; on a file server under another name first."""
        # One request carries all of it: a slow line needs more than the deadline.
        size = (await asyncio.to_thread(path.stat)).st_size
        retry = RetryPolicy(request.settings.deadline + size / _SLOW)
        if self._scheme not in _SERVERS:
            await retry.until_answered(lambda: self._call("put_file", str(path), request.uri), request)
            return
        scratch = f"{request.uri}.{uuid4().hex}.incomplete"
        try:
            await self._call("makedirs", request.uri.rpartition("/")[0], exist_ok=True)
            await retry.until_answered(lambda: self._call("put_file", str(path), scratch), request)
            await self._call("mv", scratch, request.uri)
        except BaseException:
            with contextlib.suppress(Exception):
                await self._call("rm_file", scratch)
            raise

    async def put(self, uri: str, body: bytes, *, replace: bool) -> bool:
        """Write one object."""
        if not replace and await self._call("exists", uri):
            return False
        # Some create only what is not there; of the others two at once may both think that they did.
        await self._call("pipe_file", uri, body, **({} if replace else {"mode": "create"}))
        return True

    async def delete(self, uri: str) -> None:
        """Take one object away."""
        await self._call("rm_file", uri)

    async def _call(self, name: str, *args: object, **kwargs: object) -> Any:
        if self._fs.async_impl:
            return await getattr(self._fs, f"_{name}")(*args, **kwargs)
        return await asyncio.to_thread(getattr(self._fs, name), *args, **kwargs)


def _mark(info: Mapping[str, Any], *, like: str = "") -> str:
    """What changes with the object; some file systems give a time in one form for a folder and another for a file."""
    value = next((info[name] for name in _MARKS if info.get(name) is not None), "")
    seconds = str(value.timestamp()) if isinstance(value, datetime) else ""
    return like if like and like == seconds else str(value)
