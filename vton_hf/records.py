"""What the cache remembers besides images: the manifest of each listing and the recipe of each dataset."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import pyarrow as pa

from vton_hf.chunks import DATA, Report, read_report
from vton_hf.errors import BuildError
from vton_hf.features import TEXT_COLUMNS, features, image_column
from vton_hf.naming import ROLES
from vton_hf.storage import save_known
from vton_hf.triplets import Manifest

_PREFIX: Final = "vton_hf-"
_CLAIM: Final = ".claim"


@dataclass(frozen=True, slots=True)
class Record:
    """How a dataset that was once prepared is put together again, without a look at the bucket.

    Attributes:
        manifest: The digest of its manifest.
        chunks: Its chunks' names by difficulty, in pool order; empty if it holds URIs only.
    """

    manifest: str
    chunks: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Cache:
    """The places in a cache directory.

    Attributes:
        root: `vton_hf/` in the cache directory of `datasets`.
    """

    root: Path

    @classmethod
    def within(cls, directory: str | Path) -> "Cache":
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

    def save_manifest(self, manifest: Manifest) -> Path:
        """Write the manifest unless it is there; the file can be memory-mapped."""
        path = self.manifests / f"{manifest.digest()}.arrow"
        if not path.exists():
            table = manifest.table.combine_chunks()
            with whole_or_absent_file(path) as scratch, pa.ipc.new_file(str(scratch), table.schema) as writer:
                writer.write_table(table)
        return path

    def uris(self, digest: str) -> Path:
        """The file of a dataset that holds URIs only."""
        return self.manifests / f"{digest}-uris.arrow"

    def known(self, digest: str) -> Path:
        """The file of what is listed of each of its objects."""
        return self.manifests / f"{digest}-known.arrow"

    def save_uris(self, manifest: Manifest) -> Path:
        """Write the dataset's eight columns with URIs in place of bytes, for rows fetched on access."""
        path = self.uris(manifest.digest())
        if not path.exists():
            table = manifest.table.combine_chunks()
            columns = {role: image_column(None, table[role]) for role in ROLES}
            columns |= {name: table[name] for name in TEXT_COLUMNS}
            schema = features(decode=False).arrow_schema
            with whole_or_absent_file(path) as scratch, pa.ipc.new_stream(str(scratch), schema) as writer:
                writer.write_table(pa.table(columns).select(schema.names).cast(schema))
        self._save_known(manifest)
        return path

    def _save_known(self, manifest: Manifest) -> None:
        path = self.known(manifest.digest())
        if not path.exists():
            parts = [[manifest.table[f"{role}{what}"] for role in ROLES] for what in ("", "_size", "_etag")]
            uris, sizes, etags = (
                pa.chunked_array([chunk for part in column for chunk in part.chunks]) for column in parts
            )
            with whole_or_absent_file(path) as scratch:
                save_known(scratch, uris, sizes, etags)

    def data_files(self, chunks: Iterable[str]) -> list[Path]:
        """The Arrow files of chunks."""
        return [self.chunks / name / DATA for name in chunks]

    def reports(self, record: Record) -> list[Report]:
        """What the chunks of a dataset hold.

        Raises:
            BuildError: If one is gone from the cache.
        """
        names = [name for chunks in record.chunks.values() for name in chunks]
        found = [read_report(self.chunks / name) for name in names]
        if None in found:
            raise BuildError(
                f"{found.count(None):,} chunks are gone from {self.chunks}. Load the dataset once more to build them."
            )
        return [report for report in found if report is not None]

    def used(self) -> tuple[set[str], set[str]]:
        """The names of the chunks and of the manifests' files that datasets, builds and streams refer to."""
        chunks: set[str] = set()
        manifests: set[str] = set()
        # A builder may go by another dataset_name: its records lie beside ours.
        for path in self.root.parent.glob(f"*/*/*/{_PREFIX}*.json"):
            record = _read(path)
            if record is not None:
                chunks |= {name for names in record.chunks.values() for name in names}
                manifests |= {f"{record.manifest}.arrow", self.uris(record.manifest).name}
                manifests.add(self.known(record.manifest).name)
        return chunks, manifests

    def load_manifest(self, digest: str) -> Manifest:
        """Map a manifest into memory.

        Raises:
            BuildError: If it is gone from the cache.
        """
        return open_manifest(self.manifests / f"{digest}.arrow")


def open_manifest(path: Path) -> Manifest:
    """Map a manifest into memory.

    Raises:
        BuildError: If it is gone from the cache.
    """
    try:
        return Manifest(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
    except FileNotFoundError as error:
        raise BuildError(f"{path} is gone from the cache. Load the dataset once more to write it again.") from error


@dataclass(frozen=True, slots=True)
class Notebook:
    """Where the record of one dataset is kept.

    Attributes:
        directory: The one that `datasets` gives the config with its options.
        tag: Tells datasets apart that differ in what those options stand for: the bucket behind a bare key, the
            folder behind a relative one, the endpoint, the lines of an exclude file.
    """

    directory: str | Path
    tag: str

    def save(self, record: Record) -> None:
        """Remember the dataset; its claim has done its duty."""
        if self.load() != record:
            _write(self._path(), record)
        self._path(_CLAIM).unlink(missing_ok=True)

    def claim(self, record: Record) -> None:
        """Keep what is about to be used from being pruned. A killed build leaves its claim, and so can go on."""
        if self.load() != record:
            _write(self._path(_CLAIM), record)

    def load(self) -> Record | None:
        """The dataset that was prepared, or None."""
        return _read(self._path())

    def _path(self, kind: str = "") -> Path:
        return Path(self.directory) / f"{_PREFIX}{self.tag}{kind}.json"


def _read(path: Path) -> Record | None:
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _write(path: Path, record: Record) -> None:
    with whole_or_absent_file(path) as scratch:
        scratch.write_text(json.dumps(asdict(record)), encoding="utf-8")


@contextmanager
def whole_or_absent_file(path: Path) -> Iterator[Path]:
    """Give a scratch path that takes the file's name when the block ends well; the last writer wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{uuid4().hex}.incomplete")
    try:
        yield scratch
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
