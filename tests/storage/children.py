"""What the children of `test_processes` run; light, since spawned ones import it afresh."""

import asyncio
import gc
import multiprocessing
from concurrent.futures import Future
from multiprocessing.connection import Connection
from typing import Any

from vton_hf.storage import Store

PATIENCE = 40


def list_and_read(store: Store, prefix: str, uris: list[str], answers: Connection) -> None:
    answers.send((store.list([prefix])["uri"].to_pylist(), store.read(uris)))
    answers.close()


def answer_of_a_child(method: str, store: Store, prefix: str, uris: list[str]) -> tuple[list[str], list[bytes]]:
    """What a child that is started so lists and reads; it must not hang, and must end well."""
    context: Any = multiprocessing.get_context(method)
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=list_and_read, args=(store, prefix, uris, there), daemon=True)
    child.start()
    there.close()
    assert here.poll(PATIENCE), f"a child made by {method} hangs"
    answer: tuple[list[str], list[bytes]] = here.recv()
    child.join(PATIENCE)
    assert child.exitcode == 0
    here.close()
    return answer


def drop(store: Store, answers: Connection) -> None:
    """Send what of the store was handed to the parent's event loop, which does not run in a child."""
    handed: list[str] = []
    original: Any = asyncio.run_coroutine_threadsafe

    def hand_over(coroutine: Any, loop: object) -> Future[Any]:
        if not coroutine.__qualname__.startswith("S3Backend."):
            return original(coroutine, loop)  # that of a file system which another test left behind
        handed.append(coroutine.__qualname__)
        return Future()

    asyncio.run_coroutine_threadsafe = hand_over
    store._backends.clear()
    gc.collect()
    answers.send(handed)
    answers.close()
