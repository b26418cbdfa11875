"""Counts as text: what a bucket holds, what a mix asks for and gets, what was left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import pyarrow.compute as pc

from vton_hf.mixing import Plan, quotas
from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES
from vton_hf.triplets import Audit, Manifest

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def amount(size: float) -> str:
    """Bytes as people read them, in powers of 1000.

    >>> amount(1_234_567)
    '1.2 MB'
    """
    for unit in _UNITS:
        if round(size, 1) < 1000 or unit == _UNITS[-1]:  # noqa: PLR2004 - the step between units
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns in line, all but the first to the right.

    >>> print(table(["pool", "rows"], [["easy", 1200], ["hard", 7]]))
    pool   rows
    easy  1,200
    hard      7
    """
    body = [list(row) for row in rows]
    texts = [list(header)] + [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in body]
    widths = [max(len(line[column]) for line in texts) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in texts
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def bucket_counts(manifest: Manifest) -> dict[str, dict[str, int]]:
    """Triplets by difficulty and gender; the gender is empty where keys do not say it."""
    seen = manifest.table.group_by(["difficulty", "gender"], use_threads=False).aggregate([([], "count_all")])
    counts: dict[str, dict[str, int]] = {name: {} for name in DIFFICULTIES}
    for row in seen.sort_by("gender").to_pylist():
        counts[row["difficulty"]][row["gender"]] = row["count_all"]
    return counts


def bucket_table(manifest: Manifest) -> str:
    """Triplets and bytes by difficulty, with a column for each gender."""
    counts = bucket_counts(manifest)
    genders = [*GENDERS, *(("",) if any("" in row for row in counts.values()) else ())]
    rows = []
    for name in DIFFICULTIES:
        part = manifest.of_difficulties([name])
        rows.append([name, *(counts[name].get(gender, 0) for gender in genders), len(part), amount(part.bytes())])
    totals = [sum(row[column] for row in rows) for column in range(1, len(genders) + 2)]  # type: ignore[misc]
    header = ["difficulty", *(gender or "not said" for gender in genders), "triplets", "size"]
    return table(header, [*rows, ["all", *totals, amount(manifest.bytes())]])


def plan_table(plan: Plan) -> str:
    """What a mix asks of each pool, what it gets, how often it repeats, how much of the pool it shows."""
    rows = [
        [
            share.difficulty,
            _percent(share.weight),
            share.available,
            share.asked,
            share.got,
            share.repeats,
            _percent(share.coverage),
        ]
        for share in plan.composition()
    ]
    return table(["difficulty", "weight", "available", "asked", "got", "repeats", "coverage"], rows)


def plan_facts(plan: Plan) -> dict[str, Any]:
    """What `vton-hf plan --json` prints of the mix."""
    return {"rows": len(plan), "difficulties": [asdict(share) for share in plan.composition()]}


def mix_table(rows: Mapping[str, Any], weights: Mapping[str, float]) -> str:
    """What a mix asked for and what its rows hold.

    Args:
        rows: Columns `difficulty`, `gender` and `key` of a dataset.
        weights: The recipe, for all difficulties.
    """
    difficulties, genders, keys = (list(rows[name]) for name in ("difficulty", "gender", "key"))
    asked = quotas(weights, len(difficulties))
    lines = []
    for name in DIFFICULTIES:
        places = [index for index, difficulty in enumerate(difficulties) if difficulty == name]
        by_gender = [sum(genders[index] == gender for index in places) for gender in GENDERS]
        distinct = len({keys[index] for index in places})
        lines.append([name, _percent(weights[name]), asked[name], len(places), *by_gender, len(places) - distinct])
    return table(["difficulty", "weight", "asked", "got", *GENDERS, "repeats"], lines)


def audit_table(audit: Audit) -> str:
    """Keys left out, by reason."""
    rows = [[reason, count] for reason, count in audit.counts().items()]
    return table(["left out", "keys"], rows) if rows else "Nothing was left out."


def scan_facts(manifest: Manifest, audit: Audit) -> dict[str, Any]:
    """What `vton-hf scan --json` prints."""
    return {
        "triplets": len(manifest),
        "bytes": manifest.bytes(),
        "difficulties": {
            name: {
                "triplets": sum(counts.values()),
                "genders": counts,
                "bytes": manifest.of_difficulties([name]).bytes(),
            }
            for name, counts in bucket_counts(manifest).items()
        },
        "garments": int(pc.count_distinct(manifest.table["garment"]).as_py()),
        "images": len(ROLES) * len(manifest),
        "left_out": audit.counts(),
    }
