"""The cache on disk: chunks of images, records of what was built, listings and manifests that were kept."""

from vton_hf.cache.chunks import (
    UNLISTED,
    Chunk,
    Entry,
    How,
    Report,
    SharedCache,
    SkippedTriplet,
    ask_again,
    build_chunks,
    clear,
    entries,
    explained,
    finished_names,
    missing,
    partition,
    prune,
    publish_rest,
    read_report,
    refusal,
    tell_again,
)
from vton_hf.cache.features import TEXT_COLUMNS, check_features, features, image_column
from vton_hf.cache.gather import Statistics, StoredImages, ThreeImages, collect, forget, gather
from vton_hf.cache.leases import leases_in, probe
from vton_hf.cache.listings import in_use
from vton_hf.cache.owners import DAY, UNKNOWN, Owner, myself
from vton_hf.cache.place import Place
from vton_hf.cache.plans import FrozenPlan
from vton_hf.cache.records import BuildRecord, BuildRecordStore, CacheDir, names_of, open_manifest
from vton_hf.cache.reservations import modified, undisturbed
from vton_hf.cache.shared_records import SharedRecord, SharedRecords
from vton_hf.cache.skipped import check_usable, warn_of_skipped
from vton_hf.cache.statistics import StatisticsFiles
from vton_hf.cache.status import BuildStatus

__all__ = [
    "DAY",
    "TEXT_COLUMNS",
    "UNKNOWN",
    "UNLISTED",
    "BuildRecord",
    "BuildRecordStore",
    "BuildStatus",
    "CacheDir",
    "Chunk",
    "Entry",
    "FrozenPlan",
    "How",
    "Owner",
    "Place",
    "Report",
    "SharedCache",
    "SharedRecord",
    "SharedRecords",
    "SkippedTriplet",
    "Statistics",
    "StatisticsFiles",
    "StoredImages",
    "ThreeImages",
    "ask_again",
    "build_chunks",
    "check_features",
    "check_usable",
    "clear",
    "collect",
    "entries",
    "explained",
    "features",
    "finished_names",
    "forget",
    "gather",
    "image_column",
    "in_use",
    "leases_in",
    "missing",
    "modified",
    "myself",
    "names_of",
    "open_manifest",
    "partition",
    "probe",
    "prune",
    "publish_rest",
    "read_report",
    "refusal",
    "tell_again",
    "undisturbed",
    "warn_of_skipped",
]
