"""A file into an S3 object: in one request if it is small, else in parts that are tried again one by one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from vton_hf.storage.failures import BadAnswerError, FailureKind, classify
from vton_hf.storage.loop import gather_or_stop
from vton_hf.storage.messages import Request
from vton_hf.storage.retry import RetryPolicy

PART: Final = 16 * 2**20
"""Bytes of a part. A request has to end before the deadline, on slow lines too: 4 parts in 120 s are 4.5 Mbit/s."""

SMALL: Final = 2 * PART
"""Bytes up to which a file goes in one request."""

_MOST_PARTS: Final = 10_000
_IN_FLIGHT: Final = 4
_ABORT: Final = 5.0
_log = logging.getLogger("vton_hf")
_Call: TypeAlias = Callable[..., Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Upload:
    """Where one file goes, and how.

    Attributes:
        call: Sends one request to S3: the operation's name in snake case, then its parameters.
        target: `Bucket` and `Key`.
        request: What is asked, for the log.
        retry: How long each request is tried.
    """

    call: _Call
    target: Mapping[str, str]
    request: Request
    retry: RetryPolicy

    async def send(self, path: Path) -> None:
        """Write the object; nobody sees it before it is whole, and at most 4 parts of it are in memory.

        Raises:
            Exception: What the library raised. What was sent until then is taken back.
        """
        size = (await asyncio.to_thread(path.stat)).st_size
        if size <= SMALL:
            body = await asyncio.to_thread(path.read_bytes)
            await self._ask_for("ETag", "put_object", Body=body)
            return
        begun = await self._ask_for("UploadId", "create_multipart_upload")
        upload = str(begun["UploadId"])
        try:
            await self._complete(upload, await self._send_parts(upload, path, size), size)
        except BaseException:
            await self._abort(upload)
            raise

    async def _send_parts(self, upload: str, path: Path, size: int) -> list[dict[str, Any]]:
        """What the store has to be told of each part at the end."""
        length = max(PART, -(-size // _MOST_PARTS))
        slots = asyncio.Semaphore(_IN_FLIGHT)

        async def one(number: int) -> dict[str, Any]:
            async with slots:
                body = await asyncio.to_thread(_read, path, (number - 1) * length, length)
                answer = await self._ask_for("ETag", "upload_part", UploadId=upload, PartNumber=number, Body=body)
            # S3 wants each part's checksum again where botocore began the upload with one.
            sums = {name: value for name, value in answer.items() if name.startswith("Checksum") and value}
            return {"PartNumber": number, "ETag": answer["ETag"], **sums}

        parts = await gather_or_stop([one(number) for number in range(1, -(-size // length) + 1)])
        failures = [part for part in parts if isinstance(part, BaseException)]
        if failures:
            # A failure stops the other parts, so that they end as cancelled.
            raise next((failure for failure in failures if isinstance(failure, Exception)), failures[0])
        return [part for part in parts if isinstance(part, dict)]

    async def _complete(self, upload: str, parts: Sequence[Mapping[str, Any]], size: int) -> None:
        tries = 0

        async def attempt() -> Mapping[str, Any]:
            nonlocal tries
            tries += 1
            try:
                parameters = {"UploadId": upload, "MultipartUpload": {"Parts": parts}}
                return _whole(await self.call("complete_multipart_upload", **self.target, **parameters), "ETag")
            except Exception as error:
                # An earlier try may have gone well, and only its answer been lost.
                if tries > 1 and classify(error).kind is FailureKind.UPLOAD_GONE:
                    head = await self.call("head_object", **self.target)
                    if head["ContentLength"] == size:
                        return head
                raise

        await self.retry.until_answered(attempt, self.request)

    async def _abort(self, upload: str) -> None:
        """Take the parts back: those of an upload that is never completed cost money, and no listing shows them."""
        try:
            async with asyncio.timeout(_ABORT):
                await self.call("abort_multipart_upload", **self.target, UploadId=upload)
        except Exception as error:  # noqa: BLE001  # what stopped the upload is the bigger news
            _log.warning("Parts of %s may still lie there: %s", self.request.uri, self.request.trouble(error))

    async def _ask_for(self, name: str, operation: str, **parameters: object) -> Mapping[str, Any]:
        """An answer that holds what it must."""

        async def attempt() -> Mapping[str, Any]:
            return _whole(await self.call(operation, **self.target, **parameters), name)

        return await self.retry.until_answered(attempt, self.request)


def _whole(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    # A proxy's page parses as an answer without anything in it.
    if not answer.get(name):
        raise BadAnswerError(f"an answer without {name}")
    return answer


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)
