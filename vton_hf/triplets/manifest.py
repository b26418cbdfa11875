"""The complete triplets of a listing as one Arrow table, in an order that does not depend on the listing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core import html
from vton_hf._core.checks import did_you_mean
from vton_hf._core.digests import digest
from vton_hf._core.units import amount, number
from vton_hf.errors import ConfigError
from vton_hf.naming import AUTHORITY_PATTERN, DIFFICULTIES, DIFFICULTY, ROLES
from vton_hf.triplets.asked import Exclude, check_gender, check_limit, read_names
from vton_hf.triplets.content import CONTENT_HASH, content_digest, images_in, texts_of

ORDER_KEY: Final = "place"
"""The column that orders a pool: the hash of a triplet's identity, which never changes. It has its name on disk."""

TEXTS: Final = (DIFFICULTY, "gender", "stem", "garment", "key")
"""Columns of what keys say."""

COLUMNS: Final = "columns"
"""The column with all that layouts and tables say of triplets, as a struct; absent where they say nothing."""

_EXAMPLES: Final = 3

SCHEMA: Final = pa.schema(
    {
        **dict.fromkeys(("difficulty", "gender", "stem", "garment", "key", *ROLES), pa.string()),
        **{f"{role}_size": pa.int64() for role in ROLES},
        **{f"{role}_etag": pa.string() for role in ROLES},
        ORDER_KEY: pa.uint64(),
        CONTENT_HASH: pa.uint64(),
    }
)


