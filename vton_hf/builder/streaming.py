"""Streaming: the plan comes first, is cut into shards of equal length, and bytes are fetched last.

Mixing the listing instead of the streams makes ranks and workers disjoint whatever their number, and
gives the rows of the map-style dataset in the same order.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.concurrency import map_prefetched
from vton_hf.cache import TEXT_COLUMNS, open_manifest
from vton_hf.errors import BuildError, ImageError, StorageError
from vton_hf.images import ImageSpec, is_sound, tell_once
from vton_hf.mixing import Plan, plan
from vton_hf.naming import DIFFICULTY, ROLES
from vton_hf.storage import Body, Store, read_sources, use_each
from vton_hf.triplets import COLUMNS, Manifest, sources_of

logger = logging.getLogger("vton_hf")

Shard = tuple[int, int]
"""Positions `[start, stop)` of the plan."""

BATCH_ROWS: Final = 8
AHEAD: Final = 5
"""Batches on their way beside the one being consumed: 48 triplets, some 150 MB of 768x1024 PNG."""

SHARD_ROWS: Final = 128
"""A resumed stream reads its shard again up to where it stood: at most so many to twice so many rows."""

_SHARD_COUNTS: Final = (48, 240, *(960 << bit for bit in range(12)))
SUBSTITUTES: Final = 8
"""So many are tried for one broken sample: in a bucket that is half broken, one sample in 256 finds none."""


@dataclass(frozen=True, slots=True)
class Stream:
    """All that a worker needs to make any row of the epoch.

    Attributes:
        manifest: The file of the manifest.
        weights: The recipe, as pairs.
        seed: Seed of the mix and of substitutes.
        epoch_size: As in `mixing.plan`.
        store: Where the images lie; all shards that a process reads share its connections.
        verify: How an image is checked.
        on_error: `"skip"` puts another triplet of the same difficulty in a broken one's place.
        embed_images: Whether images are fetched at all.
        image_spec: What is done to them, as a build would store them.
        roles: The images that rows have.
        mix_by: The column whose values are pools.
        once: Whether no triplet may come twice: in a broken one's place comes one that is not in the epoch, or none.
    """

    manifest: Path
    weights: tuple[tuple[str, float], ...]
    seed: int
    epoch_size: int | str | None
    store: Store
    verify: str
    on_error: str
    embed_images: bool
    image_spec: ImageSpec
    roles: tuple[str, ...] = ROLES
    mix_by: str = DIFFICULTY
    once: bool = False


def cut_shards(positions: range) -> list[Shard]:
    """Cut positions into shards whose lengths differ by one at most.

    There are 16 shards, or 48, 240 or 960 times a power of two once they hold `SHARD_ROWS` each, so that
    most numbers of ranks times workers share them evenly. The longer shards come first: rank r of k takes
    every k-th shard, so no rank gets more than one row more than another.

    >>> cut_shards(range(3))
    [(0, 1), (1, 2), (2, 3)]
    """
    rows = len(positions)
    shards = max((count for count in _SHARD_COUNTS if rows // count >= SHARD_ROWS), default=min(16, rows))
    lengths = [rows // shards + (index < rows % shards) for index in range(shards)] if shards else []
    return list(pairwise(accumulate(lengths, initial=positions.start)))


def read_shards(shards: list[Shard], stream: Stream) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of some shards, in order; the next batches are fetched while one is consumed.

    Yields:
        The row's position in the epoch, and its columns as `datasets.Features` encode them.

    Raises:
        ImageError: A broken image, if `stream.on_error` is `"raise"`.
        StorageError: The store does not answer.
    """
    reader = Reader(stream)
    batches = [
        range(start, min(start + BATCH_ROWS, last))
        for first, last in shards
        for start in range(first, last, BATCH_ROWS)
    ]
    for positions, examples in map_prefetched(batches, reader.read, depth=AHEAD):
        yield from ((each, example) for each, example in zip(positions, examples, strict=True) if example is not None)


@lru_cache(maxsize=16)
def _mixed(
    path: Path, weights: tuple[tuple[str, float], ...], seed: int, epoch_size: int | str | None, mix_by: str
) -> tuple[Manifest, Plan, dict[str, Sequence[int] | NDArray[np.int64]]]:
    """The manifest, the plan and which rows of the manifest each pool holds: once a process, not once a shard."""
    manifest = open_manifest(path).by(mix_by)
    mix = plan(manifest.sizes(), dict(weights), seed=seed, epoch_size=epoch_size, mix_by=mix_by)
    return manifest, mix, {name: manifest.rows_of(name) for name in mix.pools}


