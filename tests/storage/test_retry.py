"""The retry policy alone: back-off under its ceiling, patience up to its deadline and no further."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace

import pytest

from vton_hf._core.retry import backoff
from vton_hf.storage import StorageSettings, retry
from vton_hf.storage.messages import Request
from vton_hf.storage.retry import RetryPolicy

ASK = Request("read", "s3://b/a", StorageSettings())


class VirtualTime(asyncio.SelectorEventLoop):
    """A loop whose clock stands still while there is work, and jumps to what is due next when there is none."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0]._when)
        super()._run_once()


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualTime]:
    """What a deadline is held against, however busy the machine."""
    with contextlib.closing(VirtualTime()) as loop:
        monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=loop.time))
        yield loop


def failing(*errors: Exception) -> tuple[Callable[[], Awaitable[str]], list[float]]:
    """An attempt that raises each error in turn, the last one for ever, and when it was made."""
    made: list[float] = []

    async def attempt() -> str:
        made.append(asyncio.get_running_loop().time())
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
        asyncio.run(RetryPolicy(5).until_answered(attempt, ASK))
    assert len(made) == 1


def test_trying_ends_before_the_deadline_and_raises_the_last_failure(loop: VirtualTime) -> None:
    attempt, made = failing(ConnectionResetError("first"), ConnectionResetError("last"))
    with pytest.raises(ConnectionResetError, match="last"):
        loop.run_until_complete(RetryPolicy(1.0).until_answered(attempt, ASK))
    assert len(made) > 2
    assert made[-1] <= loop.now <= 1.0


def test_running_out_of_time_does_not_hide_why(loop: VirtualTime) -> None:
    async def attempt() -> str:
        if not tried:
            tried.append(1)
            raise ConnectionResetError
        await asyncio.sleep(60)
        return ""

    tried: list[int] = []
    with pytest.raises(ConnectionResetError):
        loop.run_until_complete(RetryPolicy(1.0).until_answered(attempt, ASK))


def test_once_a_call_is_out_of_time_nothing_more_is_sent(loop: VirtualTime) -> None:
    async def both() -> None:
        retry = RetryPolicy(0.5)
        for attempt in (first, second):
            with pytest.raises(ConnectionResetError):
                await retry.until_answered(attempt, ASK)
            await asyncio.sleep(0.5)

    (first, _), (second, made) = failing(ConnectionResetError()), failing(ValueError())
    loop.run_until_complete(both())
    assert not made


def test_an_answer_to_one_renews_the_patience_with_all(loop: VirtualTime) -> None:
    async def good() -> str:
        return "body"

    async def slow_but_steady() -> list[str]:
        retry = RetryPolicy(0.4)
        bodies = []
        for _ in range(4):
            bodies.append(await retry.until_answered(good, ASK))
            await asyncio.sleep(0.2)
        return bodies

    assert loop.run_until_complete(slow_but_steady()) == ["body"] * 4
