"""Who and what is in a triplet, from its stem: a person and a garment that stand in many."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.errors import ConfigError

ENTITIES: Final = ("person", "garment")
"""Groups that an expression may name; at least one."""

_EXAMPLE: Final = r"entities=r'fh_(?P<person>\d+)_e\d+_fc_(?P<garment>\d+)'"


def check_entities(pattern: str | None) -> "re.Pattern[str] | None":
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
        shown = ", ".join(repr(stem) for stem in coded.dictionary.slice(0, 3).to_pylist())
        raise ConfigError(f"entities={pattern.pattern!r} matches none of {len(matches):,} stems, such as {shown}.")
    found = {}
    for name in pattern.groupindex:
        of_stem = pa.array([(match and match[name]) or "" for match in matches], pa.string())
        found[name] = of_stem.take(coded.indices).to_pylist()
    return found
