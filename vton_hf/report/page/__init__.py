"""A page of triplets, of what was found in them and of what they are mixed to, as one HTML file."""

from vton_hf.report.page.choice import SHOWN
from vton_hf.report.page.contents import Mix
from vton_hf.report.page.strips import LARGE, SMALL, strip
from vton_hf.report.page.write import effect_rows, write_page

__all__ = ["LARGE", "SHOWN", "SMALL", "Mix", "effect_rows", "strip", "write_page"]
