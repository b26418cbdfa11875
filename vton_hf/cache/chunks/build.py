"""Building the chunks that are missing: what is to do, whether it fits, and what to say when it fails."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vton_hf._core.concurrency import map_prefetched
from vton_hf._core.progress import progress_bar
from vton_hf.cache.akin import Akin, cut_name
from vton_hf.cache.chunks.disk import check_disk, check_writable, explained
from vton_hf.cache.chunks.files import STATISTICS, is_finished
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.chunks.run import How, refusal, run_jobs
from vton_hf.cache.chunks.shared import SharedCache
from vton_hf.cache.chunks.write import Job
from vton_hf.cache.reservations import children
from vton_hf.cache.statistics import StatisticsFiles
from vton_hf.engines import WorkerError
from vton_hf.errors import BuildError, StorageError
from vton_hf.storage import Store

RESERVE: Final = 1.02
"""Arrow's own share: URIs, names and alignment beside the images."""

_FETCHED_AT_ONCE: Final = 4
"""Published chunks that are fetched at once, each in memory: some 200 MB."""


def finished_names(chunks: Sequence[Chunk], root: Path) -> set[str]:
    """Names of the chunks that are there."""
    return {chunk.name for chunk in chunks if is_finished(root / chunk.name)}


def missing(chunks: Sequence[Chunk], root: Path) -> list[Chunk]:
    """The chunks that a build would have to write."""
    return [chunk for chunk in chunks if not is_finished(root / chunk.name)]


def build_chunks(
    todo: Sequence[Chunk], root: Path, store: Store, how: How, *, on_error: str, title: str, refetch: bool = False
) -> Mapping[str, Exception]:
    """Write chunks, except those that another process finishes meanwhile, or that were published.

    Args:
        todo: What is missing, or all if everything is fetched again.
        root: The directory that holds chunks, one directory each.
        store: Where the images lie.
        how: Where and with what.
        on_error: `"skip"` or `"raise"`, for objects that are no usable image.
        title: What the progress bar says.
        refetch: Fetch everything again, also what is finished.

    Returns:
        By name, why a chunk is missing all the same; there are none unless `how.allow_missing`.

    Raises:
        BuildError: If the disk is too small or full, or a chunk failed again and again.
        StorageError: If the store does not answer.
        ImageError: If an image is broken and `on_error="raise"`.
    """
    if not todo:
        return {}
    needed = 0 if how.apart else int(sum(chunk.disk for chunk in todo) * RESERVE)
    with explained(root, needed):
        now = check_writable(root)
        check_disk(needed, root)
    size = sum(chunk.bytes for chunk in todo)
    with progress_bar(total=size, desc=title, unit="B", unit_scale=True) as bar, explained(root, needed), _kept():
        filled = None if how.apart else how.shared
        if filled is not None and not refetch:
            todo = fill(todo, root, filled, threads=how.num_proc, progress=bar.update)
        jobs = _jobs(todo, root, on_error, since=now if refetch else 0.0, statistics=how.statistics)
        failed = run_jobs(jobs, store, how, progress=bar.update, tell=bar.set_postfix_str)
        if filled is not None and how.engine is not None:  # built elsewhere, and published
            fill(missing(todo, root), root, filled, threads=how.num_proc, progress=int)
    if failed and not how.allow_missing:
        raise refusal(failed, len(todo))
    return failed


def _jobs(chunks: Sequence[Chunk], root: Path, on_error: str, *, since: float, statistics: bool) -> list[Job]:
    """What was finished before `since` is built again, of what is fetched again."""
    older = {} if since else older_chunks(chunks, root)
    files = StatisticsFiles(root.with_name(STATISTICS))
    return [
        Job(
            chunk,
            root / chunk.name,
            older.get(chunk.name, ()),
            on_error,
            since,
            units=tuple(files.akin(chunk.pool, chunk.bits)) if statistics and chunk.decodes else None,
        )
        for chunk in chunks
    ]


def fill(
    chunks: Sequence[Chunk], root: Path, shared: SharedCache, *, threads: int | None, progress: Callable[[int], object]
) -> list[Chunk]:
    """Take what was published into the cache of this machine; gives the chunks that it does not hold afterwards.

    Args:
        chunks: What is missing here.
        root: The directory that holds chunks, one directory each.
        shared: Where they may have been published.
        threads: Chunks that are fetched at once; None for a few.
        progress: Called with bytes of objects that are done.

    Raises:
        StorageError: If the shared cache does not answer.
        OSError: If the disk is full.
    """
    published = shared.names()
    sizes = {root / chunk.name: chunk.bytes for chunk in chunks if chunk.name in published}
    at_once = threads or _FETCHED_AT_ONCE
    shared.fill(list(sizes), progress=lambda directory: progress(sizes[directory]), threads=at_once)
    return missing(chunks, root)


def publish_rest(chunks: Sequence[Chunk], root: Path, shared: SharedCache) -> set[str]:
    """Publish what this machine has finished and the shared cache does not hold; gives the names of all it holds then.

    Raises:
        StorageError: If the shared cache does not answer.
        OSError: If this machine's disk is full.
    """
    published = shared.names()
    rest = [root / name for name in sorted(finished_names(chunks, root) - published)]
    for _ in map_prefetched(rest, shared.publish, depth=_FETCHED_AT_ONCE):
        pass
    return shared.names() if rest else published


@contextmanager
def _kept() -> Iterator[None]:
    """Say, with a store's failure, what is kept."""
    try:
        yield
    except StorageError as error:
        raise type(error)(f"{error} Finished chunks are kept; the next build goes on from there.") from None
    except WorkerError as error:
        raise BuildError(
            f"Nothing is built any more: {error}. Finished chunks are kept; build again with a smaller num_proc."
        ) from error


def older_chunks(chunks: Sequence[Chunk], root: Path) -> dict[str, tuple[Path, ...]]:
    """By chunk name, the finished chunks that may hold some of its bytes.

    Those are the chunks that store images alike and cover a part of the same pool.
    """
    known = Akin((*cut_name(name), name) for name in chunk_names(root))
    return {
        chunk.name: tuple(root / name for name in known.of(cut_name(chunk.name)[0], chunk.bits)) for chunk in chunks
    }


def chunk_names(root: Path) -> list[str]:
    """Names of chunks that may be there, each `HOW-DIFFICULTY-GENDER-BITS-DIGEST`."""
    return [path.name for path in children(root) if not path.suffix and path.name.count("-") > 1]
