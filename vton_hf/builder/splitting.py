"""`split`: which split each triplet would be in, proof that they share nothing, and a file that others load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, Final, Unpack

import pyarrow as pa

from vton_hf._core import html
from vton_hf._core.checks import unknown_option
from vton_hf._core.files import atomic_write
from vton_hf._core.options import Entities, FindOptions, Prefixes, SplitBy
from vton_hf.builder.builder import VTON
from vton_hf.builder.loading import with_weights
from vton_hf.builder.validating import measures_of
from vton_hf.errors import ConfigError
from vton_hf.naming import ROLES
from vton_hf.report import Measures, picture_links, splits_table, tables
from vton_hf.storage import Store
from vton_hf.triplets import (
    BOTH,
    COMPONENT,
    TRIPLET,
    Assignment,
    Manifest,
    assign,
    check_parts,
    split_summary,
    split_table,
    to_bytes,
)

_PERSON_ROLES: Final = (ROLES[0], ROLES[2])
_LINKED_BY: Final[Mapping[str, Sequence[str]]] = {
    "person": _PERSON_ROLES,
    "garment": ROLES[1:2],
    TRIPLET: _PERSON_ROLES,
    COMPONENT: ROLES,
}
"""Whose pictures link triplets that are split by it; by a column, all."""


@dataclass(frozen=True, slots=True)
class Across:
    """Two triplets of two splits of which a picture is the same to the eye.

    Attributes:
        key: One of them.
        split: Its split.
        image: Its picture.
        other_key: The other.
        other_split: Its split.
        other_image: Its picture.
    """

    key: str
    split: str
    image: str
    other_key: str
    other_split: str
    other_image: str


@dataclass(frozen=True, eq=False, repr=False)
class Splits:
    """Which split each triplet is in; prints as a table.

    Attributes:
        near_duplicates: Pictures that are the same to the eye in two splits; None where images were not measured.
    """

    _found: Assignment
    _manifest: Manifest
    _store: Store
    near_duplicates: "tuple[Across, ...] | None"

    @property
    def by(self) -> str:
        """What was split by."""
        return self._found.by

    @property
    def counts(self) -> dict[str, int]:
        """Triplets by split."""
        return self._found.counts

    @property
    def dropped(self) -> int:
        """Triplets in no split: their entities are in two, or not known."""
        return self._found.joining + self._found.unknown

    @property
    def entities(self) -> dict[str, dict[str, int]]:
        """For each kind of entity, how many there are in each split."""
        return self._found.entities_by_split()

    @property
    def shared(self) -> dict[str, int]:
        """For each kind of entity, how many are in more than one split, counted triplet by triplet."""
        return self._found.shared()

    @property
    def largest(self) -> int:
        """Triplets of the largest unit that stays together."""
        return self._found.largest[0]

    @cached_property
    def table(self) -> pa.Table:
        """One row a triplet: `key`, `split` (null where it is in none), and its entities by kind."""
        return split_table(self._found, self._manifest)

    def save(self, path: str | PurePath) -> str:
        """Write a split manifest, which `splits=` takes: whatever comes later, what is in it stays where it is.

        Args:
            path: A Parquet file, or a URI such as `s3://bucket/splits.parquet`; one that is there is replaced.

        Returns:
            Its path or URI.

        Raises:
            OSError: If the file cannot be written.
            StorageError: If the store does not take it.
        """
        data, where = to_bytes(self._found, self._manifest), str(path)
        if "://" in where:
            self._store.put(where, data, replace=True)
        else:
            with atomic_write(Path(where).expanduser()) as scratch:
                scratch.write_bytes(data)
        return where

    def __repr__(self) -> str:
        return f"Splits({', '.join(f'{name} {count:,}' for name, count in self.counts.items())}; by {self.by!r})"

    def __str__(self) -> str:
        return f"{split_summary(self._found)}\n\n{tables.table(*splits_table(self._found))}\n\n{self._near()}"

    def _repr_html_(self) -> str:
        return html.box(split_summary(self._found), html.table(*splits_table(self._found)))

    def _near(self) -> str:
        if self.near_duplicates is None:
            return "Near-duplicates across splits are not known: `vton-hf validate` measures images, once."
        return f"Near-duplicates across splits: {len(self.near_duplicates):,}."


def split(
    s3_prefixes: Prefixes,
    *,
    splits: Mapping[str, float] | str | PurePath,
    split_by: SplitBy = None,
    entities: Entities = None,
    near_duplicates: bool = False,
    **options: Unpack[FindOptions],
) -> Splits:
    r"""Find out which split each triplet would be in, without building anything.

    Args:
        s3_prefixes: Where the triplets lie; as of `load`.
        splits: Shares of entities, or a split manifest; see `VTONConfig`.
        split_by: What no two splits share; see `VTONConfig`.
        entities: What says who is in a triplet; see `VTONConfig`.
        near_duplicates: Also keep together triplets of which a picture is the same to the eye. Images must have been
            measured, by `validate` or a build. What comes of it holds for others where it is saved, and given as
            `splits=`.
        **options: As of `load`: which triplets, and how the store is reached.

    Raises:
        VTONError: As `load`; a `ConfigError` if triplets cannot be split so.

    Examples:
        >>> found = split("s3://bucket/", splits={"test": 0.1}, split_by="both",
        ...               entities=r"p(?P<person>\d+)_g(?P<garment>\d+)")  # doctest: +SKIP
        >>> load("hard", s3_prefixes="s3://bucket/", splits=found.save("splits.parquet"))  # doctest: +SKIP
    """
    how: dict[str, Any] = {"splits": splits, "split_by": split_by, "entities": entities}
    for name in sorted(set(options) - FindOptions.__optional_keys__):
        raise unknown_option(name, sorted(FindOptions.__optional_keys__))
    return _splits(s3_prefixes, near_duplicates=near_duplicates, **how, **options)


def _splits(s3_prefixes: Prefixes, *, near_duplicates: bool, **options: Any) -> Splits:
    options["s3_prefixes"] = s3_prefixes
    listed = VTON(config_name="hard", **options)
    manifest = listed.triplets.manifest
    builder = with_weights(listed, manifest.sizes(), options)
    found = builder.context.parts.assignment(manifest, quiet=True)
    if found is None:
        raise ConfigError("splits=None makes no splits. Say which, such as splits={'validation': 0.05, 'test': 0.05}.")
    measures = measures_of(builder)
    found = _linked(builder, found, measures) if near_duplicates else found
    across = None if measures is None else _across(found, manifest, measures)
    return Splits(found, manifest, builder.context.store, across)


def _linked(builder: VTON, found: Assignment, measures: Measures | None) -> Assignment:
    """The same splits, but for triplets with the same picture, which stay together."""
    if found.policy.pinned is not None:
        raise ConfigError(
            "near_duplicates=True moves triplets together, and a split manifest holds them where they are. Make one of "
            "shares with it."
        )
    if found.by == BOTH:
        raise ConfigError(
            "near_duplicates=True keeps together what is linked, and split_by='both' keeps nothing together: it leaves "
            "out what joins two splits. Take split_by='component', 'person' or 'garment', or look at near_duplicates."
        )
    if measures is None:
        raise ConfigError(
            "near_duplicates=True needs every image to have been measured. `vton-hf validate` does that, once."
        )
    links = picture_links(measures, _LINKED_BY.get(found.by, ROLES))[:, :2]
    linked = assign(builder.triplets.manifest, replace(found.policy, by=found.by), links)
    check_parts(linked, builder.triplets.manifest, None)
    return linked


def _across(found: Assignment, manifest: Manifest, measures: Measures) -> tuple[Across, ...]:
    """Triplets of two splits with the same picture: of each that is alike, against the first of them."""
    links = picture_links(measures, ROLES, found.codes >= 0)
    apart = links[found.codes[links[:, 0]] != found.codes[links[:, 1]]]
    keys, names = manifest.table["key"], found.policy.names

    def one(row: int, role: int) -> tuple[str, str, str]:
        return str(keys[row]), names[found.codes[row]], ROLES[role]

    return tuple(Across(*one(row, role), *one(other, its)) for row, other, role, its in apart.tolist())
