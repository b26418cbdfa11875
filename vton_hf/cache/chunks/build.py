"""Building the chunks that are missing: what is to do, whether it fits, and what to say when it fails."""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from datasets.utils import tqdm

from vton_hf.cache.chunks.disk import check_disk, check_writable, explained
from vton_hf.cache.chunks.files import is_finished
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.chunks.workers import build_here, build_in_workers
from vton_hf.cache.chunks.write import Job
from vton_hf.errors import StorageError
from vton_hf.storage import Store

RESERVE: Final = 1.02
"""Arrow's own share: URIs, names and alignment beside the images."""


def missing(chunks: list[Chunk], root: Path) -> list[Chunk]:
    """The chunks that a build would have to write."""
    return [chunk for chunk in chunks if not is_finished(root / chunk.name)]


def build_chunks(
    todo: list[Chunk],
    root: Path,
    store: Store,
    *,
    num_proc: int | None,
    on_error: str,
    title: str,
    refetch: bool = False,
) -> None:
    """Write chunks, except those that another process finishes meanwhile.

    Args:
        todo: What is missing, or all if everything is fetched again.
        root: The directory that holds chunks, one directory each.
        store: Where the images lie.
        num_proc: Worker processes; None or 1 builds in this one.
        on_error: `"skip"` or `"raise"`, for objects that are no usable image.
        title: What the progress bar says.
        refetch: Fetch everything again, also what is finished.

    Raises:
        BuildError: If the disk is too small or full, or workers keep dying.
        StorageError: If the store does not answer.
        ImageError: If an image is broken and `on_error="raise"`.
    """
    if not todo:
        return
    needed = int(sum(chunk.disk for chunk in todo) * RESERVE)
    with explained(root, needed):
        check_writable(root)
        check_disk(needed, root)
    older, since = ({}, time.time()) if refetch else (older_chunks(todo, root), 0.0)
    jobs = [Job(chunk, root / chunk.name, older.get(chunk.name, ()), on_error, since) for chunk in todo]
    size = sum(chunk.bytes for chunk in todo)
    with tqdm(total=size, desc=title, unit="B", unit_scale=True, disable=None) as bar, _kept(), explained(root, needed):
        if num_proc is None or num_proc == 1:
            build_here(jobs, store, progress=bar.update)
        else:
            build_in_workers(jobs, store.settings, progress=bar.update, num_proc=num_proc)


@contextmanager
def _kept() -> Iterator[None]:
    """Say, with a store's failure, what is kept."""
    try:
        yield
    except StorageError as error:
        raise type(error)(f"{error} Finished chunks are kept; the next build goes on from there.") from None


def older_chunks(chunks: list[Chunk], root: Path) -> dict[str, tuple[Path, ...]]:
    """By chunk name, the finished chunks that may hold some of its bytes.

    Those are the chunks that store images alike and cover a part of the same pool: their bits begin with the
    chunk's, or the chunk's with theirs.
    """
    by_pool: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for directory in root.iterdir() if root.exists() else ():
        if not directory.suffix and directory.name.count("-") > 1:
            pool, bits, _ = directory.name.rsplit("-", 2)
            by_pool[pool].append((bits.replace("all", ""), directory.name))
    for known in by_pool.values():
        known.sort()
    return {chunk.name: tuple(root / name for name in _akin(by_pool, chunk)) for chunk in chunks}


def _akin(by_pool: dict[str, list[tuple[str, str]]], chunk: Chunk) -> list[str]:
    known = by_pool[chunk.name.rsplit("-", 2)[0]]
    # Sorted, so that neither the longer bits nor each shorter one needs a walk through all chunks.
    spans = [(chunk.bits[:length], chunk.bits[:length] + " ") for length in range(len(chunk.bits))]
    spans.append((chunk.bits, chunk.bits + "2"))
    return [name for low, high in spans for _, name in known[bisect_left(known, (low,)) : bisect_left(known, (high,))]]
