"""Tables and pictures for people, and what is wrong with triplets."""

from vton_hf.report.contact_sheet import contact_sheet
from vton_hf.report.examples import pick_examples
from vton_hf.report.validation import (
    CHECKS,
    SEVERITIES,
    Asked,
    Measures,
    Validation,
    find,
    findings_table,
    thresholds_of,
    validation_table,
)

__all__ = [
    "CHECKS",
    "SEVERITIES",
    "Asked",
    "Measures",
    "Validation",
    "contact_sheet",
    "find",
    "findings_table",
    "pick_examples",
    "thresholds_of",
    "validation_table",
]
