"""Pools on disk: cut into chunks that are built once, resumed, shared by all configs and pruned."""

from vton_hf.cache.chunks.again import tell_again
from vton_hf.cache.chunks.build import build_chunks, finished_names, missing, publish_rest
from vton_hf.cache.chunks.disk import explained
from vton_hf.cache.chunks.files import DATA, STATISTICS, UNLISTED, Report, SkippedTriplet, read_report
from vton_hf.cache.chunks.partition import Chunk, partition
from vton_hf.cache.chunks.prune import Entry, clear, entries, prune
from vton_hf.cache.chunks.run import How, refusal
from vton_hf.cache.chunks.shared import SharedCache
from vton_hf.cache.chunks.skipped import ask_again

__all__ = [
    "DATA",
    "STATISTICS",
    "UNLISTED",
    "Chunk",
    "Entry",
    "How",
    "Report",
    "SharedCache",
    "SkippedTriplet",
    "ask_again",
    "build_chunks",
    "clear",
    "entries",
    "explained",
    "finished_names",
    "missing",
    "partition",
    "prune",
    "publish_rest",
    "read_report",
    "refusal",
    "tell_again",
]
