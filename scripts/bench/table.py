"""The results as text, for a terminal and for a README. Nothing here needs more than Python."""

from collections.abc import Iterable
from typing import Any

HEAD = ("", "rate", "against the reference", "start included", "")
DIGITS = 3


def as_markdown(results: dict[str, Any]) -> str:
    """One table, a group for each row of the benchmark."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---|--:|--:|--:|---|"]
    for row in results["rows"]:
        lines.append(f"| **{row['title']}**, {row['unit']} | | | | |")
        lines += ["| " + " | ".join(_cells(entry, row, bold="**")) + " |" for entry in row["entries"]]
    return "\n".join([*lines, "", *footer(results), ""])


def as_text(results: dict[str, Any]) -> str:
    """The same in columns."""
    parts = []
    for row in results["rows"]:
        rows = [(f"{row['title']} [{row['unit']}]", *HEAD[1:]), *(_cells(entry, row) for entry in row["entries"])]
        widths = [max(len(cells[place]) for cells in rows) for place in range(4)]
        for cells in rows:
            columns = [cells[0].ljust(widths[0]), *(cells[place].rjust(widths[place]) for place in (1, 2, 3)), cells[4]]
            parts.append("  ".join(columns).rstrip())
        parts.append("")
    return "\n".join([*parts, *footer(results)])


def number(value: float | None) -> str:
    """Three digits that count, thousands apart: 0.0412, 3.14, 385,000."""
    if value is None:
        return ""
    if abs(value) >= 10**DIGITS:
        digits = len(str(int(abs(value)))) - DIGITS
        return f"{int(round(value, -digits)):,}"
    return f"{value:.{DIGITS}g}"


def footer(results: dict[str, Any]) -> list[str]:
    """How it was measured, and on what."""
    machine = results.get("machine", {})
    versions = ", ".join(f"{name} {machine[name]}" for name in machine if name not in {"cores", "processor", "load"})
    rounds = results["rounds"]
    turns = f"medians of {rounds} rounds" if rounds > 1 else "one round"
    latency = f"{results['latency'] * 1000:.0f} ms"
    lines = [
        f"{results.get('triplets', 0)} triplets of 768x1024 PNG, 2 workers, batches of 8, images to float32 512x512.",
        f"S3 stand-in with {latency} to a first byte; {turns}, each figure from a process of its own.",
        "Epochs: rates are of whole epochs after the first; `start included` is the first, with making the dataset.",
        "Without `own transform` everybody runs torchvision's Resize, ToTensor and Normalize on PIL images.",
        f"{machine.get('cores')} cores of {machine.get('processor')}; {versions}.",
    ]
    if machine.get("load", 0) > 0.5:  # noqa: PLR2004 - half a core
        lines.append(f"The machine was busy before the run began: load {machine['load']}. Trust ratios, not rates.")
    return lines


def _cells(entry: dict[str, Any], row: dict[str, Any], bold: str = "") -> tuple[str, ...]:
    mark = bold if entry["ours"] else ""
    name = f"{mark}{entry['name']}{mark}"
    if "rate" not in entry:
        return name, "", "", "", entry["why_not"]
    ratio = entry.get("ratio")
    reference = entry["name"] == (entry.get("against") or row["reference"])
    compared = "" if ratio is None else "1" if reference else f"{number(ratio)}x"
    return name, number(entry["rate"]), compared, number(entry.get("whole")), "; ".join(_remarks(entry))


def _remarks(entry: dict[str, Any]) -> Iterable[str]:
    if entry.get("note"):
        yield entry["note"]
    if entry.get("ratio") and entry.get("against") not in {None, "", entry["name"]}:
        yield f"waits {max(0.0, 1 / entry['ratio'] - 1):.1%} longer"
    if entry.get("peak_mb"):
        yield f"peak {number(entry['peak_mb'])} MB"
    if "grown_mb" in entry:
        yield f"{entry['grown_mb']:+.0f} MB in the second half"
    if entry.get("convert_seconds"):
        yield f"after {number(entry['convert_seconds'])} s of conversion"
