"""From prefixes to triplets: list, or trust an earlier listing, and say what was left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pyarrow as pa

from vton_hf._core.progress import progress_bar
from vton_hf.builder.context import BuildContext
from vton_hf.builder.user_files import read_file
from vton_hf.cache import listings
from vton_hf.errors import StorageError
from vton_hf.storage import Store, is_offline
from vton_hf.triplets import Audit, Manifest, Metadata, Naming, check_companions, read_layout, tell

_RULES: Final = ("cloth", "exclude", "gender", "limit", "default_difficulty", "difficulty_of", "where", "mix_by")
"""Options that say which triplets are taken, as they are."""

_COUNT: Final = "{desc}: {n:,} keys [{elapsed}, {rate_fmt}]"  # tqdm's own says "18.0 keys"


@dataclass(frozen=True, slots=True)
class Triplets:
    """What lies below some prefixes.

    Attributes:
        manifest: The triplets that may be drawn.
        audit: Every listed key that is not part of one.
    """

    manifest: Manifest
    audit: Audit


def find_triplets(context: BuildContext, *, listing: str, quiet: bool) -> Triplets:
    """List the prefixes, or compare an earlier listing, and put triplets together.

    Args:
        context: Where to look, what to leave out, how garments are chosen, and where listings are kept.
        listing: One of `LISTING_MODES`.
        quiet: Log nothing of what is left out.

    Raises:
        StorageError: If the store does not answer or may not be asked.
        LayoutError: If a prefix matches nothing or no triplet is complete.
    """
    if is_offline():
        raise StorageError("HF_DATASETS_OFFLINE is set: the bucket may not be listed. Unset it to stream or to build.")

    prefixes, store, cache, config = context.prefixes, context.store, context.cache, context.config

    def list_all() -> pa.Table:
        with progress_bar(desc="Listing", unit=" keys", unit_scale=True, bar_format=_COUNT) as bar:
            return store.list(prefixes, progress=bar.update)

    listed = listings.find(cache.listings, store, prefixes, listing, list_all)
    rules: dict[str, Any] = {name: getattr(config, name) for name in _RULES}
    naming = Naming(read_layout(config.layout), tuple(prefixes), partial(_read, store))
    rules |= {"below": () if config.hidden else prefixes, "naming": naming}
    rules["companions"] = check_companions(config.companions)
    rules["metadata"] = None if config.metadata is None else read_metadata(str(config.metadata), prefixes, store)
    triplets = Triplets(*listings.select_cached(listed, cache, **rules))
    if not quiet:
        keys = (listed if isinstance(listed, pa.Table) else listed.table).num_rows
        tell(triplets.audit, keys=keys, prefixes=prefixes, endpoint_url=store.settings.endpoint_url)
    return triplets


def read_metadata(path: str, prefixes: Sequence[str], store: Store) -> Metadata:
    """Read a table that says more of triplets: a URI, a file on this machine, or one below a prefix.

    Raises:
        ConfigError: If there is none.
        LayoutError: If it cannot be read, or joined.
        StorageError: If the store does not answer.
    """
    return Metadata.of(*read_file("metadata", path, prefixes, store))


def _read(store: Store, uris: Sequence[str]) -> list[bytes]:
    """The bytes of some objects.

    Raises:
        StorageError: If one cannot be read.
    """
    bodies = []
    for body in store.read(list(uris)) if uris else []:
        if isinstance(body, StorageError):
            raise body
        bodies.append(body)
    return bodies
