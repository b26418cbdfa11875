"""Who and what is in a triplet, from its stem or a column: a person and a garment that stand in many."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.checks import must_be
from vton_hf.errors import ConfigError
from vton_hf.triplets.arrow_text import as_text
from vton_hf.triplets.manifest import Manifest

PERSON: Final = "person"
GARMENT: Final = "garment"

ENTITIES: Final = (PERSON, GARMENT)
"""Groups that an expression may name; at least one."""

Entities: TypeAlias = "re.Pattern[str] | dict[str, str] | None"
"""What says who is in a triplet: an expression for stems, or a column for each kind."""

_COLUMNS: Final = {PERSON: (PERSON, "person_id"), GARMENT: ("garment_id",)}
"""Columns that say it where nothing else is asked for; `garment` itself is the kind of garment that a key names."""

_EXAMPLE: Final = r"entities=r'fh_(?P<person>\d+)_e\d+_fc_(?P<garment>\d+)'"
_SHOWN: Final = 3
_EXACT: Final = 2.0**53
"""From here on not every whole number is a float."""
_GARMENTS: Final = re.compile(r"(?i)(?<![a-z])(?:fc|g|c|garment|cloth|item|sku)[_-]?$")


def read_entities(entities: object) -> Entities:
    """What says who is in a triplet, checked.

    Args:
        entities: A regular expression for stems, with a group `person`, a group `garment` or both; or a column for
            each, such as `{"person": "model_id"}`; or None.

    Raises:
        ConfigError: With what was found and what is allowed.
    """
    if not isinstance(entities, Mapping):
        return check_entities(entities)
    columns = dict(entities)
    if not columns or not set(columns) <= set(ENTITIES) or not all(isinstance(name, str) for name in columns.values()):
        raise must_be("entities", columns, "a regular expression, or a column for 'person', 'garment' or both")
    return columns


def check_entities(pattern: Any) -> "re.Pattern[str] | None":
    """Refuse an expression that names nobody.

    Raises:
        ConfigError: With what was found and what is allowed.
    """
    if pattern is None:
        return None
    try:
        compiled = re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ConfigError(f"entities={pattern!r} is no regular expression ({error}). Write {_EXAMPLE}.") from None
    unknown = sorted(set(compiled.groupindex) - set(ENTITIES))
    if unknown or not compiled.groupindex:
        found = f"names {', '.join(map(repr, unknown))}" if unknown else "names no group"
        raise ConfigError(
            f"entities={pattern!r} {found}; allowed are (?P<person>...) and (?P<garment>...). Write {_EXAMPLE}."
        )
    return compiled


def entities_in(manifest: Manifest, entities: Entities) -> dict[str, pa.StringArray]:
    """The entities of triplets, as far as anything says them.

    Args:
        manifest: The triplets.
        entities: What says them; None takes the columns `person` or `person_id`, and `garment_id`, if they are there.

    Returns:
        For each kind that is known a name a triplet, null where nothing is said.

    Raises:
        ConfigError: If an expression matches no stem, or a column does not exist.
    """
    if isinstance(entities, re.Pattern):
        found = entities_of(manifest.table["stem"], entities)
        return {kind: entity_names(pa.array(names, pa.string()), kind) for kind, names in found.items()}
    if entities is None:
        columns = manifest.columns
        there = [] if columns is None else columns.column_names
        entities = {
            kind: next(name for name in names if name in there)
            for kind, names in _COLUMNS.items()
            if not set(names).isdisjoint(there)
        }
    return {kind: entity_names(manifest.column(name, "entities="), name) for kind, name in entities.items()}


def entity_names(column: pa.Array, name: str) -> pa.StringArray:
    """The values of a column as names, null where nothing is said.

    Numbers are whole, as people write them, also where a table made them floats since some are missing.

    Raises:
        ConfigError: If they are no text.
    """
    if pa.types.is_floating(column.type):
        column = _whole(column)
    try:
        texts = as_text(column)
    except pa.ArrowInvalid as error:
        raise ConfigError(
            f"The column {name!r} holds bytes that are no text ({error}). Write texts or numbers."
        ) from None
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _whole(numbers: pa.Array) -> pa.Array:
    """Numbers of which all are whole as such; what is none is null."""
    numbers = pc.if_else(pc.is_finite(numbers), numbers, None)
    small = pc.all(pc.less(pc.abs(numbers), _EXACT)).as_py() is not False
    whole = pc.all(pc.equal(pc.floor(numbers), numbers)).as_py() is not False
    return numbers.cast(pa.int64()) if small and whole else numbers


def entities_of(stems: pa.ChunkedArray | pa.Array, pattern: "re.Pattern[str]") -> Mapping[str, Sequence[str]]:
    """The entities of stems.

    Args:
        stems: Of triplets.
        pattern: With a group `person`, a group `garment` or both; it must match somewhere in a stem.

    Returns:
        For each group a name a stem, empty where the expression does not match.

    Raises:
        ConfigError: If it matches no stem at all.
    """
    coded = pc.dictionary_encode(stems.combine_chunks() if isinstance(stems, pa.ChunkedArray) else stems)
    matches = [pattern.search(stem) for stem in coded.dictionary.to_pylist()]
    if matches and not any(matches):
        shown = ", ".join(repr(stem) for stem in coded.dictionary.slice(0, _SHOWN).to_pylist())
        raise ConfigError(f"entities={pattern.pattern!r} matches none of {len(matches):,} stems, such as {shown}.")
    found = {}
    for name in pattern.groupindex:
        of_stem = pa.array([(match and match[name]) or "" for match in matches], pa.string())
        found[name] = of_stem.take(coded.indices).to_pylist()
    return found


def refuse_unknown(kind: str, by: str, manifest: Manifest, *, pinned: bool) -> NoReturn:
    """Say that nothing tells who is in a triplet, with a few stems and an expression to try.

    Raises:
        ConfigError: Always.
    """
    if pinned:
        raise ConfigError(
            f"The split manifest is by {by!r}, and nothing says the {kind} of each triplet here. Give the metadata= "
            f"and layout= that it was made with."
        )
    stems = manifest.table["stem"].slice(0, _SHOWN).to_pylist()
    expression = expression_for(stems[0])
    way = f"try entities=r'{expression}', or" if expression else ""
    raise ConfigError(
        f"split_by={by!r} needs the {kind} of each triplet, and nothing says it. Stems are such as "
        f"{', '.join(map(repr, stems))}: {way} name a column of metadata= with entities={{{kind!r}: 'COLUMN'}}."
    )


def plural(kind: str) -> str:
    """Several of a kind of entity, or the name of a column.

    >>> plural("person"), plural("category")
    ('persons', 'values of category')
    """
    return f"{kind}s" if kind in (*ENTITIES, "triplet", "component") else f"values of {kind}"


def expression_for(stem: str) -> str:
    r"""An expression to begin with, for stems like this one; empty if there is none.

    The first number is taken for the person's; one behind a word for a garment, or else the last, for the garment's.

    >>> expression_for("fh_000001_e01_fc_010632_tracksuit")
    'fh_(?P<person>\\d+)_e\\d+_fc_(?P<garment>\\d+)'
    >>> expression_for("anna_dress"), expression_for("006")
    ('(?P<person>[^_]+)_(?P<garment>.+)', '')
    """
    numbers = list(re.finditer(r"\d+", stem))
    if len(numbers) < len(ENTITIES):
        return r"(?P<person>[^_]+)_(?P<garment>.+)" if re.search(r"[^_]_.", stem) else ""
    of_garments = (place for place, number in enumerate(numbers) if place and _GARMENTS.search(stem[: number.start()]))
    garment = next(of_garments, len(numbers) - 1)
    parts, end = [], 0
    for place, number in enumerate(numbers[: garment + 1]):
        kind = {0: r"(?P<person>\d+)", garment: r"(?P<garment>\d+)"}.get(place, r"\d+")
        parts += [re.escape(stem[end : number.start()]), kind]
        end = number.end()
    return "".join(parts)
