"""What was measured before of images, by the objects they are: read from disk only when asked for."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from vton_hf.cache.statistics.files import IMAGES, StatisticsFiles, read_table
from vton_hf.cache.statistics.tables import ImageRow, source_of
from vton_hf.triplets import Source


class KnownImages(Mapping[Source, ImageRow]):
    """Rows of units and of their parts.

    Args:
        files: Where they lie.
        names: Of the units that may hold them.
    """

    def __init__(self, files: StatisticsFiles, names: Iterable[str]) -> None:
        self._files, self._names = files, tuple(names)

    @cached_property
    def _rows(self) -> dict[Source, ImageRow]:
        rows: dict[Source, ImageRow] = {}
        for name in self._names:
            for path in (*self._files.parts(name), self._files.path(name, IMAGES)):
                table = read_table(path)
                for row in () if table is None else table.to_pylist():
                    rows[source_of(row)] = row
        return rows

    def __getitem__(self, source: Source) -> ImageRow:
        return self._rows[source]

    def __iter__(self) -> Iterator[Source]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
