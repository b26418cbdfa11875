"""The cache on disk: chunks of images, records of what was built, listings and manifests that were kept."""

from vton_hf.cache.chunks import (
    UNLISTED,
    Chunk,
    Entry,
    Report,
    SkippedTriplet,
    ask_again,
    build_chunks,
    clear,
    cut,
    entries,
    explained,
    missing,
    prune,
    read_report,
    tell_again,
)
from vton_hf.cache.claims import modified, undisturbed
from vton_hf.cache.features import TEXT_COLUMNS, check_features, features, image_column
from vton_hf.cache.listings import MODES, in_use
from vton_hf.cache.records import BuildRecord, BuildRecordStore, CacheDir, names_of, open_manifest
from vton_hf.cache.skipped import check_usable, tell_left_out

__all__ = [
    "MODES",
    "TEXT_COLUMNS",
    "UNLISTED",
    "BuildRecord",
    "BuildRecordStore",
    "CacheDir",
    "Chunk",
    "Entry",
    "Report",
    "SkippedTriplet",
    "ask_again",
    "build_chunks",
    "check_features",
    "check_usable",
    "clear",
    "cut",
    "entries",
    "explained",
    "features",
    "image_column",
    "in_use",
    "missing",
    "modified",
    "names_of",
    "open_manifest",
    "prune",
    "read_report",
    "tell_again",
    "tell_left_out",
    "undisturbed",
]
