"""Exports mixes as Parquet or WebDataset files: to a folder, below a prefix of a bucket, or to the Hub."""

from vton_hf.exports.columns import PRESETS
from vton_hf.exports.dispatch import deliver
from vton_hf.exports.folder import export
from vton_hf.exports.hub import push_to_hub
from vton_hf.exports.result import Delivery, SplitStats
from vton_hf.exports.spec import FORMATS, ExportSpec, parse_export
from vton_hf.exports.target import CARD, CommitPlan, Target

__all__ = [
    "CARD",
    "FORMATS",
    "PRESETS",
    "CommitPlan",
    "Delivery",
    "ExportSpec",
    "SplitStats",
    "Target",
    "deliver",
    "export",
    "parse_export",
    "push_to_hub",
]
