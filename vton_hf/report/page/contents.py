"""What the page says, as one JSON that its script reads: columns, so that 20,000 triplets are some MB."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.digests import digest
from vton_hf._core.units import number
from vton_hf.errors import redacted
from vton_hf.mixing import Share
from vton_hf.naming import DIFFICULTIES, ROLES
from vton_hf.report.page.choice import Rows
from vton_hf.report.tables import bucket_counts
from vton_hf.report.validation import CHECKS, SEVERITIES, Evidence, Slider, Validation
from vton_hf.triplets import REASONS, lost_triplets, mending

_OTHERS: Final = 1000
"""Findings about no triplet that are listed at most."""


@dataclass(frozen=True)
class Mix:
    """What an epoch holds.

    Attributes:
        config: Whose.
        shares: What each difficulty contributes.
        error: Why there is none; empty if there is.
    """

    config: str
    shares: Sequence[Share] = ()
    error: str = ""


def contents(found: Validation, shown: Rows, mix: Mix | None) -> dict[str, Any]:
    """All but the pictures.

    Args:
        found: What was found.
        shown: Numbers of the rows that are on the page.
        mix: What an epoch holds; None where none was asked for.
    """
    evidence = found.evidence
    texts = _Texts()
    table = evidence.measures.rows.take(pa.array(shown))
    findings = _findings(found, table["key"].combine_chunks(), texts)
    return {
        **_heading(found, len(shown)),
        "mix": None if mix is None else _mix(mix),
        "difficulties": list(DIFFICULTIES),
        **_rows(evidence, table, shown),
        "checks": _checks(found, table["key"].combine_chunks(), texts),
        "findings": findings,
        **_others(found),
        "not_checked": dict(found.not_checked),
        "severities": _triplets_by_severity(found),
        "mending": [redacted(text) for text in mending(found.evidence.audit)],
        "messages": texts.all,
    }


def _heading(found: Validation, shown: int) -> dict[str, Any]:
    manifest = found.evidence.manifest
    prefixes = [redacted(prefix).removeprefix("file://") for prefix in found.evidence.scope.prefixes]
    sample = ""
    if found.sampled:
        sample = f"A sample of {found.triplets:,} triplets was looked at, of {found.total:,} that there are. "
    if shown < found.triplets:
        sample += (
            f"The page shows {shown:,} of {found.triplets:,} triplets: the worst cases of each check, and a sample "
            f"that is always the same. Numbers of findings are of all."
        )
    return {
        "id": digest("\n".join(found.evidence.scope.prefixes)),
        "title": ", ".join(prefixes),
        "subtitle": f"{number(found.triplets, 'triplet')}, {number(found.images, 'image')} looked at",
        "sample": sample.strip(),
        "total": len(manifest),
        "looked_at": found.triplets,
        "shown": shown,
        "bytes": manifest.bytes(),
        "bucket": bucket_counts(manifest),
    }


def _mix(mix: Mix) -> dict[str, Any]:
    rows = sum(share.got for share in mix.shares)
    return {"config": mix.config, "rows": rows, "error": mix.error, "shares": [asdict(share) for share in mix.shares]}


def _rows(evidence: Evidence, table: pa.Table, shown: Rows) -> dict[str, Any]:
    """The triplets themselves; URIs without what they have in common."""
    uris = [table[role].to_pylist() for role in ROLES]
    there = [uri for of_role in uris for uri in of_role if uri is not None]
    base = os.path.commonprefix([min(there), max(there)]) if there else ""  # noqa: RUF071
    measures = evidence.measures
    edges = {
        edge: [np.nan_to_num(measures.image(role, edge)[shown]).astype(int).tolist() for role in ROLES]
        for edge in ("width", "height")
    }
    rows = {
        **{name: table[name].to_pylist() for name in ("key", "stem")},
        **{name: _coded(table[name].to_pylist()) for name in ("difficulty", "gender", "garment")},
        "uris": [[(uri or base)[len(base) :] for uri in of_role] for of_role in uris],
        "bytes": [pc.fill_null(table[f"{role}_size"], 0).to_pylist() for role in ROLES],
        **edges,
        "measured_on": _coded(measures.image_text(ROLES[2], "measured_on").take(pa.array(shown)).to_pylist()),
    }
    return {"base": redacted(base), "rows": rows}


def _coded(values: Iterable[str | None]) -> dict[str, Any]:
    names: dict[str, int] = {}
    codes = [names.setdefault(value or "", len(names)) for value in values]
    return {"names": list(names), "codes": codes}


class _Texts:
    """Texts of which many are the same, each once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def places(self, texts: Iterable[str]) -> list[int]:
        return [self._places.setdefault(redacted(text), len(self._places)) for text in texts]

    @property
    def all(self) -> list[str]:
        return list(self._places)


