"""From prefixes to triplets: list, or trust an earlier listing, and say what was left out."""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from datasets.utils import tqdm

from vton_hf.builder.context import BuildContext
from vton_hf.cache import listings
from vton_hf.errors import StorageError
from vton_hf.storage import is_offline
from vton_hf.triplets import Audit, Manifest, tell

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
        with tqdm(desc="Listing", unit=" keys", unit_scale=True, bar_format=_COUNT, disable=None) as bar:
            return store.list(prefixes, progress=bar.update)

    listed = listings.find(cache.listings, store, prefixes, listing, list_all)
    rules = {"cloth": config.cloth, "exclude": config.exclude, "gender": config.gender, "limit": config.limit}
    rules |= {"default_difficulty": config.default_difficulty, "difficulty_of": config.difficulty_of}
    rules["below"] = () if config.hidden else prefixes
    triplets = Triplets(*listings.select_cached(listed, cache, **rules))
    if not quiet:
        keys = (listed if isinstance(listed, pa.Table) else listed.table).num_rows
        tell(triplets.audit, keys=keys, prefixes=prefixes, endpoint_url=store.settings.endpoint_url)
    return triplets
