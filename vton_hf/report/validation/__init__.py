"""What is wrong with triplets: checks of what was measured, and their findings."""

from vton_hf.report.validation.catalogue import CHECKS, NOTE, SEVERITIES, thresholds_of
from vton_hf.report.validation.links import picture_links
from vton_hf.report.validation.measures import Measures
from vton_hf.report.validation.result import Evidence, Validation
from vton_hf.report.validation.run import Scope, find
from vton_hf.report.validation.sliders import Slider
from vton_hf.report.validation.text import findings_table, validation_table

__all__ = [
    "CHECKS",
    "NOTE",
    "SEVERITIES",
    "Evidence",
    "Measures",
    "Scope",
    "Slider",
    "Validation",
    "find",
    "findings_table",
    "picture_links",
    "thresholds_of",
    "validation_table",
]
