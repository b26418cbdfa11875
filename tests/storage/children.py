"""What the children of `test_processes` run; light, since spawned ones import it afresh."""

import gc
import time
from multiprocessing.connection import Connection

from vton_hf.storage import Store


def list_and_read(store: Store, prefix: str, uris: list[str], answers: Connection) -> None:
    answers.send((store.list([prefix])["uri"].to_pylist(), store.read(uris)))
    answers.close()


def drop(store: Store, answers: Connection) -> None:
    start = time.monotonic()
    store._lanes.clear()
    gc.collect()
    answers.send(time.monotonic() - start)
    answers.close()
