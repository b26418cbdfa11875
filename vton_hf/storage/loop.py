"""From the caller's thread to the event loop that fsspec runs, and back; safe across `fork`."""

import asyncio
import contextlib
import os
import queue
import threading
import weakref
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import fsspec.asyn

_T = TypeVar("_T")
_Close: TypeAlias = Callable[[], Coroutine[Any, Any, object]]
_inherited: list[object] = []
_GRACE: Final = 3.0


def run(
    work: Callable[[Callable[[int], None]], Coroutine[Any, Any, _T]],
    progress: Callable[[int], object] | None = None,
) -> _T:
    """Run a coroutine to its end; an interrupt in the caller's thread cancels it, and waits until it has tidied up.

    Args:
        work: Gets a function to report numbers with.
        progress: Called with each number, in the caller's thread.
    """
    reports: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    ended = threading.Event()

    async def to_its_end() -> _T:
        try:
            return await work(reports.put)
        finally:
            ended.set()

    future = asyncio.run_coroutine_threadsafe(to_its_end(), fsspec.asyn.get_loop())
    future.add_done_callback(lambda _: reports.put(None))
    try:
        for number in iter(reports.get, None):
            if progress is not None:
                progress(number)
        return future.result()
    except BaseException:
        if future.cancel():
            ended.wait(_GRACE)
        raise


async def gather_or_stop(work: Sequence[Coroutine[Any, Any, _T]]) -> list[_T | BaseException]:
    """Run all at once; the first to raise stops the others.

    Returns:
        In order, each one's result, what it raised, or its `CancelledError`.
    """
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return outcomes


def close_with(owner: object, filesystem: object, close: _Close | None = None) -> None:
    """Close a file system when its owner is gone or the process ends, but never a parent's in a forked child.

    Args:
        owner: Whoever uses the file system.
        filesystem: Kept alive until then.
        close: Closes its connections, unless it does so itself; must not refer to `owner`.
    """
    weakref.finalize(owner, _close, os.getpid(), fsspec.asyn.get_loop(), filesystem, close)


def _close(pid: int, loop: asyncio.AbstractEventLoop, filesystem: object, close: _Close | None) -> None:
    if pid != os.getpid():
        # Parent and child share one epoll set: to collect its sockets here would deafen the parent.
        _inherited.append(filesystem)
        return
    if close is None or not loop.is_running():
        return
    future = asyncio.run_coroutine_threadsafe(close(), loop)
    try:
        on_the_loop = asyncio.get_running_loop() is loop
    except RuntimeError:
        on_the_loop = False
    if not on_the_loop:
        with contextlib.suppress(TimeoutError):
            future.exception(timeout=1.0)
