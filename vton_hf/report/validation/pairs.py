"""Checks of a triplet as a whole: the worst explanation of what its images say of each other comes alone."""

from typing import Final

import numpy as np

from vton_hf.naming import ROLES
from vton_hf.report.validation.findings import Findings
from vton_hf.report.validation.measures import Flags, Numbers
from vton_hf.report.validation.pictures import Explained

_PERSON, _GARMENT, _TARGET = ROLES

_SHOWS: Final = 0.3
"""A correlation from which on a picture certainly shows another one, if it is the best of several."""

_CLEARLY: Final = 0.15
"""By how much a garment's image must fit another better than person and target fit each other."""

_OTHER_COLOUR: Final = 0.15
"""Of full scale: a frame that is shifted by more shows another ground."""

_BETTER: Final = 0.03
"""By how much a target that is shifted by a hundredth must fit better elsewhere: 0.15 for two of them."""

_MOVED: Final = 0.3
"""A correlation from which on a picture that was shifted is the same one."""

_GAIN: Final = 0.1
"""By how much a target must fit better elsewhere, or at another scale."""

_TOP: Final = 0.125
"""Of an image: its top, to which changes far from the clothes are compared."""

_OTHER_FRAME: Final = 0.12
"""The share of the frame that differs where two grounds are not the same."""

_IN_PLACE: Final = 0.5
"""A correlation from which on a picture lies where it should."""

_OF_CLOTHES: Final = 0.012
"""A change of less than that share of an image is too small to say what is worn."""

_ANY: Final = [float("nan")]
"""The onset of what is found whatever the threshold is."""


def check_pairs(findings: Findings, explained: Explained) -> None:
    """Compare persons, garments and targets, but for what single pictures explain."""
    left = ~np.isnan(findings.measures.triplet("similarity")) & ~explained.blank
    left &= ~_garment_shows_another(findings, left)
    left &= ~_swapped(findings, left)
    left &= ~_flipped(findings, left)
    moved = _moved(findings, left)
    left &= ~moved
    left &= ~_another_scene(findings, left)
    left &= ~_unchanged(findings, left)
    _worn(findings, left & ~explained.grey)
    _elsewhere(findings, left & ~explained.grey & ~explained.barred)
    _cast(findings, left & ~explained.grey)


def _garment_shows_another(findings: Findings, left: Flags) -> Flags:
    """The garment's image is that of the target or of the person."""
    measures, limit = findings.measures, findings.thresholds["garment-is-target"]
    target, person = measures.triplet("garment_target_change"), measures.triplet("garment_person_change")
    is_target = left & (target < limit) & (target <= person)
    is_person = left & (person < limit) & ~is_target
    for flags, values, name in ((is_target, target, "target"), (is_person, person, "person")):
        findings.add(
            "garment-is-target", np.flatnonzero(flags), _GARMENT, values[flags], f"the garment's image shows the {name}"
        )
    return is_target | is_person


def _swapped(findings: Findings, left: Flags) -> Flags:
    measures, limit = findings.measures, findings.thresholds["roles-swapped"]
    similar, with_target, with_person = (
        measures.triplet(name) for name in ("similarity_shifted", "garment_target", "garment_person")
    )
    differs = _other_ground(findings)
    person = left & differs & (with_target > limit) & (with_target > similar + _CLEARLY)
    target = left & differs & (with_person > limit) & (with_person > similar + _CLEARLY) & ~person
    worn, before, changed = (measures.triplet(name) for name in ("worn", "worn_before", "changed"))
    # The garment is in the person's image, and not in the target's.
    both = left & ~person & ~target & (changed > _OF_CLOTHES) & (worn < 0.3) & (before > 0.9) & (similar > _SHOWS)  # noqa: PLR2004
    for flags, values, onset, text in (
        (person, with_target, None, "the garment's image belongs to the target: person and garment are swapped"),
        (target, with_person, None, "the garment's image belongs to the person: target and garment are swapped"),
        (both, before - worn, _ANY, "the person wears the garment, and the target does not: the two are swapped"),
    ):
        rows = np.flatnonzero(flags)
        findings.add("roles-swapped", rows, _GARMENT, values[rows], text, onset=onset and onset * len(rows))
    return person | target  # of the third the garment is not worn, either


def _other_ground(findings: Findings) -> Flags:
    """Whether person and target lie on different grounds.

    On a plain one a large garment may hide all edges that they share, so that too little correlates.
    """
    measures = findings.measures
    shifts = [np.abs(measures.triplet(f"cast_{name}")) for name in ("red", "green", "blue")]
    changed = measures.triplet("changed_frame") > _OTHER_FRAME
    other: Flags = changed | (np.fmax.reduce(shifts) > _OTHER_COLOUR)
    return other


