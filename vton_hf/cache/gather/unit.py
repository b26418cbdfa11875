"""A unit of measuring: the rows that a chunk would hold; parts of it outlive the process."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from vton_hf._core.digests import digest
from vton_hf.cache.chunks.fetch import Row, parts
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.chunks.reuse import ReusableImages
from vton_hf.cache.statistics import (
    MEASURED_ON_OBJECT,
    ImageRow,
    KnownImages,
    StatisticsFiles,
    image_row,
    image_table,
    source_of,
    triplet_table,
)
from vton_hf.images import ORIGINAL, measured
from vton_hf.naming import ROLES
from vton_hf.triplets import Source, sources_of

Wanted: TypeAlias = dict[Source, str]
"""Objects, and the role that each plays."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is measured at once.

    Attributes:
        chunk: Whose rows.
        units: Where statistics of its images may be already.
        chunks: Chunks on disk that may hold its images, and how each stores them; those of originals come first.
    """

    chunk: Chunk
    units: tuple[str, ...]
    chunks: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """The outcome of a unit.

    Attributes:
        unreadable: Objects that could not be read, and why.
    """

    unreadable: tuple[tuple[str, str], ...]


class Measuring:
    """A unit that is under way.

    Args:
        unit: Which.
        files: Where statistics lie.
        pixels: Whether pixels are looked at, or files alone.
        more: Where rows of use may lie, too: those with pixels, where none are asked for.

    Attributes:
        failure: Why it cannot be finished; what was measured of it is kept.
    """

    def __init__(self, unit: Unit, files: StatisticsFiles, *, pixels: bool, more: StatisticsFiles | None) -> None:
        self.unit, self.pixels = unit, pixels
        self._files = files
        names = (unit.chunk.unit, *unit.units)
        self._rows: dict[Source, ImageRow] = {}
        for place in (files, more):
            self._rows |= {} if place is None else _of(unit.chunk, KnownImages(place, names))
        self._stored = [(ReusableImages([path], ORIGINAL), how) for path, how in unit.chunks]
        self.failure: Exception | None = None
        self._unreadable: dict[str, str] = {}

    def parts(self) -> Iterator[list[Row]]:
        """What is read by one call, in order."""
        yield from parts(self.unit.chunk.rows)

    def wanted(self, rows: list[Row]) -> Wanted:
        """The objects of some rows that were not measured before."""
        wanted = {source: role for row in rows for role, source in sources_of(row).items() if role in ROLES}
        return {source: role for source, role in wanted.items() if source not in self._rows}

    def stored(self, source: Source, role: str) -> ImageRow | None:
        """What a chunk's own bytes say of an object; None if none holds it."""
        for images, how in self._stored:
            body = images.get(((role,), (source,)))
            if body is not None:
                return image_row(source, role, how, measured(body[0], pixels=self.pixels))
        return None

    def measure(self, source: Source, role: str, data: bytes) -> ImageRow:
        """What an object says."""
        return image_row(source, role, MEASURED_ON_OBJECT, measured(data, pixels=self.pixels))

    def add(self, rows: list[ImageRow], unreadable: dict[str, str]) -> None:
        """Take in a part, and keep it on disk.

        Raises:
            OSError: If the disk does not take it.
        """
        self._unreadable |= unreadable
        if rows:
            self._rows |= {source_of(row): row for row in rows}
            part = image_table(rows)
            self._files.write_part(self.unit.chunk.unit, digest("\n".join(part["uri"].to_pylist())), part)

    def finish(self) -> Measured:
        """Write what is known of all images and triplets.

        Raises:
            Exception: Why it failed.
            OSError: If the disk does not take it.
        """
        if self.failure is not None:
            raise self.failure
        triplets = triplet_table(self.unit.chunk.rows.to_pylist() if self.pixels else [], self._rows)
        self._files.write(self.unit.chunk.unit, image_table(self._rows.values()), triplets)
        return Measured(tuple(self._unreadable.items()))


def _of(chunk: Chunk, known: KnownImages) -> dict[Source, ImageRow]:
    sources = {source for row in chunk.rows.to_pylist() for source in sources_of(row).values()}
    return {source: known[source] for source in sources if source in known}
