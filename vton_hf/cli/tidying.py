"""`vton-hf cache`: what the cache holds, and what of it no dataset uses any more."""

from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path

import datasets

from vton_hf import report
from vton_hf.chunks import Entry, clear, entries, prune
from vton_hf.claims import undisturbed
from vton_hf.listings import in_use
from vton_hf.records import Cache


def cache(asked: Namespace) -> None:
    """Show what the cache holds; with --prune, delete what no dataset uses."""
    place = Cache.within(asked.cache_dir or datasets.config.HF_DATASETS_CACHE)
    pruned = asked.prune and place.root.exists()
    # Whoever begins to use something meanwhile waits until it is taken or spared, and makes anew what is gone.
    with undisturbed(place.claims) if pruned else nullcontext():
        found, ended = _looked_at(place)
        unused = [entry for entry in found if not entry.used]
        taken = prune(unused, place.removed) if pruned else 0
        for claim in ended if pruned else ():
            claim.unlink(missing_ok=True)
    print(f"{place.root}: {len(found):,} entries, {report.amount(sum(entry.bytes for entry in found))}")
    print(f"Used by no dataset: {len(unused):,}, {report.amount(sum(entry.bytes for entry in unused))}")
    for entry in unused if asked.list else ():
        print(f"{report.amount(entry.bytes):>10}  {entry.path.name}")
    if pruned:
        clear(place.removed)
    if unused:
        print(f"Deleted {taken:,}." if pruned else "`vton-hf cache --prune` deletes them.")


def _looked_at(place: Cache) -> tuple[list[Entry], list[Path]]:
    """What lies in the cache, and the claims that no longer keep anything."""
    used = place.used()
    listings, listed = in_use(place)
    found = [
        *entries(place.chunks, used.names, used.under_way),
        *entries(place.manifests, used.names | listed, used.under_way),
        *entries(place.listings, listings),
    ]
    return found, used.ended
