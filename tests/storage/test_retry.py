"""The retry policy alone: back-off under its ceiling, patience up to its deadline and no further."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from vton_hf.storage import StorageSettings
from vton_hf.storage.messages import Ask
from vton_hf.storage.retry import Patience, backoff

ASK = Ask("read", "s3://b/a", StorageSettings())


def failing(*errors: Exception) -> tuple[Callable[[], Awaitable[str]], list[float]]:
    """An attempt that raises each error in turn, the last one for ever, and when it was made."""
    made: list[float] = []

    async def attempt() -> str:
        made.append(time.monotonic())
        raise errors[min(len(made), len(errors)) - 1]

    return attempt, made


def test_backoff_is_drawn_from_nothing_up_to_a_doubling_ceiling() -> None:
    for failures, ceiling in ((1, 0.2), (2, 0.4), (5, 3.2), (7, 10.0), (10_000, 10.0)):
        draws = [backoff(failures) for _ in range(500)]
        assert max(draws) <= ceiling
        assert max(draws) > 0.8 * ceiling
        assert min(draws) < 0.2 * ceiling


def test_a_fault_that_will_not_pass_is_tried_once() -> None:
    attempt, made = failing(PermissionError(13, "no"))
    with pytest.raises(PermissionError):
        asyncio.run(Patience(5).until_answered(attempt, ASK))
    assert len(made) == 1


def test_trying_ends_before_the_deadline_and_raises_the_last_failure() -> None:
    attempt, made = failing(ConnectionResetError("first"), ConnectionResetError("last"))
    start = time.monotonic()
    with pytest.raises(ConnectionResetError, match="last"):
        asyncio.run(Patience(1.0).until_answered(attempt, ASK))
    assert time.monotonic() - start < 1.5
    assert made[-1] - start <= 1.0
    assert len(made) > 2


def test_running_out_of_time_does_not_hide_why() -> None:
    async def attempt() -> str:
        if not tried:
            tried.append(1)
            raise ConnectionResetError
        await asyncio.sleep(60)
        return ""

    tried: list[int] = []
    with pytest.raises(ConnectionResetError):
        asyncio.run(Patience(1.0).until_answered(attempt, ASK))


def test_once_a_call_is_out_of_time_nothing_more_is_sent() -> None:
    async def both() -> None:
        patience = Patience(0.5)
        for attempt in (first, second):
            with pytest.raises(ConnectionResetError):
                await patience.until_answered(attempt, ASK)
            await asyncio.sleep(0.5)

    (first, _), (second, made) = failing(ConnectionResetError()), failing(ValueError())
    asyncio.run(both())
    assert not made


def test_an_answer_to_one_renews_the_patience_with_all() -> None:
    async def good() -> str:
        return "body"

    async def slow_but_steady() -> list[str]:
        patience = Patience(0.4)
        bodies = []
        for _ in range(4):
            bodies.append(await patience.until_answered(good, ASK))
            await asyncio.sleep(0.2)
        return bodies

    assert asyncio.run(slow_but_steady()) == ["body"] * 4
