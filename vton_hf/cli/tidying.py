"""`vton-hf cache`: which datasets the cache holds, and what of it none of them uses any more."""

import json
from argparse import Namespace
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import datasets

from vton_hf._core.units import amount
from vton_hf.cache import CacheDir, Entry, clear, entries, in_use, prune, undisturbed
from vton_hf.cli.inventory import inventory, table


def cache(args: Namespace) -> None:
    """Show what the cache holds; with --prune, delete what no dataset uses."""
    cache_dir = _cache_in(Path(args.cache_dir or datasets.config.HF_DATASETS_CACHE))
    pruned = args.prune and cache_dir.root.exists()
    # Whoever begins to use something meanwhile waits until it is taken or spared, and makes anew what is gone.
    with undisturbed(cache_dir.reservations) if pruned else nullcontext():
        present, ended = _looked_at(cache_dir)
        unused = [entry for entry in present if not entry.used]
        removed = prune(unused, cache_dir.removed) if pruned else 0
        for reserve in ended if pruned else ():
            reserve.unlink(missing_ok=True)
    if pruned:
        clear(cache_dir.removed)
    kept = inventory(cache_dir, {entry.path.name: entry.bytes for entry in present})
    if args.json:
        facts: dict[str, Any] = {
            "cache": str(cache_dir.root),
            **_sums(present),
            "unused": _sums(unused),
            "deleted": removed,
        }
        print(json.dumps(facts | {"datasets": [asdict(each) for each in kept]}, indent=2))
        return
    holds = f"{len(present):,} entries, {amount(_sums(present)['bytes'])}"
    print(f"{cache_dir.root.parent}: {holds if cache_dir.root.exists() else 'nothing was built here'}")
    print(f"Used by no dataset: {len(unused):,}, {amount(_sums(unused)['bytes'])}")
    for entry in unused if args.list else ():
        print(f"{amount(entry.bytes):>10}  {entry.path.name}")
    if kept:
        print(f"\n{table(kept)}\n")
    if unused:
        print(f"Deleted {removed:,}." if pruned else "`vton-hf cache --prune` deletes them.")


def _cache_in(directory: Path) -> CacheDir:
    """The cache in a directory, which may also be the folder `vton_hf` of that cache itself."""
    within, itself = CacheDir.within(directory), CacheDir(directory.expanduser().absolute())
    same = itself.root.name == within.root.name and itself.manifests.exists()
    return itself if same and not within.root.exists() else within


def _sums(items: Sequence[Entry]) -> dict[str, int]:
    return {"entries": len(items), "bytes": sum(entry.bytes for entry in items)}


def _looked_at(cache_dir: CacheDir) -> tuple[list[Entry], list[Path]]:
    """What lies in the cache, and the reservations that no longer keep anything."""
    used = cache_dir.used()
    listings, listed = in_use(cache_dir)
    present = [
        *entries(cache_dir.chunks, used.names, used.under_way),
        *entries(cache_dir.manifests, used.names | listed, used.under_way),
        *entries(cache_dir.listings, listings),
    ]
    return present, used.ended
