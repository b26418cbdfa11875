"""Many pages: listed by obstore in a process of its own.

1.8 million keys in 18 folders, at 20 ms for a page: obstore 5 to 6 s, s3fs 150 s.
"""

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import IO, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.storage import _list_process
from vton_hf.storage.endpoints import S3EndpointResolver
from vton_hf.storage.prefixes import bucket_and_key
from vton_hf.storage.tables import POOL

_log = logging.getLogger("vton_hf")

ListRequest: TypeAlias = tuple[str, str | None]
"""A prefix with its trailing slash: all that lies below it; with a key, the one page behind that one."""


async def bulk_list(
    questions: Sequence[ListRequest], endpoints: S3EndpointResolver, progress: Callable[[int], None] = lambda _: None
) -> list[list[pa.Table] | None]:
    """List prefixes of S3 at once.

    Args:
        questions: What to list.
        endpoints: Where the buckets lie.
        progress: Gets the number of new objects as they come.

    Returns:
        For each question its objects, in key order. None leaves it to s3fs: a key that obstore refuses, a
        right that is missing, a store that it does not get along with.
    """
    buckets = {bucket_and_key(prefix)[0] for prefix, _ in questions}
    known = {bucket: await endpoints.of(bucket) for bucket in buckets}
    if None in known.values():
        return [None] * len(questions)
    async with _lister({"endpoints": known, "questions": questions}) as answers:
        if answers is None:
            return [None] * len(questions)
        return await asyncio.to_thread(_collect, answers, len(questions), progress)


@asynccontextmanager
async def _lister(requests: Mapping[str, Any]) -> AsyncIterator[IO[bytes] | None]:
    """What the process answers; None if there cannot be one. It ends with the block."""
    # Without -P the modules beside the script would stand in for others of their names.
    command = [sys.executable or "python", "-P", _list_process.__file__]
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
        await asyncio.to_thread(_put, process.stdin, json.dumps(requests).encode())
        yield process.stdout
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


def _put(pipe: IO[bytes], question: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.write(question)


def _collect(answers: IO[bytes], count: int, progress: Callable[[int], None]) -> list[list[pa.Table] | None]:
    pages: list[list[pa.Table]] = [[] for _ in range(count)]
    whole = set()
    try:
        with answers, pa.ipc.open_stream(answers, memory_pool=POOL) as stream:
            while True:
                batch, metadata = stream.read_next_batch_with_custom_metadata()
                question = int(metadata[b"question"])
                if batch.num_rows:
                    pages[question].append(pa.Table.from_batches([batch]))
                    progress(batch.num_rows)
                if metadata.get(b"end") == _list_process.WHOLE.encode():
                    whole.add(question)
    except (StopIteration, pa.ArrowInvalid, OSError, ValueError):
        pass  # its end, or the end of the process: what is not whole is asked again
    return [tables if question in whole else None for question, tables in enumerate(pages)]


def nameless(pages: Sequence[pa.Table]) -> list[str]:
    """The URIs of which obstore may have dropped a slash: empty objects, as folders' markers are."""
    return [
        uri
        for table in pages
        for uri in table.filter(pc.equal(table["size"], 0))["uri"].to_pylist()
        if not uri.endswith("/")
    ]
