"""The complete triplets of a listing as one Arrow table, in an order that does not depend on the listing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.errors import ConfigError
from vton_hf.naming import AUTHORITY_PATTERN, DIFFICULTIES, GENDERS, ROLES

Exclude = str | Path | Iterable[str]

SCHEMA: Final = pa.schema(
    {
        **dict.fromkeys(("difficulty", "gender", "stem", "garment", "key", *ROLES), pa.string()),
        **{f"{role}_size": pa.int64() for role in ROLES},
        **{f"{role}_etag": pa.string() for role in ROLES},
        "place": pa.uint64(),
        "version": pa.uint64(),
    }
)
_BATCH: Final = 65_536


def hash_strings(strings: pa.ChunkedArray) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    """64-bit hashes that are the same on every machine and in every version; batches keep memory flat."""
    hashes = np.empty(len(strings), dtype=np.uint64)
    for start in range(0, len(strings), _BATCH):
        batch = strings.slice(start, _BATCH).to_pylist()
        digests = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in batch)
        hashes[start : start + len(batch)] = np.frombuffer(digests, dtype="<u8")
    return hashes


@dataclass(frozen=True, slots=True)
class Manifest:
    """One row a complete triplet, sorted by (difficulty, gender, place).

    Attributes:
        table: `difficulty`, `gender`, `stem`, `garment`, `key` (unique), a URI for each role, its
            `{role}_size` in bytes and `{role}_etag`; `place`, the hash of the triplet's identity, which
            orders a pool and never changes; `version`, the hash of identity, key, URIs, sizes, etags.
    """

    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def sizes(self) -> dict[str, int]:
        """Triplets by difficulty; all three are named."""
        counts = {
            difficulty: pc.sum(pc.equal(self.table["difficulty"], difficulty)).as_py() for difficulty in DIFFICULTIES
        }
        return {difficulty: count or 0 for difficulty, count in counts.items()}

    def rows_of(self, difficulty: str) -> range:
        """Where the rows of one difficulty stand in the table."""
        start = self.table["difficulty"].combine_chunks().index(difficulty).as_py()
        return range(max(start, 0), max(start, 0) + self.sizes()[difficulty])

    def of_difficulties(self, difficulties: Iterable[str]) -> "Manifest":
        """Only the triplets of these difficulties."""
        wanted = pa.array(list(difficulties), pa.string())
        return Manifest(self.table.filter(pc.is_in(self.table["difficulty"], wanted)))

    def bytes(self) -> int:
        """What all images weigh in the store, in bytes."""
        return sum(pc.sum(self.table[f"{role}_size"]).as_py() or 0 for role in ROLES)

    def digest(self) -> str:
        """Changes whenever a triplet comes, goes or is given other bytes."""
        return version_digest(self.table)

    def of_gender(self, gender: str | Sequence[str] | None) -> "Manifest":
        """Only the triplets of one gender (or several).

        Raises:
            ConfigError: If the name is not one of `GENDERS`.
        """
        if gender is None:
            return self
        wanted = [gender] if isinstance(gender, str) else list(gender)
        if not wanted or not set(wanted) <= set(GENDERS):
            raise ConfigError(
                f"gender={gender!r} is not known. Allowed: {', '.join(map(repr, GENDERS))}, or None for all."
            )
        return Manifest(self.table.filter(pc.is_in(self.table["gender"], pa.array(wanted))))

    def limited(self, limit: int | None) -> "Manifest":
        """At most `limit` triplets of each difficulty: those with the lowest place, so always the same.

        Raises:
            ConfigError: If the limit is not a positive whole number.
        """
        if limit is None:
            return self
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise ConfigError(f"limit={limit!r} makes no sense. Allowed: a whole number from 1, or None for all.")
        keep = np.zeros(len(self), dtype=bool)
        difficulties = np.asarray(self.table["difficulty"].combine_chunks())
        places = self.table["place"].to_numpy()
        for difficulty in DIFFICULTIES:
            rows = np.flatnonzero(difficulties == difficulty)
            keep[rows[np.argsort(places[rows], kind="stable")[:limit]]] = True
        return Manifest(self.table.filter(pa.array(keep)))

    def without(self, exclude: Exclude | None) -> "tuple[Manifest, pa.Table, list[str]]":
        """Leave out triplets by name.

        Args:
            exclude: Values of the column `key`, URIs, or object keys; or a text file with one a line.

        Returns:
            The rest, the rows that were left out, and the names that match nothing.

        Raises:
            ConfigError: If the file cannot be read.
        """
        names = pa.array(read_names(exclude), type=pa.string())
        if not len(names):
            return self, self.table.slice(0, 0), []
        columns = [self.table["key"], *(self.table[role] for role in ROLES)]
        columns += [pc.replace_substring_regex(self.table[role], AUTHORITY_PATTERN, "") for role in ROLES]
        hit = pa.array(np.zeros(len(self), dtype=bool))
        unknown = pa.array(np.ones(len(names), dtype=bool))
        for column in columns:
            hit = pc.or_(hit, pc.is_in(column, names))
            unknown = pc.and_(unknown, pc.invert(pc.is_in(names, column.combine_chunks())))
        left_out = self.table.filter(hit)
        return Manifest(self.table.filter(pc.invert(hit))), left_out, names.filter(unknown).to_pylist()


def version_digest(rows: pa.Table) -> str:
    """16 hexadecimal digits that name exactly these triplets with exactly these bytes."""
    versions = rows["version"].to_numpy().astype("<u8")
    return blake2b(versions.tobytes(), digest_size=8).hexdigest()


def read_names(exclude: Exclude | None) -> list[str]:
    """The names of `exclude=`, from a list or a file; blank lines and those that start with # are comments.

    Raises:
        ConfigError: If the file cannot be read or an entry is not a string.
    """
    if exclude is None:
        return []
    if isinstance(exclude, (str, Path)):
        try:
            text = Path(exclude).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise ConfigError(
                f"exclude={str(exclude)!r} cannot be read as a file ({reason}). "
                f"Pass a list of keys, or a text file with one key a line."
            ) from error
        lines = {line.strip() for line in text.splitlines()}
        return sorted(line for line in lines if line and not line.startswith("#"))
    if not isinstance(exclude, Iterable):
        raise ConfigError(f"exclude={exclude!r} makes no sense. Allowed: a list of keys, or a file with one a line.")
    names = list(exclude)
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise ConfigError(f"exclude= takes keys as strings, but holds {wrong[0]!r}.")
    return sorted(set(names))
