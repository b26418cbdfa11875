"""The retry policy of the Hub: back-off until a deadline, which uploads that moved data push back."""

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from vton_hf._core.retry import backoff
from vton_hf.exports.hub.failures import explain, is_conflict, is_transient, unwrapped

logger = logging.getLogger("vton_hf")

Answer = TypeVar("Answer")

DEADLINE: Final = 60.0
"""Seconds from the first failure; huggingface_hub itself has retried some requests for 23 s by then."""

TRANSFER: Final = 45.0
"""An attempt that took so many seconds has moved data before it failed, and the clock starts anew; but not for ever."""

_RESTARTS: Final = 10


def retried(attempt: Callable[[], Answer], *, repo_id: str, token: str | None, deadline: float | None = None) -> Answer:
    """Ask until there is an answer.

    Args:
        attempt: Asks, and can ask again: others may have changed the repository, or only the answer was lost.
        repo_id: What it is about.
        token: Kept out of messages.
        deadline: Seconds; by default `DEADLINE`.

    Raises:
        VTONError: At once if another try is pointless, else when time is up.
    """
    deadline = DEADLINE if deadline is None else deadline
    failures = restarts = 0
    until = float("inf")
    while True:
        began = time.monotonic()
        try:
            return attempt()
        except Exception as wrapped:
            error = unwrapped(wrapped)
            if time.monotonic() - began > TRANSFER and restarts < _RESTARTS:
                until, restarts = float("inf"), restarts + 1
            until = min(until, time.monotonic() + deadline)
            failures += 1
            wait = backoff(failures)
            explained = explain(error, repo_id, token)
            if not is_transient(error) or time.monotonic() + wait > until:
                if explained is error:
                    raise
                raise explained from None
            if failures == 1 and not is_conflict(error):
                logger.warning("%s Trying again for up to %.0f s.", explained, deadline)
            time.sleep(wait)
