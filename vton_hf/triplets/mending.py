"""What keys that were left out cost, in triplets, and which of them a new name would bring back."""

import difflib
import re
from collections import Counter, defaultdict
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.units import number
from vton_hf.naming import AUTHORITY_PATTERN, DIFFICULTIES, ROLES
from vton_hf.triplets.audit import (
    INCOMPLETE,
    MISSING_FILE,
    NO_DIFFICULTY,
    UNICODE_FORM,
    UNKNOWN_NAME,
    UNREADABLE,
    ZERO_BYTES,
    Audit,
)

_LOSSES: Final = (INCOMPLETE, ZERO_BYTES, UNREADABLE, UNICODE_FORM, NO_DIFFICULTY, MISSING_FILE)
_ENDINGS: Final = dict(zip(ROLES, ("_person", "_cloth_GARMENT", "_vton"), strict=True))
_LIKE: Final = 0.7
_FEWEST: Final = 2
"""Names that end alike: one alone says nothing of how it was meant."""


def lost_triplets(audit: Audit) -> dict[str, int]:
    """Triplets that are none, by what their keys were left out for: as many as there are folders with a stem.

    >>> lost_triplets(Audit.nothing())
    {}
    """
    counts = {reason: _stems(audit.rows_of(reason), "folder", "stem").num_rows for reason in _LOSSES}
    return {reason: count for reason, count in counts.items() if count}


def mending(audit: Audit) -> list[str]:
    """A sentence for each way to name keys so that triplets come back, the one that brings most first."""
    return [text for _, text in sorted([*_renamed(audit), *_moved(audit)], key=lambda each: -each[0])]


def _stems(rows: pa.Table, *columns: str) -> pa.Table:
    """What keys with a stem say in some columns, each once."""
    named = rows.filter(pc.not_equal(rows["stem"], ""))
    return named.group_by(list(columns), use_threads=False).aggregate([])


def _renamed(audit: Audit) -> list[tuple[int, str]]:
    """Images under another ending than the one that their triplet lacks."""
    lacking = {(row["folder"], row["stem"], role) for row, role in _lacking_one(audit)}
    endings: Counter[tuple[str, str]] = Counter()
    for row in audit.rows_of(UNKNOWN_NAME).select(["uri", "folder"]).to_pylist():
        *_, role, name = row["uri"].split("/")
        for mark in reversed([match.start() for match in re.finditer("[_.-]", name)]):
            if (row["folder"], name[:mark], role) in lacking:
                endings[role, _ending(role, name[mark:])] += 1
                break
    made = []
    for (role, ending), count in endings.items():
        right = f"STEM{_ENDINGS[role]}.png"
        text = f"{number(count, 'triplet')} would be complete if {role}/STEM{ending} were called {right}."
        made += [(count, text)] if count >= _FEWEST else []
    return made


def _ending(role: str, ending: str) -> str:
    """What stands behind the stem; of a garment's, only the first word is the same for all."""
    words = re.fullmatch(r"([_.-][^_.-]*)[_.-].*(\.\w+)", ending)
    return f"{words[1]}_GARMENT{words[2]}" if role == ROLES[1] and words else ending


def _lacking_one(audit: Audit) -> list[tuple[dict[str, Any], str]]:
    """Incomplete triplets that lack one image, and its role."""
    rows = _stems(audit.rows_of(INCOMPLETE), "folder", "stem", "detail").to_pylist()
    return [(row, role) for row in rows for role in ROLES if row["detail"] == f"missing {role}"]


def _moved(audit: Audit) -> list[tuple[int, str]]:
    """Folders whose name is nearly that of a difficulty."""
    stems: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    near: dict[str, tuple[str, str] | None] = {}
    for row in audit.rows_of(NO_DIFFICULTY).select(["folder", "stem"]).to_pylist():
        folder = row["folder"]
        if folder not in near:
            near[folder] = _nearly(folder)
        if (found := near[folder]) is not None and row["stem"]:
            stems[found].add((folder, row["stem"]))
    return [
        (
            len(of_folder),
            f"{number(len(of_folder), 'triplet')} would have a difficulty if {folder} were called {name}/.",
        )
        for (folder, name), of_folder in stems.items()
    ]


def _nearly(folder: str) -> tuple[str, str] | None:
    """The part of a folder's path that ends in such a name, and which difficulty it may be."""
    authority = re.match(AUTHORITY_PATTERN, folder)
    start = authority.end() if authority else 0
    for match in re.finditer(r"([^/]+)/", folder[start:]):
        if close := difflib.get_close_matches(match[1].lower(), DIFFICULTIES, n=1, cutoff=_LIKE):
            return folder[: start + match.end()], close[0]
    return None
