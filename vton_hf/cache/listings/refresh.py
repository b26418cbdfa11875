"""Whether to list a bucket, or to believe what was listed before."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from vton_hf._core.checks import check_choice
from vton_hf._core.options import LISTING_MODES
from vton_hf.cache.listings.listing_cache import (
    MAX_AGE_S,
    Listing,
    PendingListing,
    drop_listing,
    keep,
    listing_directory,
    open_listing,
)
from vton_hf.cache.listings.validate import PAGE, compare
from vton_hf.errors import StorageError
from vton_hf.storage import Store

logger = logging.getLogger("vton_hf")


MIN_CACHED_KEYS: Final = 20_000
"""Keys from which a listing is kept: for fewer, 20 requests, asking is cheaper than a doubt."""

_HOUR: Final = 3600.0


def check_mode(mode: Any) -> str:
    """Give back one of `LISTING_MODES`.

    Raises:
        ConfigError: If it is none.
    """
    check_choice("listing", mode, LISTING_MODES)
    return str(mode)


def find(
    directory: Path, store: Store, prefixes: Sequence[str], mode: str, list_all: Callable[[], pa.Table]
) -> pa.Table | Listing | PendingListing:
    """What lies under some prefixes.

    Args:
        directory: Where listings are kept.
        store: How to reach the prefixes.
        prefixes: Resolved.
        mode: `"auto"` believes a listing of up to a day ago if pages of it are as they were; `"fresh"` lists;
            `"cached"` takes what is kept, however old, and compares nothing.
        list_all: Lists them.

    Returns:
        A listing that is kept, one that is about to be, or the mere table of one that will not: of a local folder, or a
        short one.

    Raises:
        StorageError: If the store fails, or with `"cached"` if nothing is kept.
        LayoutError: If there is no object under one of the prefixes.
    """
    kept_in = listing_directory(directory, prefixes, store.settings)
    remote = all(prefix.startswith("s3://") for prefix in prefixes)
    kept = open_listing(kept_in) if remote and mode != "fresh" else None
    if mode == "cached" and kept is None:
        raise StorageError(
            f"listing='cached', but no listing of {', '.join(prefixes)} is kept in {directory}. Kept are those of "
            f"s3:// prefixes with {MIN_CACHED_KEYS:,} keys or more: load once with listing='auto', and the same "
            f"cache_dir."
        )
    if kept is not None and (mode == "cached" or _holds(kept, prefixes, store)):
        kept.touch()
        return kept
    table = list_all()
    if not remote:
        return table
    if table.num_rows < MIN_CACHED_KEYS:
        drop_listing(kept_in)
        return table
    return keep(kept_in, table)


def forget(directory: Path, store: Store, prefixes: Sequence[str]) -> None:
    """Drop a listing that was found to be no longer true, so that the next start lists.

    Args:
        directory: Where listings are kept.
        store: How to reach the prefixes.
        prefixes: Resolved.
    """
    drop_listing(listing_directory(directory, prefixes, store.settings))


def _holds(kept: Listing, prefixes: Sequence[str], store: Store) -> bool:
    """Whether a kept listing may be believed; says so."""
    what = f"Listing of {kept.table.num_rows:,} keys from {_ago(kept.age)}"
    if not 0 <= kept.age <= MAX_AGE_S:
        logger.info("%s is not of the last day: listing again.", what)
        return False
    outcome = compare(kept.table, prefixes, store)
    if outcome.doubt is not None:
        logger.info("%s is not used, since %s: listing again.", what, outcome.doubt)
        return False
    pages = -(-kept.table.num_rows // PAGE)
    logger.info("%s reused: %d of %s pages compared, none changed.", what, outcome.pages, f"{pages:,}")
    return True


def _ago(seconds: float) -> str:
    if seconds < _HOUR:
        return f"{seconds // 60:.0f} min ago"
    return f"{seconds // _HOUR:.0f} h ago"
