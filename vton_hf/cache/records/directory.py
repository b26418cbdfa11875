"""The places in a cache, what is written there, and what of it is in use."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.units import number
from vton_hf.cache import reservations
from vton_hf.cache.chunks import DATA, STATISTICS, Report, read_report
from vton_hf.cache.features import TEXT_COLUMNS, features, image_column
from vton_hf.cache.leases import FOLDER
from vton_hf.cache.owners import UNKNOWN
from vton_hf.cache.records.build_records import BuildRecord, read_record, records_in
from vton_hf.cache.records.files import keep, kept, open_manifest
from vton_hf.errors import BuildError
from vton_hf.storage import known_table
from vton_hf.triplets import Manifest

_ARROW: Final = ".arrow"
_FORMER_RESERVATION: Final = ".claim"
"""What an earlier version wrote beside a record: a reservation that names no process."""


@dataclass(frozen=True, slots=True)
class Used:
    """What is used of a cache.

    Attributes:
        names: Of chunks and of manifests' files that datasets, builds and streams refer to.
        under_way: Those that a process may be writing.
        ended: Reservations that no longer keep anything.
    """

    names: set[str] = field(default_factory=set)
    under_way: set[str] = field(default_factory=set)
    ended: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CacheDir:
    """The places in a cache directory.

    Attributes:
        root: `vton_hf/` in the cache directory of `datasets`.
    """

    root: Path

    @classmethod
    def within(cls, directory: str | Path) -> "CacheDir":
        """The cache in a cache directory of `datasets`."""
        return cls(Path(directory).expanduser().absolute() / "vton_hf")

    @property
    def chunks(self) -> Path:
        """One directory a chunk."""
        return self.root / "chunks"

    @property
    def manifests(self) -> Path:
        """One file a manifest, shared by all datasets made from it."""
        return self.root / "manifests"

    @property
    def listings(self) -> Path:
        """One directory a listing, with what became of it."""
        return self.root / "listings"

    @property
    def reservations(self) -> Path:
        """One file for each process that uses something, and what."""
        return self.root / "claims"

    @property
    def leases(self) -> Path:
        """Who is at work on which chunk."""
        return self.root / FOLDER

    @property
    def failures(self) -> Path:
        """One file for each chunk that was set aside."""
        return self.root / "failures"

    @property
    def statistics(self) -> Path:
        """What was measured of images and triplets: a pair of tables for each chunk's rows."""
        return self.root / STATISTICS

    @property
    def removed(self) -> Path:
        """What was pruned and is about to be deleted."""
        return self.root / "removed"

    def reserve(self, record: BuildRecord, what: str) -> None:
        """Keep what is about to be used from being pruned until this process has ended, or uses another for the same.

        Args:
            record: What a dataset or a stream refers to.
            what: The mark of its record store, or of a stream the digest of its manifest.
        """
        reservations.reserve(self.reservations, what, names_of(record))

    def building(self, record: BuildRecord, what: str) -> AbstractContextManager[None]:
        """Keep what is about to be built from being pruned, also if the build is stopped, so that it can go on."""
        return reservations.building(self.reservations, what, names_of(record))

    def save_manifest(self, manifest: Manifest) -> Path:
        """Write the manifest unless it is there; the file can be memory-mapped."""
        path = self.manifests / _manifest_name(manifest.digest())
        return keep(path, manifest.table.combine_chunks, pa.ipc.new_file)

    def uris(self, digest: str) -> Path:
        """The file of a dataset that holds URIs only."""
        return kept(self.manifests / _uris_name(digest))

    def save_uris(self, manifest: Manifest) -> Path:
        """Write the dataset's eight columns with URIs in place of bytes, for rows fetched on access."""

        def rows() -> pa.Table:
            table = manifest.table.combine_chunks()
            columns = {role: image_column(None, table[role]) for role in manifest.images}
            columns |= {name: table[name] for name in TEXT_COLUMNS}
            schema = features(decode=False, roles=manifest.images).arrow_schema
            return pa.table(columns).select(schema.names).cast(schema)

        return keep(self.manifests / _uris_name(manifest.digest()), rows, pa.ipc.new_stream)

    def columns(self, digest: str) -> Path:
        """The file of what layouts and tables say of its triplets."""
        return kept(self.manifests / _columns_name(digest))

    def save_columns(self, manifest: Manifest) -> None:
        """Write what layouts and tables say of each triplet, if they say anything."""
        columns = manifest.columns
        if columns is not None:
            keep(self.manifests / _columns_name(manifest.digest()), columns.combine_chunks, pa.ipc.new_stream)

    def known(self, digest: str) -> Path:
        """The file of what is listed of each of its objects."""
        return kept(self.manifests / _known_name(digest))

    def save_known(self, manifest: Manifest) -> Path:
        """Write size and ETag of each object, for reads that know its URI alone."""

        def rows() -> pa.Table:
            there = {role: pc.is_valid(manifest.table[role]) for role in manifest.images}
            parts = [
                [manifest.table[f"{role}{what}"].filter(there[role]) for role in manifest.images]
                for what in ("", "_size", "_etag")
            ]
            return known_table(*(pa.chunked_array([chunk for one in part for chunk in one.chunks]) for part in parts))

        return keep(self.manifests / _known_name(manifest.digest()), rows, pa.ipc.new_file)

    def data_files(self, chunks: Iterable[str]) -> list[Path]:
        """The Arrow files of chunks."""
        return [self.chunks / name / DATA for name in chunks]

    def reports(self, record: BuildRecord) -> list[Report]:
        """What the chunks of a dataset hold.

        Raises:
            BuildError: If one is gone from the cache.
        """
        names = [name for chunks in record.chunks.values() for name in chunks]
        reports = [read_report(self.chunks / name) for name in names]
        if None in reports:
            raise BuildError(
                f"{number(reports.count(None), 'chunk')} missing from {self.chunks}. Load the dataset once more to "
                f"build what is gone."
            )
        return [report for report in reports if report is not None]

    def datasets(self) -> Iterator[tuple[Path, BuildRecord]]:
        """The record of each dataset that was prepared.

        Raises:
            OSError: If one cannot be read.
        """
        return ((path, record) for path, record in self._records() if not path.stem.endswith(_FORMER_RESERVATION))

    def used(self) -> Used:
        """What datasets, builds and streams refer to.

        Raises:
            OSError: If some of them cannot be known.
        """
        used, known = Used(), reservations.all_reservations(self.reservations)
        for path, record in self._records():
            if path.stem.endswith(_FORMER_RESERVATION):
                known.append(reservations.Reservation(path, names_of(record), UNKNOWN))
            else:
                used.names.update(names_of(record))
        for each in known:
            # Whoever opens a manifest touches it.
            opened = (reservations.modified(self.manifests / name) for name in each.names if name.endswith(_ARROW))
            live = each.is_live(max(opened, default=0.0))
            if live:
                used.under_way.update(each.names)
            if live or each.is_resumable():
                used.names.update(each.names)
            else:
                used.ended.append(each.path)
        return used

    def _records(self) -> Iterator[tuple[Path, BuildRecord]]:
        for path in records_in(self.root.parent):
            if (record := read_record(path)) is not None:
                yield path, record

    def load_manifest(self, digest: str) -> Manifest:
        """Map a manifest into memory.

        Raises:
            BuildError: If it is gone from the cache.
        """
        return open_manifest(kept(self.manifests / _manifest_name(digest)))


def _manifest_name(digest: str) -> str:
    return f"{digest}{_ARROW}"


def _uris_name(digest: str) -> str:
    return f"{digest}-uris{_ARROW}"


def _known_name(digest: str) -> str:
    return f"{digest}-known{_ARROW}"


def _columns_name(digest: str) -> str:
    return f"{digest}-columns{_ARROW}"


def names_of(record: BuildRecord) -> frozenset[str]:
    """The chunks and the manifests' files that a dataset refers to."""
    chunks = {name for names in record.chunks.values() for name in names}
    return frozenset(
        chunks | {name(record.manifest) for name in (_manifest_name, _uris_name, _known_name, _columns_name)}
    )
