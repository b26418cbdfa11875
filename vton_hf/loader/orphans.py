"""A worker of a `DataLoader` ends when the process that trains ends, even if that is killed while the worker starts.

torch's own watch takes for the trainer whoever is the worker's parent when its loop begins. With spawn and forkserver
that is seconds after the start; if the trainer is gone by then, the worker waits for ever and keeps its memory.
`multiprocessing` knows the right process from the first. This watch begins before the loop, in every worker that has
this package by then, and in no other process.
"""

import multiprocessing
import operator
import os
import threading
import time
from multiprocessing.connection import wait
from multiprocessing.util import register_after_fork
from typing import Any, Final

LOOP: Final = "_worker_loop"
"""The function of torch and torchdata that a worker runs."""

_NAME: Final = "vton_hf-watch"

_GRACE: Final = 6
"""Seconds: torch looks every 5 whether the worker's parent lives, and then ends the worker in good order."""


def watch_workers() -> None:
    """Watch the trainer if this process is a worker, and in every worker that it will start."""
    if _is_prepared() or _is_worker():
        _start()
    # What `multiprocessing` forks calls this before its own function.
    register_after_fork(_after_fork, operator.call)


def _is_prepared() -> bool:
    """Whether `multiprocessing` spawned this process, and is about to say what it is for."""
    return multiprocessing.parent_process() is None and multiprocessing.current_process().name != "MainProcess"


def _is_worker() -> bool:
    runs = getattr(multiprocessing.current_process(), "_target", None)
    return getattr(runs, "__name__", "") == LOOP


def _after_fork() -> None:
    if _is_worker() and all(thread.name != _NAME for thread in threading.enumerate()):
        _start()


def _start() -> None:
    threading.Thread(target=_end_with_parent, daemon=True, name=_NAME).start()


def _end_with_parent() -> None:
    while (parent := multiprocessing.parent_process()) is None:
        time.sleep(0.05)
    if _is_worker():
        _wait_for_the_end(parent)
        time.sleep(_GRACE)
        os._exit(1)


def _wait_for_the_end(parent: Any) -> None:
    signs = [parent.sentinel]
    try:
        # The sentinel is a pipe that stays open as long as any process that the parent forked afterwards.
        signs.append(os.pidfd_open(parent.pid))
    except ProcessLookupError:
        return
    except (AttributeError, OSError):
        pass
    wait(signs)
