"""Exports mixes as Parquet or WebDataset files: to a folder, below a prefix of a bucket, or to the Hub."""

from vton_hf.exports.columns import PRESETS
from vton_hf.exports.folder import export
from vton_hf.exports.hub import push_to_hub
from vton_hf.exports.page import preview
from vton_hf.exports.result import ExportResult

__all__ = ["PRESETS", "ExportResult", "export", "preview", "push_to_hub"]
