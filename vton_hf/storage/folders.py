"""What lies in one folder of this machine; what cannot be read there is listed with the reason, and stops nothing."""

import errno
import os
import stat
from collections.abc import Iterable
from typing import Final, TypeAlias

import pyarrow as pa

from vton_hf.storage.tables import UNREADABLE, page

Identity: TypeAlias = tuple[int, int]
Waiting: TypeAlias = tuple[str, frozenset[Identity]]
"""A folder, with its trailing slash, and the identities of those that it lies in."""

_WHY: Final = {
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "a link that leads to itself",
    errno.ENAMETOOLONG: "its path is too long",
    errno.ENOENT: "gone since the folder was looked at",
    errno.ENOTDIR: "gone since the folder was looked at",
}
"""What is about one file or folder alone. Any other error may be of the whole disk: that listing has to fail."""


def scan_folder(folder: str, above: frozenset[Identity]) -> tuple[pa.Table, list[Waiting]]:
    """List one folder.

    Args:
        folder: Its path, with a trailing slash.
        above: The folders that it lies in; empty for the one that was asked for.

    Returns:
        A page of its files, and the folders in it. What cannot be read has the size `UNREADABLE`, and the reason
        for its etag.

    Raises:
        OSError: If the folder that was asked for cannot be read, or the disk fails.
    """
    try:
        here = os.stat(folder)  # noqa: PTH116 - a path's own slashes must survive
        if (here.st_dev, here.st_ino) in above:
            return _unread(folder, "a link back into a folder that it lies in"), []
        return _entries(folder, above | {(here.st_dev, here.st_ino)})
    except OSError as error:
        if not above or error.errno not in _WHY:
            raise
        return _unread(folder, _WHY[error.errno]), []


def _entries(folder: str, trail: frozenset[Identity]) -> tuple[pa.Table, list[Waiting]]:
    with os.scandir(folder) as entries:
        files, below = _sorted_out(folder, entries)
    return files, [(path, trail) for path in below]


def first_names(folder: str, most: int) -> tuple[pa.Table, list[str], bool]:
    """The first names in a folder, in their order.

    Args:
        folder: Its path, with a trailing slash.
        most: How many at most; only these are looked at more closely.

    Returns:
        As `scan_folder`: its files, and the paths of the folders in it; and whether there are more names.

    Raises:
        OSError: If the folder cannot be read.
    """
    with os.scandir(folder) as entries:
        names = sorted(entries, key=lambda entry: entry.name)
    return *_sorted_out(folder, names[:most]), len(names) > most


def _sorted_out(folder: str, entries: Iterable[os.DirEntry[str]]) -> tuple[pa.Table, list[str]]:
    uris, sizes, etags, below = [], [], [], []
    for entry in entries:
        known = _look(entry)
        if isinstance(known, os.stat_result) and stat.S_ISDIR(known.st_mode):
            below.append(f"{folder}{entry.name}/")
            continue
        uris.append(_uri(f"{folder}{entry.name}"))
        sizes.append(UNREADABLE if isinstance(known, str) else known.st_size)
        etags.append(known if isinstance(known, str) else etag_of(known))
    return page(uris, sizes, etags), below


def etag_of(known: os.stat_result) -> str:
    """What changes with a file."""
    return f"{known.st_mtime_ns:x}-{known.st_size:x}"


def _look(entry: os.DirEntry[str]) -> os.stat_result | str:
    """What an entry is, its link followed; or why that cannot be a file of ours."""
    if not _is_utf8(entry.name):
        return "its name is not UTF-8"
    try:
        known = entry.stat()
    except OSError as error:
        if error.errno not in _WHY:
            raise
        if error.errno == errno.ENOENT and entry.is_symlink():
            return f"a link to {os.readlink(entry)!a}, which is not there"  # noqa: PTH115
        return _WHY[error.errno]
    regular = stat.S_ISREG(known.st_mode) or stat.S_ISDIR(known.st_mode)
    return known if regular else "no file, but a socket, a pipe or a device"


def _is_utf8(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _uri(path: str) -> str:
    r"""Bytes that are not UTF-8 are written as Python writes them: `\udcff`."""
    return "file://" + path.encode("utf-8", "backslashreplace").decode()


def _unread(folder: str, why: str) -> pa.Table:
    return page([_uri(folder)], [UNREADABLE], [why])
