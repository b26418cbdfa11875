"""Tables and pictures for people."""

from vton_hf.report.contact_sheet import contact_sheet
from vton_hf.report.examples import pick_examples

__all__ = [
    "contact_sheet",
    "pick_examples",
]
