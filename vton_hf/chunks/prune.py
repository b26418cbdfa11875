"""Throwing away what no dataset uses any more."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vton_hf.chunks.files import INCOMPLETE


@dataclass(frozen=True, slots=True)
class Entry:
    """One directory or file below the chunks' or manifests' directory.

    Attributes:
        path: Where it lies.
        bytes: What it takes on disk.
        used: Whether a dataset that was prepared refers to it.
    """

    path: Path
    bytes: int
    used: bool


def entries(directory: Path, used: Iterable[str]) -> list[Entry]:
    """What lies in the directory, by name; `used` holds the names that are referred to."""
    names = set(used)
    found = sorted(directory.iterdir()) if directory.exists() else []
    return [
        Entry(path, _weight(path), path.name.removesuffix(INCOMPLETE) in names)
        for path in found
        if path.suffix != ".lock"
    ]


def remove(entry: Entry) -> None:
    """Delete it; datasets that have it open keep reading what they mapped."""
    if entry.path.is_dir():
        shutil.rmtree(entry.path, ignore_errors=True)
    else:
        entry.path.unlink(missing_ok=True)


def _weight(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
