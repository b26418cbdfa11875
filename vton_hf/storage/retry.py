"""The retry policy of a store, for pages and objects: back-off until a deadline that parallel requests share."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from vton_hf._core.retry import backoff
from vton_hf.storage.failures import TRANSIENT, FailureKind, classify
from vton_hf.storage.messages import Request

_T = TypeVar("_T")
_log = logging.getLogger("vton_hf")


class RetryPolicy:
    """How long one call keeps trying; all its requests share it, and each is also held to it alone.

    A request gives up when it has failed for `deadline` seconds, or when nothing at all was answered for so
    long: an outage costs one deadline, not one per object.
    """

    def __init__(self, deadline: float, *, first_contact: float | None = None) -> None:
        """Set how long.

        Args:
            deadline: Seconds.
            first_contact: Seconds to wait for the very first answer, where a store that never answers is more
                likely misnamed than ill.
        """
        self._deadline = deadline
        self._limit = deadline if first_contact is None else min(deadline, first_contact)
        self._answered = time.monotonic()
        self._failure: Exception = TimeoutError()
        self._logged: set[str] = set()

    async def until_answered(self, attempt: Callable[[], Awaitable[_T]], request: Request) -> _T:
        """Try until the store answers.

        Args:
            attempt: Sends one request.
            request: What it asks for, for the log.

        Raises:
            Exception: What the library raised: at once if another try is pointless, else the last failure
                when time is up.
        """
        started = time.monotonic()
        failures = 0
        failure: Exception | None = None
        while self._left(started) > 0:
            try:
                # A slow first answer is still an answer, so an attempt may use the whole deadline.
                async with asyncio.timeout(self._left(started) + self._deadline - self._limit):
                    result = await attempt()
            except Exception as error:
                kind = classify(error).kind
                if kind not in TRANSIENT:
                    self._note_answer()
                    raise
                # Running out of time says less than the refusals before it.
                if failure is None or kind is not FailureKind.TIMED_OUT:
                    failure = self._failure = error
            else:
                self._note_answer()
                return result
            failures += 1
            delay = backoff(failures)
            if delay >= self._left(started):
                break
            self._tell("start", f"{request.trouble(failure)}; trying again for up to {self._limit:g} s.")
            await asyncio.sleep(delay)
        failure = failure or self._failure
        self._tell("stop", f"{request.trouble(failure)}; gave up after {self._limit:g} s.")
        # One failure may be shared by many requests: without the trail of the others.
        raise failure.with_traceback(None)

    def _left(self, started: float) -> float:
        return min(started, self._answered) + self._limit - time.monotonic()

    def _note_answer(self) -> None:
        self._answered = time.monotonic()
        self._limit = self._deadline

    def _tell(self, event: str, text: str) -> None:
        if event not in self._logged:
            self._logged.add(event)
            _log.warning(text)
