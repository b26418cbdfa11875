"""All objects under many prefixes, listed at once; any error ends it, so that no listing is ever smaller."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final

import pyarrow as pa

from vton_hf.errors import LayoutError, VTONError
from vton_hf.storage.lanes import Lane
from vton_hf.storage.loop import gather_or_stop
from vton_hf.storage.messages import Ask
from vton_hf.storage.prefixes import outermost
from vton_hf.storage.retry import Patience
from vton_hf.storage.settings import StorageSettings
from vton_hf.storage.tables import holds, join

FIRST_CONTACT: Final = 15.0
"""Seconds until a store that has never answered is given up: nobody waits minutes to learn of a typing error."""


async def list_all(
    prefixes: Sequence[str],
    settings: StorageSettings,
    lane_of: Callable[[str], Lane],
    seen: Callable[[int], None],
) -> pa.Table | VTONError:
    """List every prefix.

    Args:
        prefixes: Resolved, with a trailing slash.
        settings: How patient to be, and how many prefixes to list at once.
        lane_of: The way to a URI's store.
        seen: Gets the number of new objects, a page at a time.

    Returns:
        The sorted table, or the error for the caller to raise in its own thread.
    """
    roots = outermost(prefixes)
    patience = Patience(settings.deadline, first_contact=FIRST_CONTACT)
    slots = asyncio.Semaphore(settings.concurrency)
    pages: list[pa.Table] = []

    async def one(root: str) -> None:
        ask = Ask("list", root, settings)
        async with slots, aclosing(lane_of(root).pages(ask, patience)) as answers:
            async for answer in answers:
                pages.append(answer)
                seen(answer.num_rows)

    outcomes = await gather_or_stop([one(root) for root in roots])
    for root, outcome in zip(roots, outcomes, strict=True):
        if isinstance(outcome, Exception):
            return outcome if isinstance(outcome, VTONError) else Ask("list", root, settings).failure(outcome)
    table = await asyncio.to_thread(join, pages)
    for prefix in prefixes:
        if not holds(table, prefix):
            return LayoutError(f"No object under {prefix}: check the spelling, or drop this prefix.")
    return table