def _flipped(findings: Findings, left: Flags) -> Flags:
    measures, limit = findings.measures, findings.thresholds["flipped"]
    similar = measures.triplet("similarity_shifted")
    mirrored, turned = measures.triplet("mirrored") - similar, measures.triplet("turned") - similar
    best = np.fmax(mirrored, turned)
    flags = left & (best > limit) & (best + similar > _SHOWS)
    for which, text in ((flags & (mirrored >= turned), "mirrored"), (flags & (mirrored < turned), "upside down")):
        findings.add("flipped", np.flatnonzero(which), _TARGET, best[which], f"the target fits its person {text}")
    return flags


def _moved(findings: Findings, left: Flags) -> Flags:
    measures, limit = findings.measures, findings.thresholds["misregistered"]
    similar, scale = measures.triplet("similarity_shifted"), measures.triplet("scale")
    best, in_place = measures.triplet("similarity_scaled"), measures.triplet("similarity")
    off_place = left & (in_place < _IN_PLACE)
    scaled = off_place & (best > similar + _GAIN) & (best > _SHOWS)
    off = np.hypot(measures.triplet("shift_x"), measures.triplet("shift_y"))
    shifted = left & ~scaled & (off > limit) & (similar > _MOVED) & (similar > in_place + _BETTER)
    findings.add(
        "misregistered",
        np.flatnonzero(scaled),
        _TARGET,
        np.abs(1 - 1 / scale[scaled]),
        lambda value: f"the target is scaled by about {value:.0%}",
        onset=_ANY * int(scaled.sum()),
    )
    findings.add(
        "misregistered",
        np.flatnonzero(shifted),
        _TARGET,
        off[shifted],
        lambda value: f"the target is shifted by {value:.1%}",
    )
    return scaled | shifted


def _another_scene(findings: Findings, left: Flags) -> Flags:
    measures = findings.measures
    similar = measures.triplet("similarity_shifted")
    flags = left & (similar < findings.thresholds["wrong-pair"]) & _other_ground(findings)
    findings.add(
        "wrong-pair",
        np.flatnonzero(flags),
        _TARGET,
        similar[flags],
        lambda value: f"the target has nothing of its person (correlation {value:.2f})",
    )
    return flags


def _unchanged(findings: Findings, left: Flags) -> Flags:
    changed = findings.measures.triplet("changed")
    flags = left & (changed < findings.thresholds["nothing-changed"])
    findings.add(
        "nothing-changed", np.flatnonzero(flags), _TARGET, changed[flags], "the target shows the person unchanged"
    )
    return flags


def _worn(findings: Findings, left: Flags) -> None:
    measures = findings.measures
    worn, changed = measures.triplet("worn"), measures.triplet("changed")
    flags = left & (worn < findings.thresholds["garment-not-worn"]) & (changed > _OF_CLOTHES)
    findings.add(
        "garment-not-worn",
        np.flatnonzero(flags),
        _TARGET,
        worn[flags],
        lambda value: f"where the target changed it shows {value:.0%} of the garment's colours",
    )


def _elsewhere(findings: Findings, left: Flags) -> None:
    measures = findings.measures
    # Sleeves reach the sides of an image, clothes hardly its top.
    share: Numbers = np.fmax(measures.triplet("changed_top"), measures.triplet("changed_elsewhere") / _TOP)
    flags = left & (share > findings.thresholds["changed-elsewhere"])
    findings.add(
        "changed-elsewhere",
        np.flatnonzero(flags),
        _TARGET,
        share[flags],
        "the target also changed far from the clothes",
    )


def _cast(findings: Findings, left: Flags) -> None:
    measures = findings.measures
    shifts = np.stack([measures.triplet(f"cast_{name}") for name in ("red", "green", "blue")])
    most = np.abs(shifts).max(axis=0)
    flags = left & (most > findings.thresholds["colour-cast"]) & (measures.triplet("changed_frame") < 0.5)  # noqa: PLR2004
    rows = np.flatnonzero(flags)
    texts = [
        ", ".join(
            f"{name} {255 * shift:+.0f}" for name, shift in zip(("red", "green", "blue"), shifts[:, row], strict=True)
        )
        for row in rows
    ]
    findings.add(
        "colour-cast", rows, _TARGET, most[rows], [f"all of the target is shifted, of 255: {text}" for text in texts]
    )
