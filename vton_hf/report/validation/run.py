"""All checks of what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.naming import ROLES
from vton_hf.report.validation.catalogue import ALL, AUDIT_SEVERITIES, NOTE, STRUCTURE
from vton_hf.report.validation.duplicates import check_duplicates
from vton_hf.report.validation.files import check_files
from vton_hf.report.validation.findings import Findings
from vton_hf.report.validation.groups import check_drift, check_entities
from vton_hf.report.validation.measures import Measures
from vton_hf.report.validation.neighbours import MOST_PAIRS
from vton_hf.report.validation.pairs import check_pairs
from vton_hf.report.validation.pictures import check_pictures, check_sizes
from vton_hf.triplets import REASONS, UNKNOWN_NAME, Audit

_PICTURES: Final = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic")


@dataclass(frozen=True)
class Scope:
    """What is to be looked for.

    Attributes:
        level: One of `CHECK_LEVELS`.
        thresholds: By check.
        entities: By kind, a name for each triplet; empty where none are known.
        prefixes: Where the triplets lie.
        alone: Why images are not compared with those of other triplets; empty if they are.
    """

    level: str
    thresholds: Mapping[str, float]
    entities: Mapping[str, Sequence[str]]
    prefixes: Sequence[str]
    alone: str = ""


def find(measures: Measures, audit: Audit, refused: Mapping[str, str], scope: Scope) -> tuple[pa.Table, dict[str, str]]:
    """Run the checks.

    Args:
        measures: The triplets, and what was measured of them.
        audit: Keys that belong to none.
        refused: Objects that could not be read, and why.
        scope: What to look for.

    Returns:
        The findings, and the checks that did not run with the reason.
    """
    findings = Findings(measures, dict(scope.thresholds))
    _audit(findings, audit)
    _refused(findings, refused)
    check_files(findings)
    check_sizes(findings)
    skipped: dict[str, str] = {}
    if scope.level != STRUCTURE:
        explained = check_pictures(findings)
        if scope.level == ALL:
            check_pairs(findings, explained)
            skipped = _together(findings, scope)
    return findings.table(), skipped


def _together(findings: Findings, scope: Scope) -> dict[str, str]:
    """Checks that look at many triplets; gives those that did not run."""
    skipped: dict[str, str] = {}
    names, identified = garments_of(findings.measures, scope)
    if scope.alone:
        skipped = dict.fromkeys(("exact-duplicate", "near-duplicate", "one-garment-many-names"), scope.alone)
    elif not check_duplicates(findings, names, identified=identified):
        skipped["near-duplicate"] = f"more than {MOST_PAIRS:,} pairs are nearly the same: only so many were grouped"
    unknown = "needs entities=, a regular expression with (?P<person>...) and (?P<garment>...) for stems"
    if not identified:
        skipped["one-name-many-garments"] = unknown
    if scope.entities:
        check_entities(findings, scope.entities)
    else:
        skipped["over-represented"] = unknown
    if len(scope.prefixes) > 1:
        check_drift(findings, scope.prefixes)
    else:
        skipped["drift"] = "needs two prefixes"
    return skipped


def garments_of(measures: Measures, scope: Scope) -> tuple[Sequence[str], bool]:
    """Of each triplet its garment, and whether that is an identity, not the kind that a file's name says."""
    if "garment" in scope.entities:
        return scope.entities["garment"], True
    return measures.rows["garment"].to_pylist(), False


def _audit(findings: Findings, audit: Audit) -> None:
    """Keys of the listing that belong to no triplet."""
    table = audit.table
    reasons = table["reason"].to_pylist()
    details = table["detail"].to_pylist()
    findings.extend(
        check=reasons,
        severity=[_severity(reason, uri) for reason, uri in zip(reasons, table["uri"].to_pylist(), strict=True)],
        key=[""] * len(reasons),
        uri=table["uri"],
        value=[None] * len(reasons),
        threshold=[None] * len(reasons),
        message=[
            f"{REASONS[reason]}{f' ({detail})' if detail else ''}."
            for reason, detail in zip(reasons, details, strict=True)
        ],
    )


def _severity(reason: str, uri: str) -> str:
    """A file that is no picture was never meant to be part of a triplet."""
    stray = reason == UNKNOWN_NAME and not uri.lower().endswith(_PICTURES)
    return NOTE if stray else AUDIT_SEVERITIES[reason]


def _refused(findings: Findings, refused: Mapping[str, str]) -> None:
    """Objects that could not be read, once for each triplet that needs them."""
    wanted = pa.array(list(refused), pa.string())
    for role in ROLES:
        column = findings.measures.rows[role]
        rows = np.flatnonzero(pc.is_in(column, value_set=wanted).to_numpy()) if len(wanted) else np.zeros(0, np.intp)
        findings.add_errors("unreadable", rows, role, [refused[str(column[int(row)])] for row in rows])
