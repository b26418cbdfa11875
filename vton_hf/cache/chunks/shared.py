"""A cache that machines share: finished chunks in a bucket or on a shared file system, each one object."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from vton_hf._core.concurrency import map_prefetched
from vton_hf._core.files import atomic_write
from vton_hf.cache.chunks.archive import DamagedArchiveError, pack, unpack
from vton_hf.cache.chunks.files import (
    DATA,
    REPORT,
    SOURCES,
    STATISTICS,
    archive_of,
    leases_of,
    publish,
    read_report,
    taken,
)
from vton_hf.cache.holders import Holder
from vton_hf.cache.leases import BusyError, Leases
from vton_hf.cache.statistics import IMAGES, TRIPLETS, StatisticsFiles
from vton_hf.errors import ObjectMissingError, StorageError
from vton_hf.storage import StorageSettings, Store, objects_below

logger = logging.getLogger("vton_hf")

_FILES: Final = (DATA, SOURCES, REPORT)
_SUFFIX: Final = ".tar"
_LARGE: Final = 5
"""So many times as long as for an image: 150 s for one request, 200 MB at 11 Mbit/s, and 10 minutes in all."""

_LEASE_DEADLINE: Final = 10.0
"""Seconds to keep trying to write or read a lease."""

_REFUSED: Final = "publish"

_AT_ONCE: Final = 256
"""Tables of statistics, some 100 KB each, that are in memory at once."""

_POLL: Final = 2.0
"""Seconds between two looks at a chunk that another machine is at work on."""


class SharedCache:
    """Chunks that were published, by their name, which says all that they follow from.

    Pickles as its place; each process opens its own connections.

    Args:
        uri: The folder, with a trailing slash.
        settings: How its store is reached.
        strict: Whether a chunk that cannot be published is an error; else it is told, and stays on this machine.
    """

    def __init__(self, uri: str, settings: StorageSettings, *, strict: bool = False) -> None:
        self.uri, self.settings, self.strict = uri, settings, strict
        self._reported: set[str] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (self.uri, self.settings, self.strict)

    @cached_property
    def store(self) -> Store:
        """Reads and writes it: objects of some 200 MB, which a slow line has to bring in time."""
        timeout, deadline = _LARGE * self.settings.timeout, _LARGE * self.settings.deadline
        return Store(replace(self.settings, timeout=timeout, deadline=deadline))

    @cached_property
    def leases(self) -> Leases:
        """Who is at work on what of it, on whatever machine."""
        # They save work: nobody waits for them for long.
        patience = replace(self.settings, deadline=min(self.settings.deadline, _LEASE_DEADLINE))
        return Leases(Store(patience), f"{self.uri}leases/")

    def held(self, name: str, *, wait: bool) -> AbstractContextManager[Holder | None]:
        """Keep other machines from building a chunk meanwhile; see `Leases.held`."""
        return self.leases.held(name, wait=wait, poll=_POLL)

    def names(self) -> set[str]:
        """The chunks that there are.

        Raises:
            StorageError: If the store does not answer.
        """
        names = objects_below(self.store, f"{self.uri}chunks/")
        return {name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)}

    def fetch(self, name: str, directory: Path) -> bool:
        """Fill a scratch directory with a published chunk.

        Returns:
            Whether it is there and sound. What is damaged is told, and is to be built anew and published over it.

        Raises:
            StorageError: If the store does not answer.
            OSError: If the disk is full.
        """
        (body,) = self.store.read([self._uri(name)])
        if isinstance(body, ObjectMissingError):
            return False
        if not isinstance(body, bytes):
            raise body
        try:
            unpack(body, name, _FILES, directory)
        except DamagedArchiveError as error:
            for each in _FILES:
                (directory / each).unlink(missing_ok=True)
            self._tell(
                name, f"Chunk {name} in {self.uri} is damaged: {error}. It is built anew here, and takes its place."
            )
            return False
        return True

    def fill(self, directories: list[Path], *, progress: Callable[[Path], object], threads: int) -> None:
        """Fetch chunks into the cache of this machine, several at once; what cannot be had stays to be built.

        Args:
            directories: Where each goes.
            progress: Called with each that has arrived.
            threads: Chunks that are fetched at once; each is in memory meanwhile.

        Raises:
            StorageError: If the store does not answer.
            OSError: If the disk is full.
        """

        def one(directory: Path) -> bool:
            try:
                with taken(directory, since=0.0, wait=False) as scratch:
                    if scratch is not None and self.fetch(directory.name, scratch):
                        publish(scratch, directory)
            except BusyError:  # another process of this machine fetches it
                return False
            return read_report(directory) is not None

        for directory, arrived in map_prefetched(directories, one, depth=threads):
            if arrived:
                progress(directory)

    def publish(self, directory: Path) -> None:
        """Let other machines have a finished chunk: it appears whole, in place of one of the same name.

        Unless `strict`, the first that is not taken is told, and this process tries no further: an outage would cost
        one deadline a chunk.

        Raises:
            StorageError: If the store does not take it, and `strict`.
            OSError: If this machine's disk is full.
        """
        if _REFUSED in self._reported:
            return
        archive = archive_of(directory, leases_of(directory).id)
        try:
            pack(directory, _FILES, archive)
            self.store.upload(archive, self._uri(directory.name))
        except StorageError as error:
            if self.strict:
                raise
            self._tell(_REFUSED, f"{error} Chunks that are built here stay on this machine.")
        finally:
            archive.unlink(missing_ok=True)

    def measured(self) -> set[str]:
        """The units of which statistics were published.

        Raises:
            StorageError: If the store does not answer.
        """
        names = objects_below(self.store, f"{self.uri}{STATISTICS}/")
        return {name.removesuffix(TRIPLETS) for name in names if name.endswith(TRIPLETS)}

    def fetch_statistics(self, files: StatisticsFiles, units: Sequence[str]) -> None:
        """Take published statistics; those that are damaged are none.

        Raises:
            StorageError: If the store does not answer.
            OSError: If the disk is full.
        """
        wanted = [(unit, kind) for unit in units for kind in (IMAGES, TRIPLETS)]
        for part in (wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE)):
            bodies = self.store.read([self._statistics_uri(*each) for each in part])
            for (unit, kind), body in zip(part, bodies, strict=True):
                if isinstance(body, bytes):
                    with atomic_write(files.path(unit, kind)) as scratch:
                        scratch.write_bytes(body)

    def publish_statistics(self, files: StatisticsFiles, unit: str) -> None:
        """Let other machines have the statistics of a unit; as for `publish`, a failure is told unless `strict`.

        Raises:
            StorageError: If the store does not take them, and `strict`.
        """
        if _REFUSED in self._reported:
            return
        try:
            for kind in (IMAGES, TRIPLETS):  # the last one shows that both are there
                self.store.put(self._statistics_uri(unit, kind), files.path(unit, kind).read_bytes(), replace=True)
        except StorageError as error:
            if self.strict:
                raise
            self._tell(_REFUSED, f"{error} Chunks that are built here stay on this machine.")

    def _statistics_uri(self, unit: str, kind: str) -> str:
        return f"{self.uri}{STATISTICS}/{unit}{kind}"

    def _uri(self, name: str) -> str:
        return f"{self.uri}chunks/{name}{_SUFFIX}"

    def _tell(self, what: str, text: str) -> None:
        if what not in self._reported:
            self._reported.add(what)
            logger.warning(text)


def _remade(uri: str, settings: StorageSettings, strict: bool) -> SharedCache:
    return SharedCache(uri, settings, strict=strict)
