"""Many objects at once: each is tried again alone, and an outage is told from a bad object."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from vton_hf.errors import AccessError, StorageError, VTONError
from vton_hf.storage.backend import Backend, Listed
from vton_hf.storage.failures import OF_THE_OBJECT, OF_THE_STORE, classify
from vton_hf.storage.integrity import Integrity, Reading
from vton_hf.storage.loop import gather_or_stop
from vton_hf.storage.messages import Request
from vton_hf.storage.retry import RetryPolicy
from vton_hf.storage.settings import StorageSettings

Body: TypeAlias = bytes | StorageError
_MANY: Final = 16


async def read_all(
    listed: Mapping[str, Listed],
    settings: StorageSettings,
    backend_of: Callable[[str], Backend],
    integrity: Integrity,
    unusable: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[str, Body] | VTONError:
    """Read every object.

    Args:
        listed: What the listing says of each URI.
        settings: How patient to be, and how many objects to have in flight.
        backend_of: The way to a URI's store.
        integrity: How bodies are held against what is listed.
        unusable: What an earlier read gave of some of them, if nothing could be done with it.

    Returns:
        Each object's bytes or its error; or the one error to raise, if the store as a whole failed.
    """
    retry = RetryPolicy(settings.deadline)
    slots = asyncio.Semaphore(settings.concurrency)

    async def one(uri: str, known: Listed) -> bytes | Exception:
        reading = Reading(uri, known, backend_of(uri), integrity, unusable.get(uri))
        try:
            async with slots:  # held through the back-off: a throttled store sees fewer of us
                if await reading.is_as_stored():
                    return unusable[uri]
                return await retry.until_answered(reading.attempt, Request("read", uri, settings))
        except Exception as error:
            if _is_outage(error):
                raise  # stops the others
            return reading.verdict(error)

    outcomes = await gather_or_stop([one(uri, known) for uri, known in listed.items()])
    return _sort_out(dict(zip(listed, outcomes, strict=True)), settings)


def _is_outage(error: BaseException) -> bool:
    return isinstance(error, VTONError) or classify(error).kind in OF_THE_STORE


def _sort_out(outcomes: Mapping[str, bytes | BaseException], settings: StorageSettings) -> dict[str, Body] | VTONError:
    bodies: dict[str, Body] = {}
    blank: StorageError | None = None
    for uri, outcome in outcomes.items():
        if isinstance(outcome, bytes):
            bodies[uri] = outcome
        elif isinstance(outcome, VTONError):
            return outcome
        elif isinstance(outcome, Exception):  # and not the cancellation of one that was stopped
            bodies[uri] = failure = Request("read", uri, settings).to_error(outcome)
            if _is_outage(outcome):
                return failure
            if classify(outcome).kind not in OF_THE_OBJECT:
                blank = blank or failure
    if blank is None or any(isinstance(body, bytes) for body in bodies.values()):
        return bodies
    # A few objects may well be denied one by one; many in a row are a right that is missing.
    alone = isinstance(blank, AccessError) and len(bodies) < _MANY
    return bodies if alone else blank