@dataclass(frozen=True)
class Manifest:
    """One row a complete triplet, sorted by (difficulty, gender, `ORDER_KEY`).

    Attributes:
        table: `difficulty`, `gender`, `stem`, `garment`, `key` (unique), a URI for each role, its
            `{role}_size` in bytes and `{role}_etag`, null where there is no such image; `ORDER_KEY` and `CONTENT_HASH`;
            and, where more is known, `COLUMNS`.
        mixed_by: The column whose values are pools: the difficulty, or another one of texts.
    """

    table: pa.Table
    mixed_by: str = DIFFICULTY

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def images(self) -> tuple[str, ...]:
        """The columns of images: `ROLES`, then companions."""
        return images_in(self.table)

    @property
    def columns(self) -> pa.Table | None:
        """What layouts and tables say of the triplets, in line with them; None if nothing."""
        if COLUMNS not in self.table.column_names:
            return None
        return pa.Table.from_struct_array(self.table[COLUMNS].combine_chunks())

    def with_columns(self, columns: pa.Table | None) -> "Manifest":
        """The same triplets, of which that is said."""
        table = self.table.drop_columns([COLUMNS]) if COLUMNS in self.table.column_names else self.table
        if columns is None or not columns.num_columns:
            return replace(self, table=table)
        return replace(self, table=table.append_column(COLUMNS, columns.combine_chunks().to_struct_array()))

    def by(self, column: str) -> "Manifest":
        """The same triplets, in pools by the values of a column.

        Raises:
            ConfigError: If there is no such column of texts.
        """
        mixed = replace(self, mixed_by=column)
        if column != DIFFICULTY and len(self):
            mixed.sizes()
        return mixed

    def column(self, name: str, option: str) -> pa.Array:
        """A column by its name: one of what keys say, or of what layouts and tables do.

        Args:
            name: The column's.
            option: What names it, for messages.

        Raises:
            ConfigError: If there is none; with the nearest, and those that there are.
        """
        if name in TEXTS:
            return self.table[name].combine_chunks()
        columns = self.columns
        if columns is None or name not in columns.column_names:
            allowed = [*TEXTS, *(() if columns is None else columns.column_names)]
            raise ConfigError(
                f"{option} names the column {name!r}, which does not exist.{did_you_mean(name, allowed)} There are "
                f"{', '.join(allowed)}."
            )
        return columns[name].combine_chunks()

    def where(self, wanted: NDArray[np.bool_]) -> "Manifest":
        """The triplets that are wanted."""
        return self if wanted.all() else replace(self, table=self.table.filter(pa.array(wanted)))

    def _repr_html_(self) -> str:
        lines = [(name, size, number(size, "triplet")) for name, size in self.sizes().items()]
        shown = ["key", "gender", "garment", *ROLES]
        first = self.sampled(_EXAMPLES).table.select(shown).to_pylist()
        rows = [[row[name] for name in shown] for row in first]
        title = f"{number(len(self), 'triplet')}, {amount(self.bytes())}"
        return html.box(title, html.bars(lines), html.table(shown, rows))

    def sizes(self) -> dict[str, int]:
        """Triplets by pool: by difficulty, of which all three are named, or by each value of another column."""
        if self.mixed_by != DIFFICULTY:
            return {name: len(rows) for name, rows in self._pools.items()}
        counts = {row["values"]: row["counts"] for row in pc.value_counts(self.table[DIFFICULTY]).to_pylist()}
        return {difficulty: counts.get(difficulty, 0) for difficulty in DIFFICULTIES}

    @cached_property
    def _pools(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each value of `mixed_by`, by name; those without one are in no pool."""
        column = self.column(self.mixed_by, "mix_by=")
        if pa.types.is_nested(column.type):
            raise ConfigError(f"mix_by={self.mixed_by!r} names a column of {column.type}; allowed is one of texts.")
        coded = column.cast(pa.string()).dictionary_encode()
        codes = pc.fill_null(coded.indices, -1).to_numpy()
        names = coded.dictionary.to_pylist()
        return {name: np.flatnonzero(codes == names.index(name)) for name in sorted(names)}

    def rows_of(self, pool: str) -> Sequence[int] | NDArray[np.int64]:
        """Where the rows of one pool stand in the table, ascending."""
        if self.mixed_by != DIFFICULTY:
            return self._pools.get(pool, np.zeros(0, np.int64))
        start = max(self.table[DIFFICULTY].index(pool).as_py(), 0)
        return range(start, start + self.sizes()[pool])

    def of_pools(self, pools: Iterable[str]) -> "Manifest":
        """Only the triplets of these pools; of difficulties nothing is copied."""
        parts = [self.rows_of(name) for name in set(pools)]
        if self.mixed_by != DIFFICULTY:
            rows = np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))
            return replace(self, table=self.table.take(pa.array(rows)))
        ranges = sorted((part for part in parts if isinstance(part, range)), key=lambda part: part.start)
        slices = [self.table.slice(part.start, len(part)) for part in ranges]
        return replace(self, table=pa.concat_tables([self.table.slice(0, 0), *slices]))

    def bytes(self) -> int:
        """What all images weigh in the store, in bytes."""
        return sum(pc.sum(self.table[f"{role}_size"]).as_py() or 0 for role in self.images)

    def digest(self) -> str:
        """Changes whenever a triplet comes, goes or is given other bytes."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        columns = self.columns
        own = content_digest(self.table)
        return own if columns is None else digest("\n".join([own, *texts_of(columns)]))

    def of_gender(self, gender: str | Sequence[str] | None) -> "Manifest":
        """Only the triplets of one gender (or several).

        Raises:
            ConfigError: If the name is not one of `GENDERS`.
        """
        wanted = check_gender(gender)
        return self.where(pc.is_in(self.table["gender"], pa.array(wanted)).to_numpy()) if wanted else self

    def limited(self, limit: int | None) -> "Manifest":
        """At most `limit` triplets of each pool: those with the lowest order key, so always the same.

        Raises:
            ConfigError: If the limit is not a positive whole number.
        """
        most = check_limit(limit)
        if most is None:
            return self
        order_keys = self.table[ORDER_KEY].to_numpy()
        parts = [np.asarray(self.rows_of(name), np.int64) for name in self.sizes()]
        lowest = [part[np.argsort(order_keys[part], kind="stable")[:most]] for part in parts]
        return replace(self, table=self.table.take(pa.array(np.sort(np.concatenate([*lowest, np.zeros(0, np.int64)])))))

    def sampled(self, count: int) -> "Manifest":
        """At most `count` triplets, whatever their difficulty: those with the lowest order key, so always the same."""
        order_keys = self.table[ORDER_KEY].to_numpy()
        lowest = np.argsort(order_keys, kind="stable")[:count]
        return replace(self, table=self.table.take(pa.array(np.sort(lowest))))

    def without(self, exclude: Exclude | None) -> "tuple[Manifest, pa.Table, list[str]]":
        """Leave out triplets by name.

        Args:
            exclude: Values of the column `key`, URIs, or object keys; or a text file with one a line.

        Returns:
            The rest, the rows that were left out, and the names that match nothing.

        Raises:
            ConfigError: If the file cannot be read.
        """
        names = read_names(exclude)
        if not names:
            return self, self.table.slice(0, 0), []
        authorities = [
            "",
            *dict.fromkeys(each for role in ROLES for each in _authorities(self.table[role].drop_null())),
        ]
        wanted = pa.array([authority + name for authority in authorities for name in names], pa.string())
        hit = pa.array(np.zeros(len(self), dtype=bool))
        for column in ("key", *ROLES):
            hit = pc.or_(hit, pc.is_in(self.table[column], wanted))
        left_out = self.table.filter(hit)
        known = {name for column in ("key", *ROLES) for name in left_out[column].to_pylist()}
        unknown = [name for name in names if known.isdisjoint(authority + name for authority in authorities)]
        return replace(self, table=self.table.filter(pc.invert(hit))), left_out, unknown


def _authorities(uris: pa.ChunkedArray) -> list[str]:
    """Scheme and bucket of all of them, each once; they are few."""
    parts = []
    while len(uris):
        match = re.match(AUTHORITY_PATTERN, uris[0].as_py())
        parts.append(match[0] if match else "")
        uris = uris.filter(pc.invert(pc.starts_with(uris, parts[-1])))
    return parts
