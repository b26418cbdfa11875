"""A program of its own that lists folders through obstore, so that no process that may fork starts obstore's threads.

Run as a script, by its path: it imports nothing of the package. It takes a JSON text of `{"endpoints": {bucket: place},
"questions": [[uri, after], ...]}`: all that lies in a folder where `after` is null, else the one page behind that key.
It answers with an Arrow stream. Each batch says in its metadata to which question it belongs, and the last one of a
question how it ended.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import obstore
import pyarrow as pa
import pyarrow.compute as pc
from obstore.store import S3Store

SCHEMA: Final = pa.schema([("uri", pa.string()), ("size", pa.int64()), ("etag", pa.string())])
WHOLE: Final = "whole"
_NOTHING: Final = pa.RecordBatch.from_pylist([], schema=SCHEMA)
_PAGE: Final = 1_000
_BATCH: Final = 10 * _PAGE
"""Keys."""
_AT_ONCE: Final = 64
_RETRIES: Final = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}


def open_store(bucket: str, endpoint: Mapping[str, Any], **options: Any) -> S3Store:
    """A bucket as obstore reaches it.

    Args:
        bucket: Its name.
        endpoint: `endpoint` and `virtual` (whether the bucket is a part of it), `region`, `timeout` in seconds, and
            `access_key`, `secret_key`, `session_token`, of which all are None for requests that are not signed.
        **options: What else `S3Store` takes.
    """
    retry = f"{endpoint['timeout']}s"
    client: Any = {"read_timeout": retry, "connect_timeout": retry, "allow_http": True}
    who = {"access_key_id": "access_key", "secret_access_key": "secret_key", "session_token": "session_token"}
    known = {name: endpoint[ours] for name, ours in who.items() if endpoint[ours] is not None}
    if "credential_provider" not in options:
        options |= known or {"skip_signature": True}
    return S3Store(
        bucket,
        endpoint=endpoint["endpoint"],
        region=endpoint["region"],
        virtual_hosted_style_request=endpoint["virtual"],
        client_options=client,
        **options,
    )


async def _answer(
    number: int, uri: str, after: str | None, store: S3Store, answers: pa.RecordBatchStreamWriter
) -> None:
    """Write the objects that one question is about, in batches, and then how it ended."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    end = WHOLE
    size = _BATCH if after is None else _PAGE
    try:
        async for batch in obstore.list(store, key, offset=after or None, chunk_size=size, return_arrow=True):
            answers.write_batch(_page(pa.record_batch(batch), bucket, key), {"question": str(number)})
            if after is not None:
                break
    except Exception as error:  # noqa: BLE001  # whatever it is, the reader asks again in another way
        end = type(error).__name__
    answers.write_batch(_NOTHING, {"question": str(number), "end": end})


def _page(batch: pa.RecordBatch, bucket: str, key: str) -> pa.RecordBatch:
    # obstore drops the slash of a folder's own marker; nothing else below a folder can lose its name so.
    path = pc.if_else(pc.equal(batch["path"], key.removesuffix("/")), key, batch["path"])
    uri = pc.binary_join_element_wise(f"s3://{bucket}/", path, "")
    etag = pc.ascii_trim(pc.fill_null(batch["e_tag"], ""), '"')
    return pa.record_batch([uri, batch["size"].cast(pa.int64()), etag], schema=SCHEMA)


async def _answer_all(requests: Mapping[str, Any], answers: pa.RecordBatchStreamWriter) -> None:
    stores = {
        bucket: open_store(bucket, endpoint, retry_config=_RETRIES)
        for bucket, endpoint in requests["endpoints"].items()
    }
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, uri: str, after: str | None) -> None:
        async with slots:
            await _answer(number, uri, after, stores[uri.removeprefix("s3://").partition("/")[0]], answers)

    await asyncio.gather(*(one(number, *question) for number, question in enumerate(requests["questions"])))


def main() -> None:
    """Answer one question."""
    requests = json.load(sys.stdin)
    with open(1, "wb") as output, pa.ipc.new_stream(output, SCHEMA) as answers:
        asyncio.run(_answer_all(requests, answers))


if __name__ == "__main__":
    main()
