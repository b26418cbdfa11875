"""The record of a dataset that was prepared, beside what `datasets` keeps of it."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from vton_hf._core.digests import digest
from vton_hf._core.files import atomic_write
from vton_hf.cache.reservations import children

logger = logging.getLogger("vton_hf")

_PREFIX: Final = "vton_hf-"


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """How a dataset that was once prepared is put together again, without a look at the bucket.

    Attributes:
        manifest: The digest of its manifest.
        chunks: Its chunks' names by difficulty, in pool order; empty if it holds URIs only.
        about: What people know it by, in values of JSON; empty where an earlier version wrote the record.
    """

    manifest: str
    chunks: dict[str, list[str]]
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuildRecordStore:
    """Where the record of one dataset is kept.

    Attributes:
        directory: The one that `datasets` gives the config with its options.
        tag: Tells datasets apart that differ in what those options stand for: the bucket behind a bare key, the
            folder behind a relative one, the endpoint, the lines of an exclude file.
    """

    directory: str | Path
    tag: str

    @property
    def mark(self) -> str:
        """Tells the dataset from all others of the cache."""
        return digest(str(self._path))

    def save(self, record: BuildRecord) -> None:
        """Remember the dataset, where the cache takes a file."""
        if self.load() == record:
            self.touch()
            return
        try:
            _write(self._path, record)
        except OSError as error:
            logger.info("The dataset is not remembered for a start without its bucket: %s", error)

    def load(self) -> BuildRecord | None:
        """The dataset that was prepared, or None."""
        try:
            return read_record(self._path)
        except OSError:  # another user's
            return None

    def touch(self) -> None:
        """Remember that the dataset was used."""
        with suppress(OSError):
            os.utime(self._path)

    @property
    def _path(self) -> Path:
        return Path(self.directory) / f"{_PREFIX}{self.tag}.json"


def records_in(root: Path) -> Iterator[Path]:
    """The records in a cache of `datasets`: a builder may go by another dataset_name, so they lie beside our folder."""
    for dataset in children(root):
        for config in children(dataset):
            for version in children(config):
                yield from children(version, f"{_PREFIX}*.json")


def read_record(path: Path) -> BuildRecord | None:
    """A record, or None if there is none.

    Raises:
        OSError: If it cannot be read.
    """
    try:
        return BuildRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None


def _write(path: Path, record: BuildRecord, tries: int = 9) -> None:
    try:
        with atomic_write(path) as scratch:
            scratch.write_text(json.dumps(asdict(record)), encoding="utf-8")
    except FileNotFoundError:
        # A builder of `datasets` that starts in another process removes a directory that it finds empty.
        if tries == 1:
            raise
        _write(path, record, tries - 1)
