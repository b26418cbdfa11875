"""What a DataLoader's worker will be asked for next is fetched while it is at work on what it was asked for before.

A `DataLoader` sends each worker the rows of its next batches ahead of time (`prefetch_factor`), and the worker leaves
them in a queue until it comes to them. Here that queue is emptied at once, so that the objects of the next two batches
are on their way; the worker finds its orders in the same order. Nothing else tells the next rows, whatever the
sampler. Where there is no such queue nothing changes but that nothing is fetched ahead.
"""

import logging
import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import datasets
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.workers import worker_info
from vton_hf.errors import StorageError
from vton_hf.loader.orphans import LOOP
from vton_hf.storage import Store, disabled

if TYPE_CHECKING:
    from types import FrameType

_log = logging.getLogger("vton_hf")

AHEAD: Final = 2
"""Batches on their way beside the one at work: 50 MB for 8 triplets of 768x1024."""

Bodies = list[bytes | StorageError]

_here: tuple[int, "Prefetcher | None"] = (0, None)
"""The process that looked for its queue, and what it found: children look for their own."""


def read(uris: Sequence[str], store: Store) -> Bodies:
    """The objects' bytes, as `Store.read` gives them; in a worker of a `DataLoader` they may be there already.

    Raises:
        StorageError: As `Store.read`.
    """
    global _here  # noqa: PLW0603 - one queue a process
    if not uris:
        return []
    if _here[0] != os.getpid():
        _here = (os.getpid(), _find(store))
    prefetcher = _here[1]
    return store.read(uris) if prefetcher is None else prefetcher.read(uris, store)


def _find(store: Store) -> "Prefetcher | None":
    if "prefetch" in disabled():
        _log.info("Batches are not fetched ahead: VTON_HF_DISABLE says so.")
        return None
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the worker's loop keeps its queue to itself
    while frame is not None and frame.f_code.co_name != LOOP:
        frame = frame.f_back
    requests = frame and frame.f_locals.get("index_queue")
    uris_of = _uris_of(frame.f_locals.get("dataset")) if frame else None
    if requests is None or uris_of is None:
        if worker_info() is not None:
            _log.info("Batches are not fetched ahead: what this worker will be asked for is not to be seen.")
        return None
    _log.info("The next %d batches are fetched while this worker is at work on one.", AHEAD)
    prefetcher = Prefetcher(store, uris_of)
    prefetcher.attach(requests)
    return prefetcher


class Prefetcher:
    """The next batches of one worker.

    Args:
        store: Where their objects lie.
        uris_of: Which objects some rows need.
    """

    def __init__(self, store: Store, uris_of: Callable[[list[int]], list[str]]) -> None:
        self._store = store
        self._uris_of = uris_of
        self._threads = ThreadPoolExecutor(AHEAD, "vton_hf-look-ahead")
        self._lock = threading.Lock()
        self._waiting: deque[list[str]] = deque()
        self._under_way: deque[tuple[list[str], Future[Bodies]]] = deque()

    def attach(self, requests: Any) -> None:
        """Take orders out of the worker's queue as they come, and hand them on in its place."""
        get, ready = requests.get, queue.SimpleQueue[Any]()

        def pump() -> None:
            request: Any = ()
            while request is not None:
                request = get()
                try:
                    self.schedule(self._uris_of(_rows(request)))
                except Exception:  # noqa: BLE001
                    # Whatever is wrong with these rows is said when the worker comes to them.
                    _log.debug("These rows are not fetched ahead: %r", request, exc_info=True)
                ready.put(request)

        requests.get = ready.get
        threading.Thread(target=pump, daemon=True, name="vton_hf-orders").start()

    def schedule(self, uris: list[str]) -> None:
        """These will be asked for after those that are expected already."""
        if uris:
            with self._lock:
                self._waiting.append(uris)
                self._go_on()

    def read(self, uris: Sequence[str], store: Store) -> Bodies:
        """The objects' bytes, from what is under way if they were expected.

        Raises:
            StorageError: As `Store.read`.
        """
        batch = self._take(frozenset(uris))
        if batch is None:
            return store.read(uris)
        bodies = dict(zip(batch[0], batch[1].result(), strict=True))
        return [bodies[uri] for uri in uris]

    def _take(self, wanted: frozenset[str]) -> tuple[list[str], Future[Bodies]] | None:
        """The batch under way that holds just these; None if they were never expected, or their turn has not come."""
        with self._lock:
            index = next((index for index, (uris, _) in enumerate(self._under_way) if wanted == set(uris)), None)
            # Orders come in turn, so what was to come before these will not be asked for any more.
            if index is None:
                self._skip_to(wanted)
                request = None
            else:
                request = [self._under_way.popleft() for _ in range(index + 1)][-1]
            self._go_on()
        return request

    def _skip_to(self, wanted: frozenset[str]) -> None:
        turn = next((turn for turn, uris in enumerate(self._waiting) if wanted == set(uris)), None)
        if turn is not None:
            self._under_way.clear()
            self._waiting = deque(islice(self._waiting, turn + 1, None))

    def _go_on(self) -> None:
        while self._waiting and len(self._under_way) < AHEAD:
            uris = self._waiting.popleft()
            self._under_way.append((uris, self._threads.submit(self._store.read, uris)))


def _rows(request: Any) -> list[int]:
    """The rows of an order: torch sends (number, rows), torchdata (number, (rows, snapshot))."""
    rows = request[1] if isinstance(request, tuple) and len(request) == 2 else None  # noqa: PLR2004
    if isinstance(rows, tuple) and rows and isinstance(rows[0], list):
        rows = rows[0]
    rows = [rows] if isinstance(rows, int) else rows
    return list(rows) if isinstance(rows, Sequence) and all(isinstance(row, int) for row in rows) else []


def _uris_of(dataset: Any) -> Callable[[list[int]], list[str]] | None:
    """How to tell which objects some rows of a dataset need; None if it cannot be told."""
    if hasattr(dataset, "uris_of"):
        own: Callable[[list[int]], list[str]] = dataset.uris_of
        return own
    if isinstance(dataset, datasets.Dataset):
        images = [name for name, feature in dataset.features.items() if isinstance(feature, datasets.Image)]
        plain = dataset.with_format("arrow", columns=images)
        return lambda rows: unfetched(plain[rows])
    # torch's Subset, and what is built like it.
    inner, indices = getattr(dataset, "dataset", None), getattr(dataset, "indices", None)
    below = None if inner is None or indices is None else _uris_of(inner)
    if below is None or indices is None:
        return None
    return lambda rows: below([int(indices[row]) for row in rows])


def _is_image(kind: pa.StructType) -> bool:
    return {kind.field(number).name for number in range(kind.num_fields)} == {"bytes", "path"}


def unfetched(table: Any) -> list[str]:
    """The URIs of the images in an Arrow table of undecoded rows that are not embedded in it."""
    images = [table[field.name] for field in table.schema if pa.types.is_struct(field.type) and _is_image(field.type)]
    return [
        uri
        for image in images
        for uri in pc.struct_field(image, "path").filter(pc.is_null(pc.struct_field(image, "bytes"))).to_pylist()
        if uri is not None
    ]
