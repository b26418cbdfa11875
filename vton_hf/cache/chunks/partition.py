"""Cutting pools into chunks: the unit that is built, kept, reused and thrown away as a whole.

A chunk holds the triplets of one difficulty and gender whose order key (the hash of their identity) begins
with the same bits. A chunk that outgrows the target is cut in two by the next bit, so a triplet keeps its
chunk while the bucket grows, and the target bounds what a killed build loses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.digests import digest
from vton_hf.cache.statistics import unit_name
from vton_hf.images import BYTES_A_PIXEL, ORIGINAL, ImageSpec
from vton_hf.triplets import ORDER_KEY, Manifest, content_digest, images_in

TARGET_ROWS: Final = 64
TARGET_BYTES: Final = 256 * 2**20
_LAYOUT: Final = "1"
"""Part of every chunk's name; to be raised when the files inside a chunk change."""

_OrderKeys = np.ndarray[tuple[int], np.dtype[np.uint64]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of one pool.

    Attributes:
        pool: Difficulty and gender, such as `hard-female`.
        bits: The leading bits of the order key that its triplets share; empty if the pool is one chunk.
        rows: Its part of the manifest.
        verify: How its images are checked.
        image_spec: How its images are stored.
    """

    pool: str
    bits: str
    rows: pa.Table
    verify: str
    image_spec: ImageSpec = ORIGINAL

    def __reduce__(self) -> tuple[Any, ...]:
        # A slice is pickled with the whole table behind it; a copy of its rows is not.
        rows = self.rows.take(np.arange(self.rows.num_rows))
        return Chunk, (self.pool, self.bits, rows, self.verify, self.image_spec)

    @property
    def name(self) -> str:
        """The directory's name. It changes with any triplet, URI, size, etag, rule of checking or of resizing."""
        return self._named(self.image_spec.mark)

    @property
    def former(self) -> str:
        """Its name in versions whose resized pixels were others; the same where nothing is resized."""
        return self._named(str(self.image_spec))

    def _named(self, how: str) -> str:
        text = "\n".join((content_digest(self.rows), self.verify, _LAYOUT))
        return f"{how}-{self.pool}-{self.bits or 'all'}-{digest(text)}"

    @property
    def unit(self) -> str:
        """The name of what is measured of its rows, whatever it stores."""
        return unit_name(self.pool, self.bits, self.rows)

    @property
    def decodes(self) -> bool:
        """Whether the pixels of its images are looked at while it is built."""
        return self.image_spec.encodes or self.verify == "decode"

    @property
    def bytes(self) -> int:
        """What its images weigh in the store."""
        return sum(pc.sum(self.rows[f"{role}_size"]).as_py() or 0 for role in images_in(self.rows))

    @property
    def images(self) -> int:
        """How many objects its rows are made of, each as often as it stands there."""
        return sum(self.rows.num_rows - self.rows[role].null_count for role in images_in(self.rows))

    @property
    def disk(self) -> int:
        """What it takes on disk, in bytes; at most, where images are resized."""
        if self.image_spec.size is None:
            return self.bytes
        height, width = self.image_spec.size
        pixels = height * width * self.images
        return int(BYTES_A_PIXEL[self.image_spec.written_format] * pixels)


def partition(manifest: Manifest, *, verify: str, image_spec: ImageSpec = ORIGINAL) -> list[Chunk]:
    """Cut every pool of the manifest; the chunks in order give the manifest's rows in order."""
    table = manifest.with_columns(None).table
    pools = np.asarray([f"{d or 'any'}-{g or 'any'}" for d, g in _folders(table)])
    weights, order_keys = _weights(table), table[ORDER_KEY].to_numpy()
    chunks = []
    for pool in dict.fromkeys(pools.tolist()):
        start, stop = (int(edge) for edge in np.flatnonzero(pools == pool)[[0, -1]] + [0, 1])
        for bits, first, last in _split(order_keys, weights, start, stop, ""):
            chunks.append(Chunk(pool, bits, table.slice(first, last - first), verify, image_spec))
    return chunks


def _folders(table: pa.Table) -> Iterator[tuple[str, str]]:
    yield from zip(table["difficulty"].to_pylist(), table["gender"].to_pylist(), strict=True)


def _weights(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    weights: np.ndarray[tuple[int], np.dtype[np.int64]] = np.sum(
        [pc.fill_null(table[f"{role}_size"], 0).to_numpy() for role in images_in(table)], axis=0, dtype=np.int64
    )
    return weights


def _split(
    order_keys: _OrderKeys, weights: np.ndarray[tuple[int], np.dtype[np.int64]], start: int, stop: int, bits: str
) -> Iterator[tuple[str, int, int]]:
    """Halve rows `[start, stop)`, sorted by order key, until each part is within the targets."""
    small = stop - start <= TARGET_ROWS and weights[start:stop].sum() <= TARGET_BYTES
    if small or stop - start <= 1 or len(bits) == 64:  # noqa: PLR2004 - the bits of an order key
        if stop > start:
            yield bits, start, stop
        return
    middle_key = np.uint64(int((bits + "1").ljust(64, "0"), 2))
    middle = start + int(np.searchsorted(order_keys[start:stop], middle_key))
    yield from _split(order_keys, weights, start, middle, bits + "0")
    yield from _split(order_keys, weights, middle, stop, bits + "1")
