"""The work on units, in any process: the next parts are read and measured while one is written down."""

import operator
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final, TypeAlias

from vton_hf._core.concurrency import map_prefetched
from vton_hf.cache.chunks.fetch import Fetcher, Row
from vton_hf.cache.chunks.shared import SharedCache
from vton_hf.cache.chunks.work import own_store, threads_of
from vton_hf.cache.gather.unit import Measured, Measuring, Unit
from vton_hf.cache.statistics import ImageRow, StatisticsFiles
from vton_hf.engines import check_probe, tried
from vton_hf.errors import StorageError
from vton_hf.images import is_sound
from vton_hf.storage import Body, StorageSettings, Store, read_sources, use_each
from vton_hf.storage import Source as Listed

STRUCTURE: Final = "structure"
"""Where rows without pixels lie, apart from those with them."""

_Part: TypeAlias = tuple[Measuring, list[Row]]
_Found: TypeAlias = tuple[list[ImageRow], dict[str, str]]


@dataclass(frozen=True)
class GatherUnits:
    """Measures units.

    Attributes:
        settings: How the store is reached.
        folder: Where statistics lie.
        pixels: Whether pixels are looked at.
        shared: Where they are published.
        processes: How many do the same on this machine.
        apart: Measure in a folder of `TMPDIR`, which goes with the work: only what is published stays.
        probe: A file that every machine at work must see; None where they need not share a folder.
        store: Where the images lie, for this process.
        progress: Called in this process with triplets that are done.
    """

    settings: StorageSettings
    folder: Path
    pixels: bool = True
    shared: SharedCache | None = None
    processes: int = 1
    apart: bool = False
    probe: Path | None = None
    store: Store | None = field(default=None, repr=False)
    progress: Callable[[int], object] = field(default=operator.index, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        settled = (self.settings, self.folder, self.pixels, self.shared, self.processes, self.apart, self.probe)
        return GatherUnits, settled

    def __call__(self, units: Sequence[Unit], /) -> Iterator[tuple[Unit, Measured | Exception]]:
        """Measure units, each with what could not be read, or what went wrong."""
        check_probe(self.probe)
        with tempfile.TemporaryDirectory(prefix="vton_hf-") if self.apart else nullcontext() as scratch:
            folder = Path(scratch) if scratch else self.folder
            for measuring in self._measured(units, folder):
                yield measuring.unit, tried(self._finished, measuring, folder)

    def _finished(self, measuring: Measuring, folder: Path) -> Measured:
        outcome = measuring.finish()
        if self.shared is not None and self.pixels:
            self.shared.publish_statistics(StatisticsFiles(folder), measuring.unit.chunk.unit)
        return outcome

    def _measured(self, units: Sequence[Unit], folder: Path) -> Iterator[Measuring]:
        """Units whose parts are all there, or which failed."""
        store = self.store or own_store(self.settings)
        read, threads = partial(_read, store, Fetcher.of(store).slots), threads_of(self.processes, decodes=True)
        for (measuring, rows), found in map_prefetched(self._parts(units, folder), read, depth=threads):
            if not rows:
                yield measuring
            elif measuring.failure is None:
                failure = found if isinstance(found, Exception) else tried(measuring.add, *found)
                measuring.failure = failure if isinstance(failure, Exception) else None
                self.progress(0 if measuring.failure else len(rows))

    def _parts(self, units: Sequence[Unit], folder: Path) -> Iterator[_Part]:
        """Take one unit after another, and cut it; no rows stand for its end."""
        files = StatisticsFiles(folder if self.pixels else folder / STRUCTURE)
        more = None if self.pixels else StatisticsFiles(folder)
        for unit in units:
            measuring = Measuring(unit, files, pixels=self.pixels, more=more)
            for rows in measuring.parts():
                yield measuring, rows
            yield measuring, []


def _read(store: Store, slots: BoundedSemaphore, part: _Part) -> _Found | Exception:
    return tried(_found, store, slots, *part)  # what fails ends this unit alone


def _found(store: Store, slots: BoundedSemaphore, measuring: Measuring, rows: list[Row]) -> _Found:
    """Measure what a part holds: rows, and what could not be read and why."""
    wanted = measuring.wanted(rows)
    stored = {source: row for source, role in wanted.items() if (row := measuring.stored(source, role)) is not None}
    left = [source for source in wanted if source not in stored]

    def read(sources: Sequence[Listed]) -> Sequence[Body]:
        with slots:
            return read_sources(store, sources)

    def make(number: int, bodies: Mapping[str, Body]) -> ImageRow | StorageError:
        body, source = bodies[left[number][0]], left[number]
        return body if isinstance(body, StorageError) else measuring.measure(source, wanted[source], body)

    made = use_each(store, [[source] for source in left], read, make, _is_broken, is_sound) if left else []
    found = [*stored.values(), *(row for row in made if not isinstance(row, StorageError))]
    refused = {source[0]: str(row) for source, row in zip(left, made, strict=True) if isinstance(row, StorageError)}
    return found, refused


def _is_broken(row: ImageRow | StorageError) -> bool:
    return not isinstance(row, StorageError) and row.get("fault") is not None
