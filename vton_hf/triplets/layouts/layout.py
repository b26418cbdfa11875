"""What a layout is: where each image of a triplet lies, what says which belong together, what lies beside them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vton_hf._core.checks import check_choice, did_you_mean, must_be
from vton_hf._core.digests import digest
from vton_hf.errors import ConfigError
from vton_hf.naming import ROLES
from vton_hf.triplets.layouts.patterns import FIELDS, Pattern

INITIAL, CLOTH, TRY_ON = ROLES
KINDS: Final = ("triplet", "pair", "unpaired")
"""What a row is: all three images; a person and the garment that is worn; a person and another garment."""

PAIR_COLUMNS: Final = ("person", "garment", "category")
TABLE_FILES: Final = ("csv", "tsv", "jsonl", "ndjson", "json", "parquet")
_KEYS: Final = ("name", "kind", *ROLES, "pairs", "pair_columns", "categories", "unpaired", "table", "columns")
_NEEDED: Final = {"triplet": ROLES, "pair": (CLOTH, TRY_ON)}


@dataclass(frozen=True)
class Layout:
    """One layout, checked.

    Attributes:
        name: What it is called in messages.
        kind: `"triplet"` needs all three images; `"pair"` needs garment and person, who wears it: `initial_image` is a
            picture without the garment where there is one.
        images: By role the patterns of its keys, of which the first that fits counts.
        pairs: Patterns of files of pairs; where none lies, images of one stem belong together.
        pair_columns: Their columns, of `PAIR_COLUMNS`.
        categories: What values of their third column stand for.
        unpaired: Patterns of those files, or tables, whose rows are no pairs, whatever names say.
        table: Where a table lies, or its patterns; empty if there is none.
        table_columns: By role the columns of the table that name its picture; of several each makes a row.
        columns: Further files of a row by name: patterns with the stem of the person or the garment.
    """

    name: str
    kind: str = "triplet"
    images: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    pairs: tuple[Pattern, ...] = ()
    pair_columns: tuple[str, ...] = PAIR_COLUMNS[:2]
    categories: Mapping[str, str] = field(default_factory=dict)
    unpaired: tuple[Pattern, ...] = ()
    table: tuple[str, ...] = ()
    table_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def needed(self) -> tuple[str, ...]:
        """The roles without which there is no row."""
        return _NEEDED[self.kind]

    def __str__(self) -> str:
        return self.name

    def mark(self) -> str:
        """A name for all that it says, and for what tables on this machine hold."""
        here = (Path(text).expanduser() for text in self.table if "://" not in text)
        tables = [digest(path.read_bytes()) for path in here if path.is_file()]
        return json.dumps([self.name, self.written, tables], sort_keys=True, default=str)


def layout_of(written: Mapping[str, Any], name: str) -> Layout:
    """Read a layout from a dictionary, as TOML gives it or a user writes it.

    Args:
        written: `initial_image`, `cloth_image` and `try_on_image`: patterns, or, with `table`, names of its columns;
            the other keys are those of `Layout`.
        name: What it is called where it does not say so itself.

    Raises:
        ConfigError: With what was found, what is allowed, and the nearest that is.
    """
    _check_keys(written, name)
    of = f"layout {written.get('name', name)!r}"
    kind = written.get("kind", "triplet" if INITIAL in written else "pair")
    check_choice(f"{of}: kind", kind, _NEEDED)
    table = tuple(_texts(written.get("table", ()), f"{of}: table"))
    images = {} if table else {role: _patterns(written.get(role, ()), f"{of}: {role}") for role in ROLES}
    if not table:
        _check_needed(images, of, kind)
    columns = tuple(_texts(written.get("pair_columns", PAIR_COLUMNS[:2]), f"{of}: pair_columns"))
    if sorted(columns[:2]) != ["garment", "person"] or columns[2:] not in ((), PAIR_COLUMNS[2:]):
        raise must_be(f"{of}: pair_columns", list(columns), "'person' and 'garment' in either order, then 'category'")
    more = _mapping(written.get("columns", {}), f"{of}: columns")
    _check_names(more, of)
    return Layout(
        name=str(written.get("name", name)),
        kind=kind,
        images=images,
        pairs=_patterns(written.get("pairs", ()), f"{of}: pairs", image=False),
        pair_columns=columns,
        categories={str(each): str(value) for each, value in _mapping(written.get("categories", {}), of).items()},
        unpaired=_patterns(written.get("unpaired", ()), f"{of}: unpaired", image=False),
        table=table,
        table_columns=_table_columns(written, of) if table else {},
        columns={column: _patterns(patterns, f"{of}: columns.{column}") for column, patterns in more.items()},
        written=written,
    )


def _check_keys(written: object, name: str) -> None:
    if not isinstance(written, Mapping):
        raise must_be(f"layout {name!r}", written, "a dictionary")
    for key in written:
        if key not in _KEYS:
            raise ConfigError(
                f"layout {name!r} has the key {key!r}, which does not exist.{did_you_mean(str(key), _KEYS)} "
                f"Allowed: {', '.join(_KEYS)}."
            )


def _check_needed(images: Mapping[str, Sequence[Pattern]], of: str, kind: str) -> None:
    for role in _NEEDED[kind]:
        if not images[role]:
            also = " or kind = 'pair', if there is no picture of the person before" if role == INITIAL else ""
            raise ConfigError(
                f"{of} does not say where {role} lies. Add a pattern, such as {role} = '{role}/{{stem}}.jpg'{also}."
            )
    for role in ROLES:
        for pattern in images[role]:
            if "stem" not in pattern.fields:
                raise ConfigError(
                    f"{of}: {role} {pattern.text!r} has no {{stem}}, which says what belongs together. Fields: "
                    f"{', '.join(f'{{{each}}}' for each in FIELDS)}."
                )


def _check_names(columns: Mapping[str, Any], of: str) -> None:
    for name in columns:
        if not isinstance(name, str) or not name.isidentifier() or name in RESERVED:
            raise must_be(f"{of}: a name of columns", name, f"a name that is none of {', '.join(RESERVED)}")


def _table_columns(written: Mapping[str, Any], of: str) -> dict[str, tuple[str, ...]]:
    return {role: tuple(_texts(written[role], f"{of}: {role}")) for role in ROLES if role in written}


def _patterns(texts: object, where: str, *, image: bool = True) -> tuple[Pattern, ...]:
    return tuple(Pattern.of(text, where, image=image) for text in _texts(texts, where))


def _texts(value: object, where: str) -> list[str]:
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    for text in texts:
        if not isinstance(text, str) or not text:
            raise must_be(where, value, "a text, or a list of them")
    return [str(text) for text in texts]


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise must_be(where, value, "a table of names and values")
    return value


RESERVED: Final[Sequence[str]] = (*ROLES, "difficulty", "stem", "gender", "garment", "key", "kind", "split", "category")
"""Columns that a row has, or may have, anyway."""
