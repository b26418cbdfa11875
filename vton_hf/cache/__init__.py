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
    entries,
    explained,
    missing,
    partition,
    prune,
    read_report,
    tell_again,
)
from vton_hf.cache.features import TEXT_COLUMNS, check_features, features, image_column
from vton_hf.cache.listings import in_use
from vton_hf.cache.records import BuildRecord, BuildRecordStore, CacheDir, names_of, open_manifest
from vton_hf.cache.reservations import modified, undisturbed
from vton_hf.cache.skipped import check_usable, warn_of_skipped

__all__ = [
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
    "entries",
    "explained",
    "features",
    "image_column",
    "in_use",
    "missing",
    "modified",
    "names_of",
    "open_manifest",
    "partition",
    "prune",
    "read_report",
    "tell_again",
    "undisturbed",
    "warn_of_skipped",
]
