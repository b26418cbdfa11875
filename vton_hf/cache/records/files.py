"""Tables in files that any process maps into memory."""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from vton_hf._core.files import atomic_write
from vton_hf.errors import BuildError
from vton_hf.storage import give_back
from vton_hf.triplets import Manifest

logger = logging.getLogger("vton_hf")

_NewWriter: TypeAlias = Callable[[str, pa.Schema], pa.RecordBatchFileWriter]

_elsewhere: dict[Path, Path] = {}
"""Where tables lie that the cache did not take."""


def kept(path: Path) -> Path:
    """Where a table lies that `keep` was given."""
    return path if path.exists() else _elsewhere.get(path, path)


def keep(path: Path, table: Callable[[], pa.Table], new: _NewWriter) -> Path:
    """Write a table unless it is there; where the cache takes no file, beside it, until this process ends.

    Returns:
        Where it lies, also for the workers of this process.

    Raises:
        OSError: If no disk takes it.
    """
    if not kept(path).exists():
        try:
            _write(path, table(), new)
        except OSError as error:
            logger.info("%s takes no file (%s): it is kept until this process ends.", path.parent, error)
            _write(_ours() / path.name, table(), new)
            _elsewhere[path] = _ours() / path.name
        give_back()
    return kept(path)


def open_manifest(path: Path) -> Manifest:
    """Map a manifest into memory.

    Raises:
        BuildError: If it is gone from the cache.
    """
    try:
        manifest = Manifest(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
    except FileNotFoundError as error:
        raise BuildError(f"{path} is gone from the cache. Load the dataset once more to write it again.") from error
    with suppress(OSError):
        os.utime(path)
    return manifest


def _write(path: Path, table: pa.Table, new: _NewWriter) -> None:
    with atomic_write(path) as scratch, new(str(scratch), table.schema) as writer:
        writer.write_table(table)


@cache
def _ours() -> Path:
    """A directory that ends with this process, which may be a worker: those end without `atexit`."""
    directory = Path(tempfile.mkdtemp(prefix="vton_hf-"))
    Finalize(None, shutil.rmtree, (directory,), {"ignore_errors": True}, exitpriority=0)
    return directory
