"""Checks of single pictures, against the others of their role: a garment on white is not too light."""

from typing import Final, NamedTuple

import numpy as np

from vton_hf.naming import ROLES
from vton_hf.report.validation.catalogue import NOTE
from vton_hf.report.validation.findings import Findings
from vton_hf.report.validation.measures import Flags, Numbers, Rows

_GARMENT: Final = ROLES[1]
_DARKER: Final = {ROLES[0]: 1, ROLES[2]: -1}
"""The sign of a cast from person to target where that picture is the darker one."""

_APART: Final = 0.1
"""Of full scale: a cast that shows that one of the two was darkened."""

_ENOUGH: Final = 20
"""Images of a role from which on its darkest are looked for."""

_FEWEST: Final = 8
"""Images of a role from which on its sizes are compared."""


class Explained(NamedTuple):
    """Triplets of which a single picture explains what a comparison would find.

    Attributes:
        blank: An image shows too little to be compared with others.
        grey: Person or target has no colour.
        barred: Person or target has bars.
    """

    blank: Flags
    grey: Flags
    barred: Flags


def check_pictures(findings: Findings) -> Explained:
    """Look at tones, colours, sharpness and bars."""
    explained = Explained(*(np.zeros(len(findings.measures), bool) for _ in Explained._fields))
    for role in ROLES:
        extreme = _tones(findings, role)
        grey, barred = _details(findings, role, extreme), _bars(findings, role)
        explained.blank[extreme] = True
        if role != _GARMENT:
            explained.grey[grey] = True
            explained.barred[barred] = True
    return explained


def _median(values: Numbers) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _below(findings: Findings, check: str, values: Numbers, share: float) -> tuple[Flags, float]:
    """What lies below the check's threshold, and below a share of what is usual in its role."""
    usual = _median(values)
    limit = findings.thresholds[check] if np.isnan(usual) else min(findings.thresholds[check], usual * share)
    return values < limit, limit


def _tones(findings: Findings, role: str) -> Flags:
    """Too dark, too light or of one colour."""
    measures = findings.measures
    contrast = measures.image(role, "contrast")
    flat, least = _below(findings, "flat", contrast, 0.25)
    findings.add(
        "flat",
        np.flatnonzero(flat),
        role,
        contrast[flat],
        lambda value: f"its contrast is {value:.3f}",
        threshold=least,
    )
    dark = _dark(findings, role)
    # Of a garment all but its last percent: it lies on white, and may be white itself.
    low = measures.image(role, "q01" if role == _GARMENT else "q05")
    usual = _median(low)
    highest = findings.thresholds["light"] if np.isnan(usual) else max(findings.thresholds["light"], (1 + usual) / 2)
    light = low > highest
    findings.add(
        "light",
        np.flatnonzero(light),
        role,
        low[light],
        lambda value: f"nearly all of it is lighter than {value:.0%} of white",
        threshold=highest,
    )
    return dark | light | flat


def _dark(findings: Findings, role: str) -> Flags:
    """Find dark pictures; gives those that show too little to be compared."""
    measures = findings.measures
    bright = measures.image(role, "q99")
    dark, lowest = _below(findings, "dark", bright, 0.5)
    known = bright[~np.isnan(bright)]
    # Twice the threshold is dark in a role in which 19 of 20 are four times as bright, as garments on white are.
    usual = float(np.quantile(known, 0.05)) / 4 if len(known) >= _ENOUGH else 0.0
    limit = lowest * min(2.0, max(1.0, usual / lowest)) if lowest else 0.0
    # A scene at night is dark on both pictures; of one that is dark alone twice the brightness is too little.
    alone = _DARKER.get(role, 0) * measures.triplet("cast_green") > _APART
    alone &= (bright < 2 * lowest) & (measures.triplet("similarity_shifted") > findings.thresholds["wrong-pair"])
    rows = np.flatnonzero((bright < limit) | alone)
    texts = [f"99% of it is darker than {value:.0%} of white" for value in bright[rows]]
    # From where on it is found follows from the limit above: twice the threshold reaches what is below the usual.
    onset = np.where(alone | (bright < usual), bright / 2, bright)[rows]
    findings.add("dark", rows, role, bright[rows], texts, threshold=limit, onset=onset)
    return dark


