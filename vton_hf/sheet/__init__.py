"""A picture of triplets, for people, and the choice of those that it shows."""

from vton_hf.sheet.choice import representative
from vton_hf.sheet.drawing import contact_sheet

__all__ = ["contact_sheet", "representative"]
