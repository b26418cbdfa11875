"""The card of a dataset: the README.md by which stock `datasets` finds its configs, and that people read."""

from vton_hf.exports.card.contents import Contents, Split
from vton_hf.exports.card.render import check, data_files, decoded, relicensed, render

__all__ = ["Contents", "Split", "check", "data_files", "decoded", "relicensed", "render"]
