"""From prefixes to triplets: list, or trust an earlier listing, and say what was left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from datasets.utils import tqdm

from vton_hf.builder.config import VTONConfig
from vton_hf.cache import CacheDir, listings
from vton_hf.errors import StorageError
from vton_hf.storage import Store, is_offline
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


def find_triplets(
    prefixes: Sequence[str], store: Store, cache: CacheDir, config: VTONConfig, *, listing: str, tells: bool
) -> Triplets:
    """List the prefixes, or compare an earlier listing, and put triplets together.

    Args:
        prefixes: Each with its scheme and bucket.
        store: Lists them.
        cache: Where listings and manifests are kept.
        config: What is left out, and how garments are chosen.
        listing: One of `listings.MODES`.
        tells: Whether to log what was left out.

    Raises:
        StorageError: If the store does not answer or may not be asked.
        LayoutError: If a prefix matches nothing or no triplet is complete.
    """
    if is_offline():
        raise StorageError("HF_DATASETS_OFFLINE is set: the bucket may not be listed. Unset it to stream or to build.")

    def list_all() -> pa.Table:
        with tqdm(desc="Listing", unit=" keys", unit_scale=True, bar_format=_COUNT, disable=None) as bar:
            return store.list(prefixes, progress=bar.update)

    found = listings.find(cache.listings, store, prefixes, listing, list_all)
    rules = {"cloth": config.cloth, "exclude": config.exclude, "gender": config.gender, "limit": config.limit}
    rules["below"] = () if config.hidden else prefixes
    triplets = Triplets(*listings.surveyed(found, cache, **rules))
    if tells:
        keys = (found if isinstance(found, pa.Table) else found.table).num_rows
        tell(triplets.audit, keys=keys, prefixes=prefixes, endpoint_url=store.settings.endpoint_url)
    return triplets
