"""What became of a kept listing: its triplets and its audit, worked out once for each set of options."""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from vton_hf._core.digests import digest
from vton_hf.cache.listings.listing_cache import LISTING, MAX_AGE_S, READ_ERRORS, Listing, PendingListing, read, write
from vton_hf.cache.records import CacheDir
from vton_hf.cache.reservations import children, modified
from vton_hf.errors import BuildError
from vton_hf.naming import DIFFICULTY
from vton_hf.triplets import RULES, Audit, Manifest, Seen, read_names, select_triplets

logger = logging.getLogger("vton_hf")

_BESIDE = ("unmatched", "seen", "nearest", "notes")
"""What an audit says beside its table."""


def select_cached(
    listing: pa.Table | Listing | PendingListing, cache: CacheDir, **options: Any
) -> tuple[Manifest, Audit]:
    """The triplets of a listing and an account of the rest, as `select_triplets` gives them.

    Args:
        listing: From `find`; what becomes of a kept listing is kept beside it.
        cache: Where manifests lie.
        **options: Those of `select_triplets`.

    Raises:
        LayoutError: If nothing is left.
    """
    if isinstance(listing, pa.Table):
        return select_triplets(listing, **options)
    if isinstance(listing, Listing) and (known := _open(_path(listing, **options), cache, **options)) is not None:
        return known
    manifest, audit = select_triplets(listing.table, **options)
    kept = listing.saving.result() if isinstance(listing, PendingListing) else listing
    return (manifest, audit) if kept is None else _kept(_path(kept, **options), cache, manifest, audit)


def _kept(path: Path, cache: CacheDir, manifest: Manifest, audit: Audit) -> tuple[Manifest, Audit]:
    try:
        cache.save_manifest(manifest)
        facts = {name: json.dumps(getattr(audit, name), default=asdict) for name in _BESIDE}
        write(path, audit.table, {"manifest": manifest.digest(), **facts})
    except OSError as error:
        logger.info("What became of the listing is not kept for another start: %s", error)
    # A manifest that is mapped takes no memory of its own in any worker.
    return _open(path, cache, mix_by=manifest.mixed_by) or (manifest, audit)


def in_use(cache: CacheDir) -> tuple[set[str], set[str]]:
    """The names of listings that were made or looked at within a day, and of the manifests made of them."""
    directories = [
        directory for directory in children(cache.listings) if time.time() - modified(directory) <= MAX_AGE_S
    ]
    return {directory.name for directory in directories}, {
        name for directory in directories for name in _manifests(directory)
    }


def _manifests(directory: Path) -> Iterator[str]:
    for path in children(directory, "*.arrow"):
        if path.name != LISTING:
            try:
                yield f"{read(path)[1]['manifest']}.arrow"
            except READ_ERRORS:
                continue


def _path(listing: Listing, *, below: Sequence[str], **options: Any) -> Path:
    genders = options["gender"]
    genders = genders if genders is None or isinstance(genders, str) else sorted(genders)
    facts = [RULES, options["cloth"], read_names(options["exclude"]), genders, options["limit"], sorted(below)]
    difficulties = [options.get("default_difficulty"), sorted((options.get("difficulty_of") or {}).items())]
    naming, metadata = options.get("naming"), options.get("metadata")
    more = [naming and naming.mark(), metadata and [metadata.name, metadata.content], options.get("where")]
    more.append(list(options.get("companions", ())))
    mix_by = options.get("mix_by", DIFFICULTY)
    more.append(None if mix_by == DIFFICULTY else mix_by)
    # Where nothing is said of them, the name is that of versions before.
    facts += difficulties if any(difficulties) or any(more) else []
    serialized = json.dumps([*facts, *more] if any(more) else facts, default=str)
    return listing.directory / f"{listing.digest}-{digest(serialized)}.arrow"


def _open(path: Path, cache: CacheDir, **options: Any) -> tuple[Manifest, Audit] | None:
    try:
        table, metadata = read(path)
        facts = {name: json.loads(metadata[name]) for name in _BESIDE}
        seen = tuple(
            Seen(**{**each, **{name: tuple(each[name]) for name in ("prefixes", "told")}}) for each in facts["seen"]
        )
        audit = Audit(table, tuple(facts["unmatched"]), seen, facts["nearest"], tuple(facts["notes"]))
        return cache.load_manifest(metadata["manifest"]).by(options.get("mix_by", DIFFICULTY)), audit
    except (*READ_ERRORS, BuildError):
        return None
