"""Files that are whole or absent."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def atomic_write(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Give a scratch path beside a file, which takes its name when the block ends well; the last writer wins.

    Args:
        path: The file; its folders are made.
        durable: Wait for the disk: else a power cut may leave the name without the bytes.

    Raises:
        OSError: If the disk does not take it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{uuid4().hex}.incomplete")
    try:
        scratch.touch()
        yield scratch
        if durable:
            flush(scratch)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until the disk has the bytes of a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
