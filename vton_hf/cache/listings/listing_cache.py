"""A listing in a file: mapped when it is opened, so that a second start reads only what it looks at."""

import logging
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from vton_hf._core.digests import digest as digest_of
from vton_hf._core.files import atomic_write
from vton_hf.storage import StorageSettings

logger = logging.getLogger("vton_hf")

LISTING: Final = "listing.arrow"
MAX_AGE_S: Final = 24 * 3600.0
_BATCH: Final = 65_536
READ_ERRORS: Final = (OSError, pa.ArrowException, AttributeError, KeyError, ValueError)
"""What a file may raise that is not there, or is not ours."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies under some prefixes.

    Attributes:
        table: As `Store.list` gives it.
        listed: When, in seconds since 1970.
        digest: Changes with any URI, size or etag.
        directory: The directory where it is kept, and what is made of it.
    """

    table: pa.Table
    listed: float
    digest: str
    directory: Path

    @property
    def age(self) -> float:
        """In seconds; negative if a clock was set back."""
        return time.time() - self.listed

    def touch(self) -> None:
        """Remember that it was looked at."""
        with suppress(OSError):
            self.directory.touch()


def listing_directory(directory: Path, prefixes: Sequence[str], settings: StorageSettings) -> Path:
    """Where the listing of these prefixes is kept; a profile may have an endpoint of its own."""
    parts = [*sorted(set(prefixes)), str(settings.endpoint_url), str(settings.profile)]
    return directory / digest_of("\n".join(parts))


def open_listing(directory: Path) -> Listing | None:
    """Map what is kept, if anything is."""
    try:
        table, metadata = read(directory / LISTING)
        return Listing(table, float(metadata["listed"]), metadata["digest"], directory)
    except READ_ERRORS:
        return None


def save_listing(directory: Path, table: pa.Table) -> Listing | None:
    """Keep a listing in place of an earlier one; None if the disk does not take it."""
    listing = Listing(table, time.time(), _digest(table), directory)
    metadata = {"listed": repr(listing.listed), "digest": listing.digest}
    try:
        write(directory / LISTING, table, metadata)
        for path in directory.glob("*.arrow"):
            if path.name != LISTING and not path.name.startswith(listing.digest):
                path.unlink(missing_ok=True)
    except OSError as error:
        logger.info("The listing is not kept for another start: %s", error)
        return None
    return listing


@dataclass(frozen=True, slots=True)
class PendingListing:
    """A listing of just now, on its way into a file: 1.8 million keys take 1 s to hash and to write.

    Attributes:
        table: As `Store.list` gives it.
        saving: What is kept, once it is; None if the disk does not take it.
    """

    table: pa.Table
    saving: Future[Listing | None]


def keep(directory: Path, table: pa.Table) -> PendingListing:
    """Save a listing while it is put to use."""
    thread = ThreadPoolExecutor(1, "vton_hf-listing")
    saving = thread.submit(save_listing, directory, table)
    thread.shutdown(wait=False)
    return PendingListing(table, saving)


def drop_listing(directory: Path) -> None:
    """Forget a listing that is no longer worth keeping."""
    shutil.rmtree(directory, ignore_errors=True)


def write(path: Path, table: pa.Table, metadata: dict[str, str]) -> None:
    """Write a table and what is said of it; whole or not at all.

    Raises:
        OSError: If the disk does not take it.
    """
    schema = table.schema.with_metadata(metadata)
    with atomic_write(path) as scratch, pa.ipc.new_file(str(scratch), schema) as writer:
        writer.write_table(table.combine_chunks())


def read(path: Path) -> tuple[pa.Table, dict[str, str]]:
    """Map a table, and what is said of it.

    Raises:
        Exception: One of `READ_ERRORS`.
    """
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    metadata = {name.decode(): text.decode() for name, text in table.schema.metadata.items()}
    return table.replace_schema_metadata(), metadata


def _digest(table: pa.Table) -> str:
    sink = _Hashed()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema.remove_metadata()) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=_BATCH)
    return sink.state.hexdigest()


class _Hashed:
    """A file of which only the hash stays."""

    closed = False

    def __init__(self) -> None:
        self.state = blake2b(digest_size=8)

    def write(self, data: Any) -> int:
        self.state.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""