class Reader:
    """Makes rows of positions.

    Attributes:
        plan: What stands at each.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._roles = stream.roles
        self._store = stream.store
        self._manifest, self.plan, self._rows = _mixed(
            stream.manifest, stream.weights, stream.seed, stream.epoch_size, stream.mix_by
        )

    def read(self, positions: Sequence[int]) -> list[dict[str, Any] | None]:
        """The rows at these positions, each with a substitute if it is broken; None if there is none."""
        rows = [self._row(int(self._rows[self._pool(position)][self.plan.row[position]])) for position in positions]
        if not self._stream.embed_images:
            return [self._example(row, dict.fromkeys(sources_of(row))) for row in rows]
        return [
            example if isinstance(example, dict) else self._substitute(position, row, example)
            for position, row, example in zip(positions, rows, self._examples(rows), strict=True)
        ]

    def draw(self, difficulty: str | None, seed: int, key: str) -> Iterator[dict[str, Any] | Exception]:
        """Triplets to put in a broken one's place, of a difficulty or, if that is not known, of the first pool."""
        if self._stream.once:
            (row,) = np.flatnonzero(pc.equal(self._manifest.table["key"], key).to_numpy())
            yield from self._spare(next(name for name, rows in self._rows.items() if row in rows), int(row))
        rows = self._manifest.by(DIFFICULTY).rows_of(difficulty) if difficulty else self._rows[self.plan.pools[0]]
        yield from self._drawn(rows, seed)

    def _drawn(
        self, rows: Sequence[int] | NDArray[np.int64], seed: int | Sequence[int]
    ) -> Iterator[dict[str, Any] | Exception]:
        for candidate in np.random.default_rng(seed).integers(0, len(rows), SUBSTITUTES):
            yield from self._examples([self._row(int(rows[candidate]))])

    def _pool(self, position: int) -> str:
        return self.plan.pools[int(self.plan.pool[position])]

    def _row(self, row: int) -> dict[str, Any]:
        values: dict[str, Any] = self._manifest.table.slice(row, 1).to_pylist()[0]
        return values

    def _examples(self, rows: list[dict[str, Any]]) -> list[dict[str, Any] | Exception]:
        """For each row its example, or what is wrong with it."""
        # Where nobody looks at the images, only MD5 shows that one was damaged on the way.
        unseen = self._stream.verify == "none" and not self._stream.image_spec
        return use_each(
            self._store,
            [[*sources_of(row).values()] for row in rows],
            partial(read_sources, self._store, always_md5=unseen),
            lambda number, bodies: self._checked(rows[number], bodies),
            lambda result: isinstance(result, ImageError),
            is_sound,
        )

    def _checked(self, row: dict[str, Any], bodies: Mapping[str, Body]) -> dict[str, Any] | Exception:
        of_row = {role: bodies[row[role]] for role in sources_of(row)}
        stored, notices, _ = self._stream.image_spec.apply(of_row, self._stream.verify)
        for role, image in stored.items():
            if isinstance(image, StorageError):
                return image
            if isinstance(image, ImageError):
                return ImageError(f"{row[role]}: {image}")
        for notice in notices:
            tell_once(notice, row["key"], row[notice.role])
        return self._example(row, stored)

    def _example(self, row: dict[str, Any], images: Mapping[str, Any]) -> dict[str, Any]:
        cells = {role: {"bytes": images[role], "path": row[role]} if role in images else None for role in self._roles}
        return cells | {name: row[name] for name in TEXT_COLUMNS} | (row.get(COLUMNS) or {})

    def _substitute(self, position: int, row: dict[str, Any], error: Exception) -> dict[str, Any] | None:
        """Another triplet of the same pool, the same one whoever asks."""
        if self._stream.on_error == "raise":
            raise type(error)(f"{row['key']}: {error}")
        pool, once = self._pool(position), self._stream.once
        place = int(self._rows[pool][self.plan.row[position]])
        drawn = self._spare(pool, place) if once else self._drawn(self._rows[pool], [self._stream.seed, position])
        for example in drawn:
            if isinstance(example, dict):
                logger.warning("%s is broken (%s); %s takes its place.", row["key"], error, example["key"])
                return example
        if once:
            logger.warning("%s is broken (%s) and left out: no other triplet may take its place.", row["key"], error)
            return None
        raise BuildError(
            f"{row['key']} is broken ({error}), and so are {SUBSTITUTES} triplets drawn to replace it. "
            f"Look at the bucket with `vton-hf scan`, or build without streaming to see a list of all."
        )

    def _spare(self, pool: str, row: int) -> Iterator[dict[str, Any] | Exception]:
        """Triplets of a pool that are not in the epoch, to put in the place of one that is."""
        rows = np.asarray(self._rows[pool], np.int64)
        shown = rows[self.plan.row[self.plan.pool == self.plan.pools.index(pool)]]
        for spare in spare_rows(rows, shown, row):
            yield from self._examples([self._row(int(spare))])


def spare_rows(rows: NDArray[np.int64], shown: NDArray[np.int64], row: int) -> NDArray[np.int64]:
    """Rows of a pool that are not shown, to put in the place of one that is: none twice, whichever are broken.

    >>> [spare_rows(np.arange(6), np.array([0, 4]), row).tolist() for row in (0, 4)]
    [[1, 3], [2, 5]]
    """
    shown = np.sort(shown)
    return np.setdiff1d(rows, shown)[int(np.searchsorted(shown, row)) :: len(shown)][:SUBSTITUTES]
