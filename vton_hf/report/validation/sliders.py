"""What each check would find at other thresholds than its own."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.report.validation.catalogue import ALL, CHECKS, MOST_BITS, NOTE, STRUCTURE
from vton_hf.report.validation.duplicates import check_duplicates
from vton_hf.report.validation.files import check_files
from vton_hf.report.validation.findings import ONSET, Findings
from vton_hf.report.validation.measures import Measures
from vton_hf.report.validation.pairs import check_pairs
from vton_hf.report.validation.pictures import check_pictures, check_sizes
from vton_hf.report.validation.run import Scope, garments_of

_STEPS: Final = 20
"""Thresholds on each side of the one that was asked for."""

_WIDER: Final = 2.0
"""How much further than its threshold a check is looked at."""

_SINGLE: Final = {
    "trailing-data": check_files,
    "hidden-colour": check_files,
    "odd-size": check_sizes,
    "size-mismatch": check_sizes,
    **dict.fromkeys(("dark", "light", "blurred", "flat", "grayscale", "letterbox"), check_pictures),
}
"""Checks of single images, and what runs each."""

_GROUPS: Final = ("exact-duplicate", "one-garment-many-names", "one-name-many-garments")
"""Checks without a threshold whose findings belong together in groups."""

_INCLUSIVE: Final = {"near-duplicate", "odd-size"}
_OF_MANY: Final = {"near-duplicate", "over-represented", "drift"}


@dataclass(frozen=True)
class Slider:
    """What a check finds at several thresholds.

    Attributes:
        check: Which.
        thresholds: In ascending order; the one that was asked for is among them. Empty where a check has none.
        counts: Triplets with an error or a warning of the check at each; with a note, where it gives nothing worse.
        candidates: Findings at the widest threshold, with `onset`, the threshold up to which each is one. Those of
            images that are alike follow on each other.
    """

    check: str
    thresholds: tuple[float, ...]
    counts: tuple[int, ...]
    candidates: pa.Table

    @property
    def below(self) -> bool:
        """Whether values below a threshold are found, not those above it."""
        return CHECKS[self.check].below

    @property
    def inclusive(self) -> bool:
        """Whether what lies just at a threshold is found, too."""
        return self.check in _INCLUSIVE


def sliders(measures: Measures, scope: Scope) -> dict[str, Slider]:
    """Run each check that has a threshold once more, wider than asked.

    A finding at a threshold is what the check finds with that threshold and all others as they are. Of near duplicates
    alone a triplet is found from the least threshold on at which it is, also where groups fall apart above it.

    Args:
        measures: The triplets, and what was measured of them.
        scope: What was looked for.

    Returns:
        By check; checks that find nothing at any of the thresholds are absent.
    """
    explained = check_pictures(Findings(measures, dict(scope.thresholds)))
    made = {}
    for name, check in CHECKS.items():
        if check.threshold is None or name in _OF_MANY or not _may_run(check.level, scope.level):
            continue
        threshold = scope.thresholds[name]
        wide = threshold * _WIDER if check.below else threshold / _WIDER
        findings = Findings(measures, {**scope.thresholds, name: wide})
        if name in _SINGLE:
            _SINGLE[name](findings)
        else:
            check_pairs(findings, explained)
        made[name] = _slider(name, threshold, wide, findings.of(name))
    if scope.level == ALL and not scope.alone:
        made |= _duplicates(measures, scope)
    return {name: slider for name, slider in made.items() if slider.candidates.num_rows}


def _may_run(needed: str, level: str) -> bool:
    return needed == STRUCTURE or level in {needed, ALL}


def _slider(name: str, threshold: float, wide: float, candidates: pa.Table) -> Slider:
    onsets = candidates[ONSET].drop_null().to_numpy()
    highest = max(threshold * _WIDER, float(onsets.max(initial=threshold)))
    ends = (0.0, wide) if CHECKS[name].below else (wide, highest)
    thresholds = np.unique([*np.linspace(ends[0], threshold, _STEPS + 1), *np.linspace(threshold, ends[1], _STEPS + 1)])
    return _counted(name, thresholds, candidates)


def _duplicates(measures: Measures, scope: Scope) -> dict[str, Slider]:
    """Copies of an image side by side; near ones at each number of bits, but for a crowd of which not all are known."""
    names, identified = garments_of(measures, scope)
    found, known = [], pa.array([], pa.string())
    for bits in range(MOST_BITS + 1):
        findings = Findings(measures, {**scope.thresholds, "near-duplicate": bits})
        complete = check_duplicates(findings, names, identified=identified)
        groups = {name: Slider(name, (), (), findings.of(name)) for name in _GROUPS}
        if not complete:
            return groups
        table = findings.of("near-duplicate")
        marks = pc.binary_join_element_wise(*(table[name] for name in ("key", "uri", "severity")), " ").combine_chunks()
        new = pc.invert(pc.is_in(marks, known))
        known = pa.concat_arrays([known, marks.filter(new)])
        part = table.filter(new)
        found.append(part.set_column(part.num_columns - 1, ONSET, pa.array([float(bits)] * len(part), pa.float64())))
    near = _counted("near-duplicate", np.arange(MOST_BITS + 1.0), pa.concat_tables(found))
    return groups | {"near-duplicate": near}


def _counted(name: str, thresholds: NDArray[np.float64], candidates: pa.Table) -> Slider:
    below, severity = CHECKS[name].below, CHECKS[name].severity
    bad = candidates if severity == NOTE else candidates.filter(pc.not_equal(candidates["severity"], NOTE))
    # With the sign turned, what is found at a threshold has an onset of at most that.
    sign = 1.0 if below else -1.0
    onsets = pc.fill_null(pc.multiply(bad[ONSET], sign), float("-inf"))
    least = (
        pa.table({"key": bad["key"], "onset": onsets}).group_by("key", use_threads=False).aggregate([("onset", "min")])
    )
    ordered = np.sort(least["onset_min"].to_numpy())
    counts = np.searchsorted(ordered, sign * thresholds, side="right" if name in _INCLUSIVE else "left")
    return Slider(name, tuple(thresholds.tolist()), tuple(counts.tolist()), candidates)
