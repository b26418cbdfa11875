"""Pools on disk: cut into chunks that are built once, resumed, shared by all configs and pruned."""

from vton_hf.chunks.again import tell_again
from vton_hf.chunks.build import build_chunks, check_disk, free_bytes, missing
from vton_hf.chunks.cut import Chunk, cut
from vton_hf.chunks.files import DATA, LeftOut, Report, read_report
from vton_hf.chunks.prune import Entry, entries, remove

__all__ = [
    "DATA",
    "Chunk",
    "Entry",
    "LeftOut",
    "Report",
    "build_chunks",
    "check_disk",
    "cut",
    "entries",
    "free_bytes",
    "missing",
    "read_report",
    "remove",
    "tell_again",
]
