"""Tables and pictures for people, and what is wrong with triplets."""

from vton_hf.report.contact_sheet import THUMBNAIL_ASPECT, contact_sheet
from vton_hf.report.examples import pick_examples
from vton_hf.report.page import LARGE, SHOWN, Mix, effect_rows, strip, write_page
from vton_hf.report.splits import splits_table, splits_text
from vton_hf.report.validation import (
    CHECKS,
    SEVERITIES,
    Evidence,
    Measures,
    Scope,
    Validation,
    find,
    findings_table,
    picture_links,
    thresholds_of,
    validation_table,
)

__all__ = [
    "CHECKS",
    "LARGE",
    "SEVERITIES",
    "SHOWN",
    "THUMBNAIL_ASPECT",
    "Evidence",
    "Measures",
    "Mix",
    "Scope",
    "Validation",
    "contact_sheet",
    "effect_rows",
    "find",
    "findings_table",
    "pick_examples",
    "picture_links",
    "splits_table",
    "splits_text",
    "strip",
    "thresholds_of",
    "validation_table",
    "write_page",
]
