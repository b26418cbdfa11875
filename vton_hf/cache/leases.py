"""Who is at work on what: one small file a name, on a disk or in a store, that saves others from doing the same.

A lease never carries correctness: what two processes build at once is the same, and appears by one atomic step. So
there is no lock, and where leases cannot be written all goes on without. A lease ends when it is given back, or when
its process is gone. Of a process of this machine the kernel tells; and each writes a sign of life every 10 seconds, of
which whoever waits sees by its own clock whether it changes: clocks of two machines are never compared.
"""

import json
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final
from uuid import uuid4

from vton_hf.cache.holders import Holder, Survey, parsed
from vton_hf.cache.owners import myself
from vton_hf.errors import StorageError
from vton_hf.storage import StorageSettings, Store, objects_below

_BEAT: Final = 10.0
"""Seconds between two signs of life: a PUT each time, and a working process writes some 25 MB/s."""

PATIENCE: Final = 60.0
"""Seconds without a sign of life after which a process counts as gone."""

FOLDER: Final = "leases"
"""Of leases in a cache directory."""

_LEASE: Final = ".lease"
_LIFE: Final = ".alive"


class BusyError(Exception):
    """Another process is at work on it."""


class Leases:
    """The leases of one place, as one process sees them.

    Args:
        store: Reads and writes them.
        uri: The folder of the leases, with a trailing slash.
    """

    def __init__(self, store: Store, uri: str) -> None:
        self.id = uuid4().hex
        self._store, self._uri = store, uri
        self._guard = threading.RLock()
        self._held: set[str] = set()
        self._over = threading.Event()
        self._seen: dict[str, tuple[bytes, float]] = {}
        self._done, self._began, self._shown = 0, time.monotonic(), False

    def take(self, name: str) -> Holder | None:
        """Ask to work on something; leave it to its holder if there is one.

        Returns:
            None if another is at work on it. Otherwise who held it before and is gone, or this process itself.
        """
        me = Holder(self.id, platform.node(), myself(), time=time.time())
        with self._guard:
            if name in self._held:
                return None
            former: Holder | None = me
            # Where there can be no lease, at most something is done twice.
            with suppress(StorageError, OSError):
                former = self._claim(name, me)
            if former is not None:
                self._hold(name)
            return former

    def _claim(self, name: str, me: Holder) -> Holder | None:
        if self._store.put(self._lease(name), me.body()):
            return me
        holder = self._holder(name)
        if holder is None or holder.id == self.id:  # half a file, or our own, of which the answer was lost
            holder = me
        elif self._is_at_work(holder):
            return None
        self._store.put(self._lease(name), me.body(), replace=True)
        winner = self._holder(name)
        return holder if winner is None or winner.id == self.id else None

    @contextmanager
    def held(
        self, name: str, *, wait: bool, poll: float, unless: Callable[[], bool] = lambda: False
    ) -> Iterator[Holder | None]:
        """Hold a lease until the block ends.

        Args:
            name: What is worked on.
            wait: Wait for another process that is at work on it.
            poll: Seconds between two looks.
            unless: What makes the lease needless while another has it.

        Yields:
            As `take`; None if the lease is needless by now.

        Raises:
            BusyError: If another process is at work on it and `wait` is false.
        """
        while (former := self.take(name)) is None:
            if not wait:
                raise BusyError(name)
            if unless():
                yield None
                return
            time.sleep(poll)
        try:
            yield former
        finally:
            self.give_back(name)

    def count(self, done: int) -> None:
        """Let others see that so many bytes of objects more are done."""
        self._done += done

    def give_back(self, name: str) -> None:
        """Let go of what was taken."""
        with self._guard:
            self._held.discard(name)
            gone = []
            if not self._held:
                self._over.set()
                gone += [self._life(self.id)] if self._shown else []
                self._shown = False
            with suppress(StorageError, OSError):
                holder = self._holder(name)
                gone += [self._lease(name)] if holder is not None and holder.id == self.id else []
                self._store.delete(gone)

    def holders(self) -> dict[str, Holder]:
        """By name, who is at work, as far as that can be told at once; for people.

        Raises:
            StorageError: If the store fails.
        """
        names = [name.removesuffix(_LEASE) for name in objects_below(self._store, self._uri) if name.endswith(_LEASE)]
        found = {name: self._holder(name) for name in names}
        living = {name: each for name, each in found.items() if each is not None and each.owner.runs() is not False}
        lives = {each.id: parsed(self._read(self._life(each.id))) for each in living.values()}
        return {
            name: Holder(each.id, each.host, each.owner, life.get("done", 0), life.get("seconds", 0.0))
            for name, each in living.items()
            for life in [lives[each.id]]
        }

    def survey(self) -> "Survey":
        """Tell leases that may be held from those that ended without being given back.

        Raises:
            StorageError: If the store fails.
        """
        files = {name for name in objects_below(self._store, self._uri) if name.endswith((_LEASE, _LIFE))}
        found = {file: self._holder(file.removesuffix(_LEASE)) for file in files if file.endswith(_LEASE)}
        living = {file: each for file, each in found.items() if each is not None and each.may_live()}
        ids = {each.id for each in living.values()}
        return Survey(
            frozenset(file.removesuffix(_LEASE) for file in living),
            frozenset(files - set(living) - {f"{each}{_LIFE}" for each in ids}),
            frozenset(each.id for each in found.values() if each is not None) - ids,
        )

    def _is_at_work(self, holder: Holder) -> bool:
        if holder.owner.runs() is False:
            return False
        # Of another machine, or of this one: it may have been stopped, or hang.
        life, now = self._read(self._life(holder.id)) or b"", time.monotonic()
        seen, since = self._seen.get(holder.id, (None, now))
        if life != seen:
            self._seen[holder.id] = life, now
            return True
        return now - since < PATIENCE

    def _hold(self, name: str) -> None:
        if not self._held:
            self._over = threading.Event()
            threading.Thread(target=self._show_life, args=(self._over,), daemon=True, name="vton_hf-lease").start()
        self._held.add(name)

    def _show_life(self, over: threading.Event) -> None:
        number = 0
        while not over.wait(_BEAT):
            number += 1
            facts = {"number": number, "done": self._done, "seconds": round(time.monotonic() - self._began, 1)}
            with self._guard, suppress(StorageError, OSError):
                if not over.is_set():
                    self._shown = self._store.put(self._life(self.id), json.dumps(facts).encode(), replace=True)

    def _holder(self, name: str) -> Holder | None:
        return Holder.parsed(self._read(self._lease(name)))

    def _read(self, uri: str) -> bytes | None:
        (body,) = self._store.read([uri])
        return body if isinstance(body, bytes) else None

    def _lease(self, name: str) -> str:
        return f"{self._uri}{name}{_LEASE}"

    def _life(self, identity: str) -> str:
        return f"{self._uri}{identity}{_LIFE}"


def leases_in(directory: Path) -> Leases:
    """The leases of a folder, as this process sees them."""
    return _leases_in(os.getpid(), directory)


@contextmanager
def probe(directory: Path) -> Iterator[Path]:
    """A file in a cache directory for workers of other machines to look for; it goes as a lease does."""
    leases, name = leases_in(directory / FOLDER), f"driver-{uuid4().hex}"
    with leases.held(name, wait=False, poll=0.0):
        yield directory / FOLDER / f"{name}{_LEASE}"


@cache
def _leases_in(pid: int, directory: Path) -> Leases:
    del pid  # a forked child is another process
    return Leases(Store(StorageSettings()), f"file://{directory}/")