def _names(found: Validation) -> list[str]:
    """The checks that have something to show: those that found something first, the worst of them before all."""
    counts, sliders = found.counts(), found.evidence.sliders
    names = [name for name in CHECKS if name in counts or name in sliders]
    unreadable = [name for name in counts if name not in CHECKS and name not in REASONS]
    return sorted([*names, *unreadable], key=lambda name: (name not in counts, SEVERITIES.index(_severity(name))))


def _severity(name: str) -> str:
    return CHECKS[name].severity if name in CHECKS else SEVERITIES[0]


def _checks(found: Validation, keys: pa.Array, texts: _Texts) -> list[dict[str, Any]]:
    checks, sliders = [], found.evidence.sliders
    for name in _names(found):
        of_check = found.of(name)
        severities = of_check["severity"].to_pylist()
        counts = [severities.count(severity) for severity in SEVERITIES]
        check = CHECKS.get(name)
        checks.append(
            {
                "name": name,
                "severity": _severity(name),
                "finds": check.finds if check else "an image that cannot be read",
                "advice": check.advice if check else "Write it again, or leave it out.",
                "unit": check.unit if check else "",
                "threshold": found.evidence.scope.thresholds.get(name),
                "counts": counts,
                "total": sum(counts),
                "triplets": len(set(of_check["key"].to_pylist()) - {""}),
                "below": bool(check and check.below),
                "slider": _slider(sliders[name], keys, texts) if name in sliders else None,
            }
        )
    return checks


def _slider(slider: Slider, keys: pa.Array, texts: _Texts) -> dict[str, Any]:
    rows = pc.index_in(slider.candidates["key"], keys)
    there = slider.candidates.filter(pc.is_valid(rows))
    return {
        "thresholds": [_short(value) for value in slider.thresholds],
        "counts": slider.counts,
        "inclusive": slider.inclusive,
        "candidates": {
            "row": rows.drop_null().to_pylist(),
            "onset": [None if value is None else _short(value) for value in there["onset"].to_pylist()],
            "severity": [SEVERITIES.index(each) for each in there["severity"].to_pylist()],
            "message": texts.places(there["message"].to_pylist()),
        },
    }


def _findings(found: Validation, keys: pa.Array, texts: _Texts) -> dict[str, list[Any]]:
    """Findings of the triplets on the page; rows and texts as numbers."""
    rows = pc.index_in(found.findings["key"], keys)
    there = found.findings.filter(pc.is_valid(rows))
    places = {name: place for place, name in enumerate(_names(found))}
    return {
        "row": rows.drop_null().to_pylist(),
        "check": [places[name] for name in there["check"].to_pylist()],
        "severity": [SEVERITIES.index(each) for each in there["severity"].to_pylist()],
        "value": [None if value is None else _short(value) for value in there["value"].to_pylist()],
        "message": texts.places(there["message"].to_pylist()),
    }


def _triplets_by_severity(found: Validation) -> dict[str, int]:
    """Triplets by the worst that was found of them."""
    left = found.findings.filter(pc.not_equal(found.findings["key"], ""))
    seen, counts = pa.array([], pa.string()), {}
    for severity in SEVERITIES:
        keys = pc.unique(left["key"].filter(pc.equal(left["severity"], severity)))
        counts[severity] = pc.sum(pc.invert(pc.is_in(keys, seen))).as_py() or 0
        seen = pa.concat_arrays([seen, keys])
    return counts


def _others(found: Validation) -> dict[str, Any]:
    """What concerns no triplet: keys that the listing left out, prefixes that differ."""
    rest = found.findings.filter(pc.equal(found.findings["key"], ""))
    reasons, lost = rest["check"].to_pylist(), lost_triplets(found.evidence.audit)
    left_out = [
        {"reason": reason, "count": reasons.count(reason), "triplets": lost.get(reason, 0), "means": means}
        for reason, means in REASONS.items()
        if reason in reasons
    ]
    shown = rest.slice(0, _OTHERS).select(["check", "severity", "uri", "message"]).to_pylist()
    shown = [{name: redacted(text) for name, text in row.items()} for row in shown]
    return {"others": shown, "others_total": rest.num_rows, "left_out": left_out}


def _short(value: float) -> float:
    """Nine digits tell any two float32 apart."""
    return float(f"{value:.9g}")
