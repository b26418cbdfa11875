"""Long listings: cut into folders, and listed by obstore in a process of its own.

1.8 million keys in 18 folders, at 20 ms for a page: obstore 5 to 6 s, s3fs 150 s.
"""

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.storage import lister
from vton_hf.storage.places import Places
from vton_hf.storage.prefixes import bucket_and_key

_log = logging.getLogger("vton_hf")

Pages = dict[str, list[pa.Table]]
"""By folder."""


async def list_folders(folders: Sequence[str], places: Places, seen: Callable[[int], None]) -> Pages:
    """List folders of S3 at once.

    Args:
        folders: URIs with a trailing slash.
        places: Where their buckets lie.
        seen: Gets the number of new objects as they come.

    Returns:
        The objects of those folders that were listed to their end. The others are left to the plain lane: a key that
        obstore refuses, a right that is missing, a store that it does not get along with.
    """
    buckets = {bucket_and_key(folder)[0] for folder in folders}
    known = {bucket: await places.of(bucket) for bucket in buckets}
    reachable = [folder for folder in folders if known[bucket_and_key(folder)[0]] is not None]
    if not reachable:
        return {}
    asked = {"places": {bucket: place for bucket, place in known.items() if place}, "folders": reachable}
    async with _lister(asked) as answers:
        return await asyncio.to_thread(_collect, answers, reachable, seen) if answers else {}


@asynccontextmanager
async def _lister(asked: Mapping[str, Any]) -> AsyncIterator[IO[bytes] | None]:
    """What the process answers; None if there cannot be one. It ends with the block."""
    # Without -P the modules beside the script would stand in for others of their names.
    command = [sys.executable or "python", "-P", lister.__file__]
    try:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - returns when the process has been made; our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        _log.info("No process for a fast listing: %s", error)
        yield None
        return
    assert process.stdin is not None  # noqa: S101 - PIPE
    try:
        await asyncio.to_thread(_put, process.stdin, json.dumps(asked).encode())
        yield process.stdout
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


def _put(pipe: IO[bytes], question: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.write(question)


def _collect(answers: IO[bytes], folders: Sequence[str], seen: Callable[[int], None]) -> Pages:
    pages: Pages = defaultdict(list)
    whole = []
    try:
        with answers, pa.ipc.open_stream(answers) as stream:
            while True:
                batch, said = stream.read_next_batch_with_custom_metadata()
                folder = folders[int(said[b"folder"])]
                if batch.num_rows:
                    pages[folder].append(pa.Table.from_batches([batch]))
                    seen(batch.num_rows)
                if said.get(b"end") == lister.WHOLE.encode():
                    whole.append(folder)
    except (StopIteration, pa.ArrowInvalid, OSError, ValueError):
        pass  # its end, or the end of the process: what is not whole is asked again
    return {folder: pages[folder] for folder in whole}


def nameless(pages: Sequence[pa.Table]) -> list[str]:
    """The URIs of which obstore may have dropped a slash: empty objects, as folders' markers are."""
    return [
        uri
        for table in pages
        for uri in table.filter(pc.equal(table["size"], 0))["uri"].to_pylist()
        if not uri.endswith("/")
    ]
