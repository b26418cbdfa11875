"""All objects under many prefixes, listed at once; any error ends it, so that no listing is ever smaller."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final, TypeVar

import pyarrow as pa

from vton_hf.errors import AccessError, LayoutError, VTONError
from vton_hf.storage.backend import Backend
from vton_hf.storage.hints import hint
from vton_hf.storage.loop import gather_or_stop
from vton_hf.storage.messages import Request
from vton_hf.storage.prefixes import outermost
from vton_hf.storage.retry import RetryPolicy
from vton_hf.storage.settings import StorageSettings
from vton_hf.storage.tables import holds, join, unread

_T = TypeVar("_T")

FIRST_CONTACT: Final = 15.0
"""Seconds until a store that has never answered is given up: nobody waits minutes to learn of a typing error."""


async def list_all(
    prefixes: Sequence[str],
    settings: StorageSettings,
    backend_of: Callable[[str], Backend],
    progress: Callable[[int], None],
) -> pa.Table | VTONError:
    """List every prefix.

    Args:
        prefixes: Resolved, with a trailing slash.
        settings: How patient to be, and how many prefixes to list at once.
        backend_of: The way to a URI's store.
        progress: Gets the number of new objects, a page at a time.

    Returns:
        The sorted table, or the error for the caller to raise in its own thread.
    """
    retry = RetryPolicy(settings.deadline, first_contact=FIRST_CONTACT)
    by_backend: dict[Backend, list[Request]] = defaultdict(list)
    for root in outermost(prefixes):
        by_backend[backend_of(root)].append(Request("list", root, settings))
    outcomes = await gather_or_stop(
        [backend.list_objects(requests, retry, progress) for backend, requests in by_backend.items()]
    )
    pages: list[pa.Table] = []
    for outcome in outcomes:
        if isinstance(outcome, VTONError):
            return outcome
        if isinstance(outcome, BaseException):
            continue  # one that was stopped by another's error
        pages += outcome
    table = await asyncio.to_thread(join, pages)
    for prefix in prefixes:
        # A folder that cannot be read stops nothing, unless somebody asked for it.
        if why := unread(table, prefix):
            return AccessError(f"Cannot list {prefix}: {why}.")
        if not holds(table, prefix):
            return LayoutError(f"No object under {prefix}: {hint(prefix)}")
    return table


async def list_pages(
    starts: Sequence[tuple[str, str]], settings: StorageSettings, backend_of: Callable[[str], Backend]
) -> list[pa.Table] | VTONError:
    """One page of each of some listings.

    Args:
        starts: For each, its prefix and the URI behind which the page begins.
        settings: How patient to be, and how many to ask for at once.
        backend_of: The way to a URI's store.

    Returns:
        The pages, or the error for the caller to raise in its own thread.
    """
    retry = RetryPolicy(settings.deadline, first_contact=FIRST_CONTACT)
    requests = [Request("list", prefix, settings) for prefix, _ in starts]
    try:
        return await backend_of(requests[0].uri).list_page(requests, [after for _, after in starts], retry)
    except VTONError as error:
        return error


async def each(one: Callable[..., Awaitable[_T]], requests: Sequence[Request], *more: Sequence[object]) -> list[_T]:
    """Do something for all asks at once, as far as their settings allow; like `map`, with one argument from each list.

    Raises:
        VTONError: The first one's failure, in our words; the others are stopped.
    """
    if not requests:
        return []
    slots = asyncio.Semaphore(requests[0].settings.concurrency)

    async def in_turn(*arguments: object) -> _T:
        async with slots:
            return await one(*arguments)

    outcomes = await gather_or_stop([in_turn(*arguments) for arguments in zip(requests, *more, strict=True)])
    for request, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, Exception):
            raise outcome if isinstance(outcome, VTONError) else request.to_error(outcome) from None
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


async def each_page(
    requests: Sequence[Request],
    pages_of: Callable[[Request], AsyncGenerator[pa.Table, None]],
    progress: Callable[[int], None],
) -> list[pa.Table]:
    """All pages of all asks.

    Raises:
        VTONError: As `each` does.
    """

    async def one(request: Request) -> list[pa.Table]:
        pages = []
        async with aclosing(pages_of(request)) as answers:
            async for answer in answers:
                pages.append(answer)
                progress(answer.num_rows)
        return pages

    return [page for pages in await each(one, requests) for page in pages]
