"""Findings as text for people."""

from typing import Any, Final

from vton_hf.report.tables import markdown, table
from vton_hf.report.validation.catalogue import CHECKS, SEVERITIES
from vton_hf.report.validation.result import Validation
from vton_hf.triplets import REASONS, lost_triplets

_SHOWN: Final = 3


def validation_table(validation: Validation, *, everything: bool = False) -> str:
    """Counts by check, the worst first, with examples; or every finding.

    Args:
        validation: What was found.
        everything: A line for each finding instead: check, severity, key, URI and message with tabs between.
    """
    if everything:
        rows = validation.findings.to_pylist()
        return "\n".join(
            "\t".join((row["check"], row["severity"], row["key"], row["uri"], row["message"])) for row in rows
        )
    if not validation.findings.num_rows:
        return "Nothing was found."
    return f"{_counts(validation)}\n\n{_examples(validation)}"


def findings_table(validation: Validation) -> str:
    """Counts by check as a table in Markdown."""
    if not validation.findings.num_rows:
        return f"Nothing, in {validation.triplets:,} triplets."
    return markdown(*_lines(validation))


def _counts(validation: Validation) -> str:
    return table(*_lines(validation))


def _lines(validation: Validation) -> tuple[list[str], list[list[Any]]]:
    lines: list[list[Any]] = []
    lost = lost_triplets(validation.evidence.audit)
    for check in validation.counts():
        part = validation.of(check)
        severities = part["severity"].to_pylist()
        of_each = [severities.count(severity) for severity in SEVERITIES]
        concerned = lost.get(check, "-") if check in REASONS else len(set(part["key"].to_pylist()) - {""})
        lines.append([check, *of_each, concerned])
    lines.sort(key=lambda line: [not count for count in line[1:-1]])
    return ["check", *(f"{severity}s" for severity in SEVERITIES), "triplets"], lines


def _examples(validation: Validation) -> str:
    """Of each check what it finds, and the first few."""
    paragraphs = []
    for check, count in validation.counts().items():
        finds = CHECKS[check].finds if check in CHECKS else REASONS[check]
        rows = validation.of(check).slice(0, _SHOWN).to_pylist()
        shown = [f"  {row['key'] or row['uri']}: {row['message']}" for row in rows]
        more = [f"  and {count - _SHOWN:,} more"] if count > _SHOWN else []
        paragraphs.append("\n".join([f"{check}: {finds}", *shown, *more]))
    return "\n\n".join(paragraphs)
