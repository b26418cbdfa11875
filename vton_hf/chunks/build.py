"""Building the chunks that are missing, here or in worker processes that may die without harm."""

import errno
import logging
import os
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from datasets.utils import tqdm
from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

from vton_hf.chunks.cut import Chunk, akin
from vton_hf.chunks.files import read_report
from vton_hf.chunks.write import build_chunk
from vton_hf.errors import BuildError, StorageError
from vton_hf.storage import StorageSettings, Store

logger = logging.getLogger("vton_hf")

ROUNDS: Final = 3
"""How often a pool of workers is replaced after one died, before the build gives up."""

RESERVE: Final = 1.02
"""Arrow's own share: URIs, names and alignment beside the images."""

_Job = tuple[Chunk, list[Path]]


def missing(chunks: list[Chunk], root: Path) -> list[Chunk]:
    """The chunks that a build would have to write."""
    reports = ((chunk, read_report(root / chunk.name)) for chunk in chunks)
    return [chunk for chunk, report in reports if report is None or not report.settled]


def build_chunks(
    chunks: list[Chunk],
    root: Path,
    settings: StorageSettings,
    *,
    num_proc: int | None,
    on_error: str,
    title: str,
) -> None:
    """Write whatever chunk is missing.

    Args:
        chunks: All chunks of a dataset.
        root: The directory that holds chunks, one directory each.
        settings: How the store is reached.
        num_proc: Worker processes; None or 1 builds in this one.
        on_error: `"skip"` or `"raise"`, for objects that are no usable image.
        title: What the progress bar says.

    Raises:
        BuildError: If the disk is too small or full, or workers keep dying.
        StorageError: If the store does not answer.
        ImageError: If an image is broken and `on_error="raise"`.
    """
    todo = missing(chunks, root)
    if not todo:
        return
    check_disk(int(sum(chunk.disk for chunk in todo) * RESERVE), root)
    jobs = list(zip(todo, _older(todo, root), strict=True))
    total = sum(chunk.bytes for chunk in todo)
    with tqdm(total=total, desc=title, unit="B", unit_scale=True) as bar, _explained(root):
        if num_proc is None or num_proc == 1:
            _build_here(jobs, root, settings, on_error, bar.update)
        else:
            _build_in_workers(jobs, root, settings, on_error, bar.update, num_proc=num_proc)


def free_bytes(directory: Path) -> int:
    """Free space where the directory lies or would lie."""
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    return shutil.disk_usage(existing).free


def check_disk(needed: int, root: Path) -> None:
    """Refuse to begin what cannot end.

    Raises:
        BuildError: If the disk has less than `needed` bytes left.
    """
    free = free_bytes(root)
    if needed > free:
        raise BuildError(
            f"The build needs {needed / 1e9:,.2f} GB but {root} has {free / 1e9:,.2f} GB free. Ways out: "
            f"streaming=True (stores nothing), embed_images=False (stores only the keys, fetches images on "
            f"access), image_size=(height, width) for smaller images, limit= for a part of each difficulty, or "
            f"cache_dir= (or HF_DATASETS_CACHE) on a larger disk. "
            f"`vton-hf cache --prune` removes chunks that no dataset uses any more."
        )


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Say, with whatever stops a build, what is kept."""
    try:
        yield
    except StorageError as error:
        raise type(error)(f"{error} Finished chunks are kept; the next build goes on from there.") from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise BuildError(
            f"The disk of {root} is full. Finished chunks are kept; make room (`vton-hf cache --prune`) "
            f"and build again."
        ) from error


def _older(chunks: list[Chunk], root: Path) -> Iterator[list[Path]]:
    """For each chunk the finished ones that may hold some of its bytes."""
    by_pool: dict[str, list[str]] = defaultdict(list)
    if root.exists():
        for directory in root.iterdir():
            if directory.is_dir() and not directory.suffix:
                by_pool[directory.name.rsplit("-", 2)[0]].append(directory.name)
    for chunk in chunks:
        same_pool = sorted(by_pool[chunk.name.rsplit("-", 2)[0]])
        yield [root / name for name in same_pool if akin(name, chunk.name)]


def _build_here(
    jobs: list[_Job], root: Path, settings: StorageSettings, on_error: str, seen: Callable[[int], object]
) -> None:
    store = Store(settings)
    for chunk, older in jobs:
        build_chunk(chunk, root / chunk.name, store, older=older, on_error=on_error, seen=seen)


def _build_in_workers(
    jobs: list[_Job],
    root: Path,
    settings: StorageSettings,
    on_error: str,
    seen: Callable[[int], object],
    *,
    num_proc: int,
) -> None:
    """Share the jobs among processes that loky starts: they never run the caller's script a second time."""
    left = {chunk.name: (chunk, older) for chunk, older in jobs}
    for _ in range(ROUNDS):
        workers = ProcessPoolExecutor(
            min(num_proc, len(left)), initializer=_start_worker, initargs=(settings, os.getpid())
        )
        try:
            tasks = {
                workers.submit(_build_in_worker, _compact(chunk), root / name, older, on_error): name
                for name, (chunk, older) in left.items()
            }
            for task in as_completed(tasks):
                task.result()
                seen(left.pop(tasks[task])[0].bytes)
        except BrokenProcessPool:
            logger.warning("A worker process died; %d chunks are left, new workers take them on.", len(left))
        finally:
            workers.shutdown(wait=True, kill_workers=True)
        if not left:
            return
    raise BuildError(
        f"Worker processes died {ROUNDS} times, most often for want of memory; {len(left):,} chunks are left, "
        f"the finished ones are kept. Build again with a smaller num_proc than {num_proc}."
    )


def _compact(chunk: Chunk) -> Chunk:
    """A slice is pickled with the whole table behind it; a copy of its rows is not."""
    return replace(chunk, rows=chunk.rows.take(np.arange(chunk.rows.num_rows)))


_worker_store: Store | None = None


def _start_worker(settings: StorageSettings, parent: int) -> None:
    """Connect once, and watch that the parent lives: a killed build must leave nobody behind."""
    global _worker_store  # noqa: PLW0603 - one store for all chunks of this process
    _worker_store = Store(settings)
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _build_in_worker(chunk: Chunk, directory: Path, older: list[Path], on_error: str) -> None:
    assert _worker_store is not None  # noqa: S101 - set by the initializer
    build_chunk(chunk, directory, _worker_store, older=older, on_error=on_error, seen=lambda _: None)
