"""What is measured of a chunk's images while it is built, where their pixels are at hand anyway."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.chunks.shared import SharedCache
from vton_hf.cache.statistics import (
    IMAGES,
    ImageRow,
    KnownImages,
    StatisticsFiles,
    image_table,
    source_of,
    triplet_table,
)
from vton_hf.triplets import Source, sources_of


@dataclass
class Measuring:
    """The statistics of one chunk, as they come in.

    Attributes:
        chunk: Whose.
        files: Where they go.
        known: What was measured before.
    """

    chunk: Chunk
    files: StatisticsFiles
    known: KnownImages
    _rows: dict[Source, ImageRow] = field(default_factory=dict)

    @classmethod
    def of(cls, chunk: Chunk, folder: Path, units: Iterable[str]) -> "Measuring":
        """For a chunk; `units` may hold rows of it already."""
        files = StatisticsFiles(folder)
        return cls(chunk, files, KnownImages(files, [chunk.unit, *units]))

    def add(self, rows: Iterable[ImageRow]) -> None:
        """Take in images."""
        self._rows |= {source_of(row): row for row in rows}

    def finish(self, shared: SharedCache | None = None) -> None:
        """Write what is known of the chunk's images and triplets, unless that was written before.

        Raises:
            OSError: If the disk does not take it.
            StorageError: If the shared cache does not, and is strict.
        """
        if not self._rows and self.files.path(self.chunk.unit, IMAGES).exists():
            self.files.touch([self.chunk.unit])
            return
        rows = self.chunk.rows.to_pylist()
        sources = {source for row in rows for source in sources_of(row).values()}
        images = {source: row for source in sources if (row := self._rows.get(source) or self.known.get(source))}
        if images:
            self.files.write(self.chunk.unit, image_table(images.values()), triplet_table(rows, images))
            if shared is not None:
                shared.publish_statistics(self.files, self.chunk.unit)
