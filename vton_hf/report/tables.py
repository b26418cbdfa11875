"""Counts as text: what a bucket holds, what a mix asks for and gets, what was left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.units import amount
from vton_hf.mixing import Plan, quotas
from vton_hf.naming import DIFFICULTIES, DIFFICULTY, GENDERS, ROLES
from vton_hf.triplets import Audit, Manifest, lost_triplets, mending


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns in line, all but the first to the right.

    >>> print(table(["pool", "rows"], [["easy", 1200], ["hard", 7]]))
    pool   rows
    easy  1,200
    hard      7
    """
    texts = _texts(header, rows)
    widths = [max(len(line[column]) for line in texts) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in texts
    )


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same as a table in Markdown.

    >>> print(markdown(["pool", "rows"], [["easy", 1200], ["hard", 7]]))
    | pool | rows |
    |---|---:|
    | easy | 1,200 |
    | hard | 7 |
    """
    first, *lines = (f"| {' | '.join(line)} |" for line in _texts(header, rows))
    return "\n".join([first, f"|---|{'---:|' * (len(header) - 1)}", *lines])


def _texts(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[list[str]]:
    body = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    return [list(header), *body]


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def bucket_counts(manifest: Manifest) -> dict[str, dict[str, int]]:
    """Triplets by difficulty and gender; the gender is empty where keys do not say it."""
    groups = manifest.table.group_by(["difficulty", "gender"], use_threads=False).aggregate([([], "count_all")])
    counts: dict[str, dict[str, int]] = {name: {} for name in DIFFICULTIES}
    for row in groups.sort_by("gender").to_pylist():
        counts[row["difficulty"]][row["gender"]] = row["count_all"]
    return counts


def bucket_table(manifest: Manifest) -> str:
    """Triplets and bytes by difficulty, with a column for each gender."""
    counts = bucket_counts(manifest)
    genders = [*GENDERS, *(("",) if any("" in row for row in counts.values()) else ())]
    rows = []
    for name in DIFFICULTIES:
        part = manifest.of_pools([name])
        rows.append([name, *(counts[name].get(gender, 0) for gender in genders), len(part), amount(part.bytes())])
    totals = [sum(row[column] for row in rows) for column in range(1, len(genders) + 2)]  # type: ignore[misc]
    header = ["difficulty", *(gender or "not said" for gender in genders), "triplets", "size"]
    return table(header, [*rows, ["all", *totals, amount(manifest.bytes())]])


def plan_table(plan: Plan, *, mix_by: str = DIFFICULTY) -> str:
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
    return table([mix_by, "weight", "available", "asked", "got", "repeats", "coverage"], rows)


def plan_facts(plan: Plan) -> dict[str, Any]:
    """What `vton-hf plan --json` prints of the mix."""
    return {"rows": len(plan), "difficulties": [asdict(share) for share in plan.composition()]}


def mix_table(
    texts: Mapping[str, Any],
    weights: Mapping[str, float],
    available: Mapping[str, int] | None = None,
    mix_by: str = DIFFICULTY,
) -> str:
    """What a mix asked for and what its rows hold, by difficulty and in all.

    Args:
        texts: Columns `difficulty`, or `mix_by`, `gender` and `key` of a dataset: a `pa.Table`, or lists.
        weights: The recipe, for all difficulties, or the values of `mix_by`.
        available: Triplets by difficulty in the bucket, if known: then it is said how many of them the rows show.
        mix_by: The column that is mixed.
    """
    return table(*_mix(texts, weights, available, mix_by))


def composition(
    texts: Mapping[str, Any], weights: Mapping[str, float], available: Mapping[str, int], mix_by: str = DIFFICULTY
) -> str:
    """`mix_table` in Markdown, for the dataset's card."""
    return markdown(*_mix(texts, weights, available, mix_by))


