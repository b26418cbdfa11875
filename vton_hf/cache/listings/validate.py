"""Pages of a bucket beside the same pages of a listing that was kept."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
import pyarrow as pa

from vton_hf.errors import VTONError
from vton_hf.storage import Store

PAGE: Final = 1_000
"""Objects that a store gives for one request."""

PROBES: Final = 64
_BORDERS: Final = PROBES // 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison came to.

    Attributes:
        pages: How many were compared.
        doubt: Why the listing is not to be believed; None if nothing speaks against it.
    """

    pages: int
    doubt: str | None


@dataclass(frozen=True, slots=True)
class _Prefix:
    """A prefix, and the rows `[first, last)` of the listing that lie under it."""

    name: str
    first: int
    last: int


def compare(table: pa.Table, prefixes: Sequence[str], store: Store) -> Outcome:
    """Compare pages of a listing with the bucket.

    One page lies across each border of two folders, so that keys show that come behind a folder's last, before its
    first or in a folder of their own; of more than 32 borders, across a random choice. Further pages begin at random
    keys: up to 64 in all, and up to a quarter of the listing. Each must hold the same URIs, sizes and etags.

    Args:
        table: What `Store.list` gave.
        prefixes: For these.
        store: Where they lie.
    """
    pages = _pages(table["uri"], prefixes, np.random.default_rng())
    starts = [(under.name, "" if row == under.first else table["uri"][row - 1].as_py()) for under, row in pages]
    try:
        now = store.list_page(starts)
    except VTONError as error:
        return Outcome(0, f"no page could be compared: {error}")
    for (under, row), page in zip(pages, now, strict=True):
        if not page.equals(table.slice(row, min(PAGE, under.last - row))):
            return Outcome(len(pages), f"something below {under.name} came, went or was replaced")
    return Outcome(len(pages), None)


def _pages(uris: pa.ChunkedArray, prefixes: Sequence[str], rng: np.random.Generator) -> list[tuple[_Prefix, int]]:
    """The prefixes and the rows at which pages begin."""

    def folder(row: int) -> str:
        path: str = uris[row].as_py()
        return path.rpartition("/")[0]

    under = [_under(uris, name) for name in sorted(set(prefixes))]
    pages = list(islice(_borders(under, folder), _BORDERS + 1))
    if len(pages) > _BORDERS:
        pages = [(each, _across(_end(folder, row, each.last), each)) for each, row in _anywhere(under, _BORDERS, rng)]
    more = min(PROBES, len(uris) // (4 * PAGE)) - len(pages)
    return list(dict.fromkeys([*pages, *_anywhere(under, max(0, more), rng)]))


def _under(uris: pa.ChunkedArray, prefix: str) -> _Prefix:
    behind = prefix[:-1] + chr(ord("/") + 1)
    first, last = (bisect_left(range(len(uris)), edge, key=lambda row: uris[row].as_py()) for edge in (prefix, behind))
    return _Prefix(prefix, first, last)


def _borders(under: Sequence[_Prefix], folder: Callable[[int], str]) -> Iterator[tuple[_Prefix, int]]:
    """Pages at each prefix's beginning, and across the end of each folder."""
    for prefix in under:
        row = prefix.first
        yield prefix, row
        while row < prefix.last:
            row = _end(folder, row, prefix.last)
            yield prefix, _across(row, prefix)


def _across(row: int, under: _Prefix) -> int:
    return max(under.first, row - PAGE // 2)


def _end(folder: Callable[[int], str], row: int, last: int) -> int:
    """Where the folder of a row ends; a folder within it, between its own objects, may be passed over."""
    here, step = folder(row), 1
    while row + step < last and folder(row + step) == here:
        row, step = row + step, 2 * step
    rows = range(row + 1, min(row + step, last))
    return rows.start + bisect_left(rows, True, key=lambda each: folder(each) != here)


def _anywhere(under: Sequence[_Prefix], count: int, rng: np.random.Generator) -> list[tuple[_Prefix, int]]:
    ends = np.cumsum([prefix.last - prefix.first for prefix in under])
    rows = rng.integers(0, ends[-1], count)
    which = np.searchsorted(ends, rows, side="right")
    return [
        (under[index], int(under[index].last - (ends[index] - row))) for index, row in zip(which, rows, strict=True)
    ]
