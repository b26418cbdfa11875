"""Checks of many triplets together: who is in too many, and whether prefixes differ."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow.compute as pc

from vton_hf.naming import ROLES
from vton_hf.report.validation.catalogue import CHECKS
from vton_hf.report.validation.findings import Findings
from vton_hf.report.validation.measures import Flags

_FEWEST: Final = 5
"""Triplets that one person or garment must have to be in too many."""

_ENOUGH: Final = 20
"""Triplets of a prefix from which on it is compared with the others."""

_COMPARED: Final = {
    "brightness": 0.02,
    "contrast": 0.02,
    "saturation": 0.02,
    "sharpness": 0.02,
    "width": 16.0,
    "height": 16.0,
}
"""What is compared, and the least spread that counts: prefixes of equal images are not to differ by a rounding."""


def check_entities(findings: Findings, entities: Mapping[str, Sequence[str]]) -> None:
    """Find persons and garments that are in far more triplets than others; one finding for each."""
    for kind, names in entities.items():
        values = np.asarray(names, dtype=object)
        known = np.flatnonzero(values != "")
        if not len(known):
            continue
        distinct, first, counts = np.unique(values[known].astype(str), return_index=True, return_counts=True)
        limit = findings.thresholds["over-represented"]
        times = counts / np.median(counts)
        for index in np.flatnonzero((times > limit) & (counts >= _FEWEST)):
            text = f"{kind} {distinct[index]} is in {counts[index]:,} triplets, {times[index]:.0f} times the median"
            findings.add("over-represented", known[first[[index]]], None, times[[index]], text)


def check_drift(findings: Findings, prefixes: Sequence[str]) -> None:
    """Find prefixes whose images are brighter, larger or otherwise unlike those of the others; one finding for each."""
    garments = findings.measures.rows[ROLES[1]]  # the one image that every row has
    below = {prefix: pc.starts_with(garments, prefix).to_numpy() for prefix in prefixes}
    below = {prefix: rows for prefix, rows in below.items() if rows.sum() >= _ENOUGH}
    for prefix, inside in below.items():
        others = [rows for other, rows in below.items() if other != prefix]
        outside = np.logical_or.reduce(others) if others else ~inside & inside
        for role in ROLES:
            for column in _COMPARED:
                _compare(findings, prefix, (role, column), inside, outside)


def _compare(findings: Findings, prefix: str, what: tuple[str, str], inside: Flags, outside: Flags) -> None:
    """The medians of one column of one role, apart by how many times half of the images spread."""
    role, column = what
    values = findings.measures.image(role, column)
    here, there = values[inside & ~np.isnan(values)], values[outside & ~np.isnan(values)]
    if min(len(here), len(there)) < _ENOUGH:
        return
    spreads = [float(np.subtract(*np.quantile(part, [0.75, 0.25]))) for part in (here, there)]
    medians = [float(np.median(part)) for part in (here, there)]
    apart = abs(medians[0] - medians[1]) / max(*spreads, _COMPARED[column])
    if apart > findings.thresholds["drift"]:
        text = f"{role}: its {column} is {medians[0]:.3g} in the middle, that of the other prefixes {medians[1]:.3g}"
        findings.extend(
            check=["drift"],
            severity=[CHECKS["drift"].severity],
            key=[""],
            uri=[prefix],
            value=[apart],
            threshold=[findings.thresholds["drift"]],
            message=[f"{text}. {CHECKS['drift'].advice}"],
        )
