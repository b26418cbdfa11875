"""Tables and pictures for people."""

from vton_hf.report.contact_sheet import contact_sheet
from vton_hf.report.examples import representative
from vton_hf.report.tables import amount

__all__ = [
    "amount",
    "contact_sheet",
    "representative",
]