def _details(findings: Findings, role: str, extreme: Flags) -> Flags:
    """Blurred, or without colour; gives those without."""
    measures = findings.measures
    sharp, chroma = measures.image(role, "sharpness"), measures.image(role, "chroma")
    blurred, least = _below(findings, "blurred", sharp, 0.6)
    blurred &= ~extreme
    findings.add(
        "blurred",
        np.flatnonzero(blurred),
        role,
        sharp[blurred],
        lambda value: f"its sharpness is {value:.3f}",
        threshold=least,
    )
    grey, lowest = _below(findings, "grayscale", chroma, 0.25)
    grey &= ~extreme
    severity = NOTE if role == _GARMENT else None  # a black shirt on white has no colour
    findings.add(
        "grayscale", np.flatnonzero(grey), role, chroma[grey], "it has no colour", severity=severity, threshold=lowest
    )
    return grey


def _bars(findings: Findings, role: str) -> Rows:
    measures = findings.measures
    sides = ("top", "bottom", "left", "right")
    bars = np.stack([measures.image(role, f"bar_{side}") for side in sides])
    widest = np.where(np.isnan(bars), 0.0, bars).max(axis=0)
    found = np.flatnonzero(widest > findings.thresholds["letterbox"])
    side = np.nan_to_num(bars[:, found]).argmax(axis=0)
    texts = [f"a bar at its {sides[index]} takes {widest[row]:.0%}" for row, index in zip(found, side, strict=True)]
    findings.add("letterbox", found, role, widest[found], texts)
    return found


def check_sizes(findings: Findings) -> None:
    """Look at sizes: against those of the role, and of a target against its person's."""
    for role in ROLES:
        _odd(findings, role)
    measures = findings.measures
    itself = measures.object_itself(ROLES[0]) & measures.object_itself(ROLES[2])
    wide, tall = (measures.image(ROLES[0], edge) for edge in ("width", "height"))
    target_wide, target_tall = (measures.image(ROLES[2], edge) for edge in ("width", "height"))
    differs = itself & ~np.isnan(wide + target_wide) & ((wide != target_wide) | (tall != target_tall))
    shape = np.abs(target_wide * tall / (target_tall * wide) - 1)
    for bad, severity in (
        (shape > findings.thresholds["size-mismatch"], None),
        (shape <= findings.thresholds["size-mismatch"], NOTE),
    ):
        rows = np.flatnonzero(differs & bad)
        texts = [
            f"it has {target_wide[row]:.0f} x {target_tall[row]:.0f} pixels, "
            f"its person {wide[row]:.0f} x {tall[row]:.0f}"
            for row in rows
        ]
        findings.add("size-mismatch", rows, ROLES[2], shape[rows], texts, severity=severity)


def _odd(findings: Findings, role: str) -> None:
    """Sizes and shapes far from those that 9 in 10 images of the role have."""
    measures = findings.measures
    wide, tall = (measures.image(role, edge) for edge in ("width", "height"))
    known = measures.object_itself(role) & ~np.isnan(wide)
    if known.sum() < _FEWEST:
        return
    beyond = np.zeros(len(wide))
    for values, scale in ((np.sqrt(wide * tall), 1.0), (wide / tall, 1.5)):
        low, high = np.quantile(values[known], [0.05, 0.95])
        # A shape is as odd as a size when it is off by less.
        times = np.maximum(low / values, values / high) ** scale
        beyond = np.fmax(beyond, times)
    rows = np.flatnonzero(known & (beyond >= findings.thresholds["odd-size"]))
    texts = [f"it has {wide[row]:.0f} x {tall[row]:.0f} pixels" for row in rows]
    findings.add("odd-size", rows, role, beyond[rows], texts)
