"""One object written whole, or many taken away; any error ends it."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from vton_hf._core.disk import is_full
from vton_hf.errors import VTONError
from vton_hf.storage.backend import Backend
from vton_hf.storage.failures import FailureKind, classify
from vton_hf.storage.loop import gather_or_stop
from vton_hf.storage.messages import Request
from vton_hf.storage.retry import RetryPolicy
from vton_hf.storage.settings import StorageSettings


async def send_file(path: Path, uri: str, settings: StorageSettings, backend: Backend) -> Exception | None:
    """Move a local file into a store.

    Returns:
        The error for the caller to raise in its own thread, or None.
    """
    request = Request("write", uri, settings)
    try:
        await backend.upload(path, request, RetryPolicy(settings.deadline))
        await asyncio.to_thread(path.unlink, missing_ok=True)
    except Exception as error:  # noqa: BLE001  # any library's
        return _failure(error, request)
    return None


async def put_object(
    uri: str, body: bytes, settings: StorageSettings, backend: Backend, *, replace: bool
) -> bool | Exception:
    """Write one small object.

    Returns:
        Whether it was written; or the error for the caller to raise in its own thread.
    """
    request = Request("write", uri, settings)
    try:
        return await RetryPolicy(settings.deadline).until_answered(
            lambda: backend.put(uri, body, replace=replace), request
        )
    except FileExistsError:
        return False
    except Exception as error:  # noqa: BLE001  # any library's
        return _failure(error, request)


async def delete_all(
    uris: Iterable[str], settings: StorageSettings, backend_of: Callable[[str], Backend]
) -> Exception | None:
    """Take every object away; those that are not there count as done.

    Returns:
        The error for the caller to raise in its own thread, or None.
    """
    retry = RetryPolicy(settings.deadline)
    slots = asyncio.Semaphore(settings.concurrency)
    requests = [Request("delete", uri, settings) for uri in dict.fromkeys(uris)]
    if not requests:
        return None

    async def one(request: Request) -> None:
        async with slots:
            try:
                await retry.until_answered(lambda: backend_of(request.uri).delete(request.uri), request)
            except Exception as error:
                if classify(error).kind is not FailureKind.MISSING:
                    raise

    outcomes = await gather_or_stop([one(request) for request in requests])
    for request, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, Exception):
            return _failure(outcome, request)
    return None


def _failure(error: Exception, request: Request) -> Exception:
    return error if is_full(error) or isinstance(error, VTONError) else request.to_error(error)
