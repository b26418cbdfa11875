"""Building one chunk: fetch, check, write; the next objects are fetched while these are checked."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from filelock import Timeout

from vton_hf.ahead import ahead
from vton_hf.chunks.cut import Chunk
from vton_hf.chunks.files import DATA, Bytes, LeftOut, Report, Source, Sources, whole_or_absent, write_report
from vton_hf.errors import ImageError, StorageError, UnavailableError
from vton_hf.features import TEXT_COLUMNS, features, image_column
from vton_hf.images import verify
from vton_hf.naming import ROLES
from vton_hf.storage import Store

BATCH_ROWS: Final = 32
"""Rows a record batch: 1,870 MB/s are written in batches of 32, 246 MB/s in the default 100 for images."""

BATCH_BYTES: Final = 128 * 2**20
"""Two batches are in memory at a time: one being fetched, one being checked and written."""

Row = dict[str, Any]
Image = bytes | StorageError | ImageError


@dataclass(frozen=True, slots=True)
class Job:
    """One chunk to be built.

    Attributes:
        chunk: What to build.
        directory: Where; it appears when all is written.
        older: Chunks that may hold some of the images; those are copied from there and not fetched.
        on_error: `"skip"` leaves out triplets with a broken image and reports them; `"raise"` stops.
        since: A chunk that was finished before (seconds since the epoch) is built again.
    """

    chunk: Chunk
    directory: Path
    older: tuple[Path, ...]
    on_error: str
    since: float = 0.0


def build_chunk(job: Job, store: Store, *, seen: Callable[[int], object], wait: bool) -> bool:
    """Fetch a chunk's images and write them, unless another process did so meanwhile.

    Args:
        job: What to do.
        store: Where the images lie.
        seen: Called with the bytes of each batch that is done.
        wait: Wait for another process that is at work on it.

    Returns:
        False if another process is at work on it and `wait` is false.

    Raises:
        ImageError: A broken image, if `on_error="raise"`.
        StorageError: The store does not answer, or, if `on_error="raise"`, an object cannot be read.
    """
    chunk = job.chunk
    try:
        with whole_or_absent(job.directory, since=job.since, wait=wait) as scratch:
            if scratch is None:
                seen(chunk.bytes)
                return True
            # What is stored prepared no longer shows whether its object was sound.
            older = Bytes(job.older, checked=chunk.verify if chunk.preparation else None)
            fetched = ahead(_batches(chunk.rows), partial(_fetch, chunk=chunk, store=store, older=older))
            report, rows = _write(scratch / DATA, fetched, on_error=job.on_error, seen=seen)
            write_report(scratch, report, Sources(chunk.verify, rows))
    except Timeout:
        return False
    return True


def _write(
    path: Path,
    fetched: Iterator[tuple[list[Row], list[tuple[Image, ...]]]],
    *,
    on_error: str,
    seen: Callable[[int], object],
) -> tuple[Report, list[tuple[Source, Source, Source]]]:
    """Write the good triplets of each batch; say what was written, and from which objects."""
    schema = features().arrow_schema
    left_out: list[LeftOut] = []
    sources: list[tuple[Source, Source, Source]] = []
    size = 0
    with path.open("wb") as file:
        with pa.ipc.new_stream(file, schema) as writer:
            for rows, images in fetched:
                good, faults = _sorted_out(rows, images)
                if faults and on_error == "raise":
                    raise _refusal(faults[0])
                left_out += [fault for fault, _ in faults]
                sources += [_sources(row) for row, _ in good]
                size += sum(len(image) for _, triplet in good for image in triplet)
                writer.write_batch(_record_batch(good, schema))
                seen(sum(source[2] for row in rows for source in _sources(row)))
        os.fsync(file.fileno())
    return Report(rows=len(sources), bytes=size, left_out=tuple(left_out)), sources


def _sources(row: Row) -> tuple[Source, Source, Source]:
    first, second, third = ((row[role], row[f"{role}_etag"], row[f"{role}_size"]) for role in ROLES)
    return first, second, third


def _batches(rows: pa.Table) -> Iterator[list[Row]]:
    batch: list[Row] = []
    weight = 0
    for row in rows.to_pylist():
        size = sum(source[2] for source in _sources(row))
        if batch and (len(batch) == BATCH_ROWS or weight + size > BATCH_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(row)
        weight += size
    if batch:
        yield batch


def _fetch(rows: list[Row], *, chunk: Chunk, store: Store, older: Bytes) -> list[tuple[Image, ...]]:
    """The images of each row as they are to be stored, or what is wrong with them."""
    sources = [source for row in rows for source in _sources(row)]
    # Older chunks store images alike but may have checked them less.
    found = {source: older.get(source) for source in sources}
    images = {source: _checked(data, chunk) for source, data in found.items() if data is not None}
    wanted = [source for source in dict.fromkeys(sources) if source not in images]
    fetched = store.read([uri for uri, _, _ in wanted], [size for _, _, size in wanted]) if wanted else []
    images |= {source: _prepared(_checked(body, chunk), chunk) for source, body in zip(wanted, fetched, strict=True)}
    return [tuple(images[source] for source in _sources(row)) for row in rows]


def _checked(image: Image, chunk: Chunk) -> Image:
    try:
        if isinstance(image, bytes):
            verify(image, chunk.verify)
    except ImageError as error:
        return error
    return image


def _prepared(image: Image, chunk: Chunk) -> Image:
    try:
        return chunk.preparation.apply(image) if isinstance(image, bytes) else image
    except ImageError as error:
        return error


def _sorted_out(
    rows: list[Row], images: list[tuple[Image, ...]]
) -> tuple[list[tuple[Row, list[bytes]]], list[tuple[LeftOut, Exception]]]:
    """The good rows with their images, and for each other row the first thing that is wrong with it.

    Raises:
        UnavailableError: If the store did not give an object in time: that says nothing of the object.
    """
    good: list[tuple[Row, list[bytes]]] = []
    faults: list[tuple[LeftOut, Exception]] = []
    for row, triplet in zip(rows, images, strict=True):
        errors = [(role, image) for role, image in zip(ROLES, triplet, strict=True) if isinstance(image, Exception)]
        if errors:
            role, error = errors[0]
            if isinstance(error, UnavailableError):
                raise error
            faults.append((LeftOut(row["key"], row[role], str(error)), error))
        else:
            good.append((row, [image for image in triplet if isinstance(image, bytes)]))
    return good, faults


def _refusal(fault: tuple[LeftOut, Exception]) -> Exception:
    item, error = fault
    kind = type(error) if isinstance(error, StorageError) else ImageError
    return kind(
        f"{item.key}: {item.reason} ({item.uri}). Mend or remove the object, leave it out with "
        f"exclude=[{item.key!r}], or build with on_error='skip'."
    )


def _record_batch(good: list[tuple[Row, list[bytes]]], schema: pa.Schema) -> pa.RecordBatch:
    columns: dict[str, pa.Array] = {}
    for position, role in enumerate(ROLES):
        uris = pa.array([row[role] for row, _ in good], pa.string())
        columns[role] = image_column([images[position] for _, images in good], uris)
    columns |= {name: pa.array([row[name] for row, _ in good], pa.string()) for name in TEXT_COLUMNS}
    return pa.record_batch([columns[name] for name in schema.names], schema=schema)
