"""Worker processes that loky starts: they never run the caller's script a second time, and may die without harm."""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

from vton_hf.engines.engine import Engine, InProcess, Outcome, Unit, Work, WorkerError, do_one

logger = logging.getLogger("vton_hf")


class Processes:
    """Runs work in worker processes of this machine.

    Args:
        count: How many.
    """

    remote = False

    def __init__(self, count: int) -> None:
        self.parallel = count

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        """As `Engine.run`. Of units that were under way when a worker died each is tried again alone."""
        waiting, count = deque(units), self.parallel
        while waiting:
            suspects, error = yield from _one_pool(work, waiting, count)
            guilty = False
            for unit in suspects:
                lost, error = yield from _one_pool(work, deque([unit]), 1)
                if lost:
                    guilty = True
                    yield unit, WorkerError(f"its worker process died ({error}), most often for want of memory")
            if suspects and not guilty:
                count = max(1, count // 2)  # each for itself did well: together they were too much


def on_this_machine(num_proc: int | None) -> Engine:
    """The engine of `num_proc`: None or 1 stands for this process."""
    return InProcess() if num_proc is None or num_proc == 1 else Processes(num_proc)


def _one_pool(
    work: Work, waiting: deque[Unit], count: int
) -> Generator[tuple[Unit, Outcome], None, tuple[list[Unit], Exception | None]]:
    """Take units from the queue until it is empty or a worker dies; gives those that were under way then."""
    workers = ProcessPoolExecutor(min(count, len(waiting)), initializer=_start, initargs=(os.getpid(), work))
    under_way: dict[Future[Outcome], Unit] = {}
    try:
        while waiting or under_way:
            # No more than there are workers: what has not begun is not to blame if one dies.
            while waiting and len(under_way) < count:
                under_way[workers.submit(_do, do_one, waiting[0])] = waiting[0]
                waiting.popleft()
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for task in finished:
                outcome = task.result()
                yield under_way.pop(task), outcome
    except BrokenProcessPool as error:
        left = len(waiting) + len(under_way)
        logger.warning("A worker process died (%s); new ones take on the %d units that are left.", error, left)
        return list(under_way.values()), error
    finally:
        workers.shutdown(wait=True, kill_workers=True)
    return [], None


_work: Work


def _start(parent: int, work: Work) -> None:
    """Take the work, once for all units, and watch that the parent lives: a killed build must leave nobody behind."""
    global _work  # noqa: PLW0603 - of this worker
    _work = work
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _do(run: Callable[[Work, Any], Outcome], unit: Any) -> Outcome:
    return run(_work, unit)


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
