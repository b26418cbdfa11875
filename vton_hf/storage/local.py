"""Folders on this machine: `file://` and the raw absolute path, nothing percent-encoded."""

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pyarrow as pa

from vton_hf.errors import LayoutError
from vton_hf.storage.messages import Ask
from vton_hf.storage.retry import Patience
from vton_hf.storage.settings import StorageSettings
from vton_hf.storage.tables import page

_Identity = tuple[int, int]


class LocalLane:
    """Each folder is a page; links are followed, but not back into a folder that they lie in."""

    def __init__(self, settings: StorageSettings) -> None:
        """Take the settings that every lane takes; a folder needs none."""

    async def pages(self, ask: Ask, patience: Patience) -> AsyncGenerator[pa.Table, None]:  # noqa: ARG002
        """The files under `ask.uri`, a folder at a time."""
        root = ask.uri.removeprefix("file://")
        if not await asyncio.to_thread(os.path.isdir, root):
            raise LayoutError(f"No folder {root}: check the spelling, or drop this prefix.")
        waiting: list[tuple[str, frozenset[_Identity]]] = [(root, frozenset())]
        while waiting:
            found, below = await asyncio.to_thread(_scan, *waiting.pop())
            waiting.extend(below)
            if found.num_rows:
                yield found

    async def get(self, uri: str) -> bytes:
        """One file, read whole."""
        return await asyncio.to_thread(Path(uri.removeprefix("file://")).read_bytes)


def _scan(folder: str, above: frozenset[_Identity]) -> tuple[pa.Table, list[tuple[str, frozenset[_Identity]]]]:
    here = os.stat(folder)  # noqa: PTH116 - a path's own slashes must survive
    if (here.st_dev, here.st_ino) in above:
        return page([], [], []), []
    trail = above | {(here.st_dev, here.st_ino)}
    uris, sizes, etags, below = [], [], [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                below.append((f"{folder}{entry.name}/", trail))
            elif entry.is_file():
                known = entry.stat()
                uris.append(f"file://{folder}{entry.name}")
                sizes.append(known.st_size)
                etags.append(f"{known.st_mtime_ns:x}-{known.st_size:x}")
    return page(uris, sizes, etags), below
