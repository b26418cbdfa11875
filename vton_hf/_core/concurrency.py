"""Work that is begun before its result is needed."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from vton_hf._core.timing import stage

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_prefetched(
    items: Iterable[Item], work: Callable[[Item], Result], *, depth: int = 1
) -> Iterator[tuple[Item, Result]]:
    """Each item with its result, in order, while the next `depth` results are on their way.

    Args:
        items: Drawn only as far as needed.
        work: Called in a thread; what it raises is raised when that item's turn comes.
        depth: How many results may wait or be under way beside the one in the caller's hands.

    >>> list(map_prefetched([1, 2, 3], lambda number: number * 10))
    [(1, 10), (2, 20), (3, 30)]
    """
    pending: deque[tuple[Item, Future[Result]]] = deque()
    threads = ThreadPoolExecutor(depth)
    # A generator that is half read when the interpreter ends is closed after the modules have lost what is in them.
    ends = sys.is_finalizing
    try:
        for item in items:
            pending.append((item, threads.submit(work, item)))
            if len(pending) > depth:
                yield _awaited(*pending.popleft())
        while pending:
            yield _awaited(*pending.popleft())
    finally:
        # A consumer that stops early is not kept waiting for what it no longer wants; one that stops because the
        # interpreter ends finds the threads joined already.
        if not ends():
            threads.shutdown(wait=False, cancel_futures=True)


def _awaited(item: Item, result: Future[Result]) -> tuple[Item, Result]:
    with stage("fetch"):
        return item, result.result()
