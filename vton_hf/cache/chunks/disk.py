"""The disk that chunks lie on: what is left of it, and what to say when it takes no more or nothing at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vton_hf._core.disk import full, is_full, require_space
from vton_hf._core.units import amount
from vton_hf.errors import BuildError, VTONError

_WAYS_OUT: Final = (
    "streaming=True (stores nothing), embed_images=False (stores only the keys, fetches images on "
    "access), image_size=(height, width) for smaller images, limit= for a part of each difficulty, or "
    "cache_dir= (or HF_DATASETS_CACHE) on a larger disk. "
    "`vton-hf cache --prune` removes chunks that no dataset uses any more."
)

_REFUSED: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST})


def check_disk(needed: int, root: Path) -> None:
    """Refuse to begin what cannot end.

    Raises:
        BuildError: If the disk has less than `needed` bytes left.
    """
    require_space(root, needed, what="the build", ways_out=f"Ways out: {_WAYS_OUT}")


def check_writable(root: Path) -> float:
    """Find out before anything is fetched, and before workers are started, whether there can be chunks.

    Returns:
        What time it is there, in seconds since 1970: a file server's clock is not this machine's.

    Raises:
        OSError: If not.
    """
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=root, buffering=0) as file:
        file.write(b"-")
        return os.fstat(file.fileno()).st_mtime


@contextmanager
def explained(root: Path, needed: int = 0) -> Iterator[None]:
    """Say what is wrong with a disk that stops a build, what is kept and what to do.

    Args:
        root: The directory that is written.
        needed: What is to be written, in bytes; 0 if that is little.

    Raises:
        BuildError: For an error of the operating system; the store's own are raised as they are.
    """
    try:
        yield
    except VTONError:
        raise
    except OSError as error:
        raise BuildError(_words(error, root, needed)) from error


def _words(error: OSError, root: Path, needed: int) -> str:
    if is_full(error):
        whole = f" The build writes {amount(needed)} in all." if needed else ""
        return f"{full(root, error)}. Finished chunks are kept; make room and build again.{whole} Ways out: {_WAYS_OUT}"
    if error.errno in _REFUSED:
        return (
            f"{root} cannot be written ({error.strerror}). What is built there loads all the same; to build more, name "
            f"a directory that this user may write with cache_dir= or HF_DATASETS_CACHE, or take streaming=True, which "
            f"stores nothing."
        )
    return f"The build in {root} failed ({error}). Finished chunks are kept; the next build goes on from there."
