"""Many objects at once: each is tried again alone, and an outage is told from a bad object."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from vton_hf.errors import AccessError, StorageError, VTONError
from vton_hf.storage.faults import OF_THE_OBJECT, OF_THE_STORE, ChangedError, classify
from vton_hf.storage.lanes import Lane
from vton_hf.storage.loop import gather_or_stop
from vton_hf.storage.messages import Ask
from vton_hf.storage.retry import Patience, backoff
from vton_hf.storage.settings import StorageSettings

Body: TypeAlias = bytes | StorageError
_LENGTH_TRIES: Final = 3
_MANY: Final = 16


async def read_all(
    sizes: Mapping[str, int | None], settings: StorageSettings, lane_of: Callable[[str], Lane]
) -> dict[str, Body] | VTONError:
    """Read every object.

    Args:
        sizes: The length that the listing gave for each URI, or None where it is not known.
        settings: How patient to be, and how many objects to have in flight.
        lane_of: The way to a URI's store.

    Returns:
        Each object's bytes or its error; or the one error to raise, if the store as a whole failed.
    """
    patience = Patience(settings.deadline)
    slots = asyncio.Semaphore(settings.concurrency)

    async def one(uri: str, size: int | None) -> bytes | Exception:
        try:
            async with slots:  # held through the back-off: a throttled store sees fewer of us
                return await _read(uri, size, lane_of(uri), patience, Ask("read", uri, settings))
        except Exception as error:
            if _is_outage(error):
                raise  # stops the others
            return error

    outcomes = await gather_or_stop([one(uri, size) for uri, size in sizes.items()])
    return _sort_out(dict(zip(sizes, outcomes, strict=True)), settings)


async def _read(uri: str, size: int | None, lane: Lane, patience: Patience, ask: Ask) -> bytes:
    body = b""
    for failures in range(1, _LENGTH_TRIES + 1):
        body = await patience.until_answered(lambda: lane.get(uri), ask)
        if size is None or len(body) == size:
            return body
        if failures < _LENGTH_TRIES:
            await asyncio.sleep(backoff(failures))
    raise ChangedError(
        f"object changed since it was listed: listed {size} bytes, got {len(body)}. List the prefix again."
    )


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
            bodies[uri] = failure = Ask("read", uri, settings).failure(outcome)
            if _is_outage(outcome):
                return failure
            if classify(outcome).kind not in OF_THE_OBJECT:
                blank = blank or failure
    if blank is None or any(isinstance(body, bytes) for body in bodies.values()):
        return bodies
    # A few objects may well be denied one by one; many in a row are a right that is missing.
    alone = isinstance(blank, AccessError) and len(bodies) < _MANY
    return bodies if alone else blank
