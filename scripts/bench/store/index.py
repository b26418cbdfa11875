"""The index that `listing.lua` answers from: one row of XML a key, all padded to one width."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

GARMENT = "dress"
NAMES = {"cloth_image": f"cloth_{GARMENT}", "initial_image": "person", "try_on_image": "vton"}
FOLDERS = tuple(
    f"dataset_ultimate/{difficulty}/{gender}/{role}/"
    for difficulty, gender, role in itertools.product(("easy", "hard", "medium"), ("female", "male"), NAMES)
)
"""The prefixes that hold images, in byte order."""


class Index(NamedTuple):
    """Where an index lies, and how it is read: bytes a row, and rows."""

    path: Path
    width: int
    rows: int


class Object(NamedTuple):
    """What a listing says of an object."""

    key: str
    size: int
    etag: str


def make_index(path: Path, listed: Callable[[], Iterable[Object]]) -> Index:
    """The index of objects sorted by key; it is written if it is not there yet."""
    if not path.exists():
        width = max(len(_row(item)) for item in listed())
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("w") as file:
            file.writelines(_row(item).ljust(width) for item in listed())
        unfinished.rename(path)
    with path.open("rb") as file:
        start = file.read(4096)
    bytes_all = path.stat().st_size
    width = start.find(b"<Contents>", 1)
    width = width if width > 0 else bytes_all
    return Index(path, width, bytes_all // width)


def objects_in(bucket: Path) -> Iterator[Object]:
    """What a folder holds; ETags are MD5, as of S3's objects that were uploaded in one part."""
    files = {path.relative_to(bucket).as_posix(): path for path in bucket.rglob("*") if path.is_file()}
    for key, path in sorted(files.items()):
        body = path.read_bytes()
        yield Object(key, len(body), hashlib.md5(body, usedforsecurity=False).hexdigest())


def imagined(count: int, size: int) -> Iterator[Object]:
    """`count` triplets for each difficulty and gender, each image of `size` bytes, none of which needs to exist."""
    for folder in FOLDERS:
        name = NAMES[folder.split("/")[-2]]
        for stem in range(count):
            key = f"{folder}{stem:06d}_{name}.png"
            yield Object(key, size, hashlib.md5(key.encode(), usedforsecurity=False).hexdigest())


def _row(item: Object) -> str:
    return (
        f"<Contents><Key>{item.key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{item.etag}&quot;</ETag><Size>{item.size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )
