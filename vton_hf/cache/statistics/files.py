"""Where tables lie, and how they are read and written: each file is whole, absent, or told from a damaged one."""

import logging
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from vton_hf._core.digests import digest
from vton_hf._core.files import atomic_write
from vton_hf.cache.akin import Akin, cut_name
from vton_hf.cache.owners import DAY
from vton_hf.cache.reservations import children, modified
from vton_hf.cache.statistics.schema import VERSION
from vton_hf.naming import ROLES
from vton_hf.triplets import content_digest

logger = logging.getLogger("vton_hf")

IMAGES: Final = ".images.parquet"
TRIPLETS: Final = ".triplets.parquet"
_KEPT: Final = 30 * DAY
"""Seconds for which a table is kept that nobody uses."""

PART: Final = ".part.parquet"
"""Behind the name and a number: images of a unit that is under way."""


def unit_name(pool: str, bits: str, rows: pa.Table) -> str:
    """What the tables of a chunk's rows are called: the same whatever the chunk stores."""
    return f"{pool}-{bits or 'all'}-{digest(content_digest(rows) + VERSION)}"


@dataclass(frozen=True)
class StatisticsFiles:
    """The tables in a folder.

    Attributes:
        folder: Where; it may not be there yet.
    """

    folder: Path

    @cached_property
    def _known(self) -> Akin:
        names = {path.name.partition(".")[0] for path in children(self.folder) if path.name.endswith((IMAGES, PART))}
        return Akin((*cut_name(name), name) for name in names if name.count("-") > 1)

    def akin(self, pool: str, bits: str) -> list[str]:
        """Units that may hold rows of a chunk."""
        return self._known.of(pool, bits)

    def is_whole(self, name: str, rows: pa.Table) -> bool:
        """Whether all images of a unit's rows were measured: only what could be read is."""
        path = self.path(name, IMAGES)
        if not path.exists() or not self.path(name, TRIPLETS).exists():
            return False
        distinct = len(set(chain.from_iterable(rows[role].drop_null().to_pylist() for role in ROLES)))
        try:
            return bool(pq.read_metadata(path).num_rows == distinct)
        except (OSError, pa.ArrowException):
            return False

    def path(self, name: str, kind: str) -> Path:
        """One file of a unit: `kind` is `IMAGES` or `TRIPLETS`."""
        return self.folder / f"{name}{kind}"

    def read(self, name: str, kind: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """A table; None if it is not there, or damaged."""
        return read_table(self.path(name, kind), columns)

    def write(self, name: str, images: pa.Table, triplets: pa.Table) -> None:
        """Write the tables of a unit, in place of earlier ones, and forget its parts.

        Raises:
            OSError: If the disk does not take them.
        """
        write_table(self.path(name, IMAGES), images)
        write_table(self.path(name, TRIPLETS), triplets)
        for path in self.parts(name):
            path.unlink(missing_ok=True)

    def touch(self, names: Iterable[str]) -> None:
        """Remember that units are of use."""
        for name in names:
            for kind in (IMAGES, TRIPLETS):
                with suppress(OSError):
                    os.utime(self.path(name, kind))

    def recent(self) -> set[str]:
        """Names of files that were of use within the last days: datasets come and go, and statistics are small."""
        oldest = time.time() - _KEPT
        return {path.name for path in children(self.folder) if path.is_dir() or modified(path) > oldest}

    def forget(self, name: str) -> None:
        """Delete the tables of a unit.

        Raises:
            OSError: If the disk does not let them go.
        """
        for kind in (IMAGES, TRIPLETS):
            self.path(name, kind).unlink(missing_ok=True)

    def parts(self, name: str) -> list[Path]:
        """Files of a unit that is under way."""
        return sorted(self.folder.glob(f"{name}.*{PART}"))

    def write_part(self, name: str, number: str, images: pa.Table) -> None:
        """Keep what was measured of a unit so far, should this process end.

        Raises:
            OSError: If the disk does not take it.
        """
        write_table(self.folder / f"{name}.{number}{PART}", images)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table | None:
    """A table, every page held against its checksum; None if it is not there, or damaged."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(columns=None if columns is None else list(columns), use_threads=False)
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException) as error:
        logger.info("%s is damaged (%s): what it held is measured again.", path, error)
        return None


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table, whole or not at all.

    Raises:
        OSError: If the disk does not take it.
    """
    with atomic_write(path) as scratch:
        pq.write_table(table, scratch, compression="zstd", write_page_checksum=True, use_dictionary=["role", "format"])
