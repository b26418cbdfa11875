"""The complete triplets of a listing as one Arrow table, in an order that does not depend on the listing."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core import html
from vton_hf._core.checks import check_int, must_be
from vton_hf._core.digests import digest
from vton_hf._core.units import amount, number
from vton_hf.errors import ConfigError
from vton_hf.naming import AUTHORITY_PATTERN, DIFFICULTIES, GENDERS, ROLES

Source: TypeAlias = tuple[str, str, int]
"""URI, ETag and size of an object: what makes its bytes the same."""

Exclude = str | PurePath | Iterable[str]

ORDER_KEY: Final = "place"
"""The column that orders a pool: the hash of a triplet's identity, which never changes. It has its name on disk."""

CONTENT_HASH: Final = "version"
"""The column with the hash of a triplet's identity, key, URIs, sizes and etags. It has its name on disk."""

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
            `{role}_size` in bytes and `{role}_etag`; `ORDER_KEY` and `CONTENT_HASH`.
    """

    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def _repr_html_(self) -> str:
        lines = [(name, size, number(size, "triplet")) for name, size in self.sizes().items()]
        shown = ["key", "gender", "garment", *ROLES]
        first = self.sampled(_EXAMPLES).table.select(shown).to_pylist()
        rows = [[row[name] for name in shown] for row in first]
        title = f"{number(len(self), 'triplet')}, {amount(self.bytes())}"
        return html.box(title, html.bars(lines), html.table(shown, rows))

    def sizes(self) -> dict[str, int]:
        """Triplets by difficulty; all three are named."""
        counts = {row["values"]: row["counts"] for row in pc.value_counts(self.table["difficulty"]).to_pylist()}
        return {difficulty: counts.get(difficulty, 0) for difficulty in DIFFICULTIES}

    def rows_of(self, difficulty: str) -> range:
        """Where the rows of one difficulty stand in the table."""
        start = max(self.table["difficulty"].index(difficulty).as_py(), 0)
        return range(start, start + self.sizes()[difficulty])

    def of_difficulties(self, difficulties: Iterable[str]) -> "Manifest":
        """Only the triplets of these difficulties; nothing is copied."""
        rows = sorted((self.rows_of(name) for name in set(difficulties)), key=lambda part: part.start)
        return Manifest(
            pa.concat_tables([self.table.slice(0, 0), *(self.table.slice(part.start, len(part)) for part in rows)])
        )

    def bytes(self) -> int:
        """What all images weigh in the store, in bytes."""
        return sum(pc.sum(self.table[f"{role}_size"]).as_py() or 0 for role in ROLES)

    def digest(self) -> str:
        """Changes whenever a triplet comes, goes or is given other bytes."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return content_digest(self.table)

    def of_gender(self, gender: str | Sequence[str] | None) -> "Manifest":
        """Only the triplets of one gender (or several).

        Raises:
            ConfigError: If the name is not one of `GENDERS`.
        """
        wanted = check_gender(gender)
        return Manifest(self.table.filter(pc.is_in(self.table["gender"], pa.array(wanted)))) if wanted else self

    def limited(self, limit: int | None) -> "Manifest":
        """At most `limit` triplets of each difficulty: those with the lowest order key, so always the same.

        Raises:
            ConfigError: If the limit is not a positive whole number.
        """
        most = check_limit(limit)
        if most is None:
            return self
        order_keys = self.table[ORDER_KEY].to_numpy()
        parts = [self.rows_of(name) for name in DIFFICULTIES]
        lowest = [part.start + np.argsort(order_keys[part.start : part.stop], kind="stable")[:most] for part in parts]
        return Manifest(self.table.take(pa.array(np.sort(np.concatenate(lowest)))))

    def sampled(self, count: int) -> "Manifest":
        """At most `count` triplets, whatever their difficulty: those with the lowest order key, so always the same."""
        order_keys = self.table[ORDER_KEY].to_numpy()
        lowest = np.argsort(order_keys, kind="stable")[:count]
        return Manifest(self.table.take(pa.array(np.sort(lowest))))

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
        authorities = ["", *_authorities(self.table[ROLES[0]])]
        wanted = pa.array([authority + name for authority in authorities for name in names], pa.string())
        hit = pa.array(np.zeros(len(self), dtype=bool))
        for column in ("key", *ROLES):
            hit = pc.or_(hit, pc.is_in(self.table[column], wanted))
        left_out = self.table.filter(hit)
        known = {name for column in ("key", *ROLES) for name in left_out[column].to_pylist()}
        unknown = [name for name in names if known.isdisjoint(authority + name for authority in authorities)]
        return Manifest(self.table.filter(pc.invert(hit))), left_out, unknown


def _authorities(uris: pa.ChunkedArray) -> list[str]:
    """Scheme and bucket of all of them, each once; they are few."""
    parts = []
    while len(uris):
        match = re.match(AUTHORITY_PATTERN, uris[0].as_py())
        parts.append(match[0] if match else "")
        uris = uris.filter(pc.invert(pc.starts_with(uris, parts[-1])))
    return parts


def sources_of(row: Mapping[str, Any]) -> tuple[Source, ...]:
    """URI, ETag and size of the objects that a row of a manifest is made of, in the order of `ROLES`."""
    return tuple((row[role], row[f"{role}_etag"], row[f"{role}_size"]) for role in ROLES)


def check_gender(gender: str | Sequence[str] | None) -> list[str]:
    """The genders that are asked for; none for all.

    Raises:
        ConfigError: If a name is not one of `GENDERS`.
    """
    wanted = [] if gender is None else [gender] if isinstance(gender, str) else list(gender)
    if gender is not None and (not wanted or not set(wanted) <= set(GENDERS)):
        raise must_be("gender", gender, f"{', '.join(map(repr, GENDERS))}, or None for all")
    return wanted


def check_limit(limit: int | None) -> int | None:
    """How many triplets of each difficulty are asked for; None for all.

    Raises:
        ConfigError: If the limit is not a positive whole number.
    """
    return None if limit is None else check_int("limit", limit, least=1, or_else="None for all")


def content_digest(rows: pa.Table) -> str:
    """16 hexadecimal digits that name exactly these triplets with exactly these bytes."""
    versions = rows[CONTENT_HASH].to_numpy().astype("<u8")
    return digest(versions.tobytes())


def read_names(exclude: Exclude | None) -> list[str]:
    """The names of `exclude=`, from a list or a file; blank lines and those that start with # are comments.

    Raises:
        ConfigError: If the file cannot be read or an entry is not a string.
    """
    if exclude is None:
        return []
    if isinstance(exclude, (str, PurePath)):
        try:
            text = Path(exclude).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise ConfigError(
                f"exclude={str(exclude)!r} cannot be read as a file ({reason}). "
                f"Pass a list of keys, or a text file with one key a line."
            ) from None
        lines = {line.strip() for line in text.splitlines()}
        return sorted(line for line in lines if line and not line.startswith("#"))
    if not isinstance(exclude, Iterable):
        raise must_be("exclude", exclude, "a list of keys, or a file with one a line")
    names = list(exclude)
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise ConfigError(f"exclude= takes keys as strings, but holds {wrong[0]!r}.")
    return sorted(set(names))