def _mix(
    texts: Mapping[str, Any], weights: Mapping[str, float], available: Mapping[str, int] | None, mix_by: str
) -> tuple[list[str], list[list[object]]]:
    """The header and the lines of a mix's table; in Arrow, since a mix may have millions of rows."""
    pool, genders, keys = (strings(texts[name]) for name in (mix_by, "gender", "key"))
    wanted = quotas(weights, len(pool), mix_by)
    counts: dict[str, list[int]] = {}  # asked, got, of each gender and of none, distinct
    for name in wanted:
        mask = pc.equal(pool, name)
        known = genders.filter(mask)
        got = len(known)
        by_gender = [pc.sum(pc.equal(known, gender)).as_py() or 0 for gender in GENDERS]
        distinct = pc.count_distinct(keys.filter(mask)).as_py()
        counts[name] = [wanted[name], got, *by_gender, got - sum(by_gender), distinct]
    drawn = [name for name in wanted if weights[name] or counts[name][1]]
    counts["all"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    pools = {**(available or {}), "all": sum((available or {}).get(name, 0) for name in drawn)}
    unsaid = counts["all"][-2] > 0
    lines: list[list[object]] = []
    for name, (quota, got, *by_gender, distinct) in counts.items():
        line: list[object] = [name, _percent(weights.get(name, 1.0)), quota, got]
        line += [*(by_gender if unsaid else by_gender[:-1]), got - distinct]
        lines.append(line if available is None else [*line, _percent(distinct / pools[name] if pools.get(name) else 0)])
    gender_names = [*GENDERS, *(("not said",) if unsaid else ())]
    header = [mix_by, "weight", "asked", "got", *gender_names, "repeats"]
    return [*header, *(() if available is None else ("coverage",))], lines


def strings(values: Any) -> pa.Array:
    """A column as Arrow texts that may fill more than 2 GB; empty where nothing is said."""
    column = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(list(values), pa.string())
    whole = pc.fill_null(pa.chunked_array(column).cast(pa.large_string()), "")
    # A table may come in a chunk a row, and each kernel would run chunk by chunk.
    return whole.combine_chunks()


def columns_filled(manifest: Manifest) -> dict[str, int]:
    """Columns beside those of every triplet, and of how many triplets each says something."""
    columns = manifest.columns
    if columns is None:
        return {}
    return {name: len(manifest) - columns[name].null_count for name in columns.column_names}


def layouts_text(manifest: Manifest, audit: Audit) -> str:
    """Which layouts were seen and why, and which columns come of them; a line each."""
    texts = map(str, audit.seen)
    lines = [
        text if seen.prefixes else f"{text[0].upper()}{text[1:]}" for seen, text in zip(audit.seen, texts, strict=True)
    ]
    lines += audit.notes
    filled = columns_filled(manifest)
    if filled:
        total = len(manifest)
        parts = (name if count == total else f"{name} ({count:,} of {total:,})" for name, count in filled.items())
        lines.append(f"Columns: {', '.join(parts)}.")
    return "\n".join(lines)


def audit_table(audit: Audit) -> str:
    """Keys left out, by reason, and the triplets that are lost for it."""
    lost = lost_triplets(audit)
    rows = [[reason, count, lost.get(reason, "-")] for reason, count in audit.counts().items()]
    return table(["left out", "keys", "triplets"], rows) if rows else "Nothing was left out."


def scan_facts(manifest: Manifest, audit: Audit) -> dict[str, Any]:
    """What `vton-hf scan --json` prints."""
    return {
        "triplets": len(manifest),
        "bytes": manifest.bytes(),
        "difficulties": {
            name: {
                "triplets": sum(counts.values()),
                "genders": counts,
                "bytes": manifest.of_pools([name]).bytes(),
            }
            for name, counts in bucket_counts(manifest).items()
        },
        "garments": int(pc.count_distinct(manifest.table["garment"]).as_py()),
        "images": sum(len(manifest) - manifest.table[role].null_count for role in ROLES),
        "layouts": [
            {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(seen).items()}
            for seen in audit.seen
        ],
        "columns": columns_filled(manifest),
        "notes": list(audit.notes),
        "left_out": audit.counts(),
        "lost_triplets": lost_triplets(audit),
        "mending": mending(audit),
    }
