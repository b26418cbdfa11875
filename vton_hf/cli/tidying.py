"""`vton-hf cache`: which datasets a cache holds, and what of it none of them uses any more."""

import json
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import datasets

from vton_hf import storage
from vton_hf._core.units import amount
from vton_hf.builder import shared_cache_at
from vton_hf.cache import (
    CacheDir,
    Entry,
    SharedRecord,
    SharedRecords,
    StatisticsFiles,
    clear,
    entries,
    in_use,
    leases_in,
    prune,
    undisturbed,
)
from vton_hf.cli.inventory import Kept, inventory, table
from vton_hf.cli.load_options import storage_options


@dataclass(frozen=True, slots=True)
class _Found:
    """What lies in a cache: all of it, what nobody uses, both as names and bytes, and its datasets.

    `where` it lies is for programs; `shown` is what --cache-dir or --shared-cache takes.
    """

    where: str
    shown: str
    present: Mapping[str, int]
    unused: Mapping[str, int]
    kept: Sequence[Kept]


def cache(args: Namespace) -> None:
    """Show what a cache holds; with --prune, delete what no dataset uses."""
    if args.shared_cache:
        _shared(args)
        return
    cache_dir = _cache_in(Path(args.cache_dir or datasets.config.HF_DATASETS_CACHE))
    pruned = args.prune and cache_dir.root.exists()
    # Whoever begins to use something meanwhile waits until it is taken or spared, and makes anew what is gone.
    with undisturbed(cache_dir.reservations) if pruned else nullcontext():
        present, ended = _looked_at(cache_dir)
        unused = [entry for entry in present if not entry.used]
        removed = prune(unused, cache_dir.removed, lambda: cache_dir.used().names) if pruned else 0
        for reserve in ended if pruned else ():
            reserve.unlink(missing_ok=True)
    if pruned:
        clear(cache_dir.removed)
    kept = inventory(cache_dir, {entry.path.name: entry.bytes for entry in present})
    found = _Found(str(cache_dir.root), str(cache_dir.root.parent), _sizes(present), _sizes(unused), kept)
    _show(args, found, removed if pruned else None)


def _shared(args: Namespace) -> None:
    """The same of a cache that machines share."""
    shared = shared_cache_at(args.shared_cache, storage.settings_for(storage_options(args)))
    records = SharedRecords(shared)
    use = records.use()
    if args.prune:
        records.delete(use)
    kept = [_kept(record, use.sizes) for record in use.records if f"records/{record.name}" not in use.unused]
    unused = {name: use.sizes[name] for name in sorted(use.unused)}
    _show(args, _Found(shared.uri, shared.uri, use.sizes, unused, kept), len(unused) if args.prune else None)


def _kept(record: SharedRecord, sizes: Mapping[str, int]) -> Kept:
    about = record.about
    return Kept(
        config=about.get("config", ""),
        prefixes=about.get("prefixes", ()),
        options=about.get("options", ()),
        rows=None,
        bytes=sum(sizes.get(f"chunks/{name}.tar", 0) for name in record.chunks),
        last_used=datetime.fromtimestamp(record.used, UTC).astimezone().isoformat(" ", "seconds"),
    )


def _show(args: Namespace, found: _Found, removed: int | None) -> None:
    sums, spare = ({"entries": len(of), "bytes": sum(of.values())} for of in (found.present, found.unused))
    if args.json:
        facts: dict[str, Any] = {"cache": found.where, **sums, "unused": spare, "deleted": removed or 0}
        print(json.dumps(facts | {"datasets": [asdict(each) for each in found.kept]}, indent=2))
        return
    holds = f"{sums['entries']:,} entries, {amount(sums['bytes'])}"
    print(f"{found.shown}: {holds if found.present or found.kept else 'nothing was built here'}")
    print(f"Used by no dataset: {spare['entries']:,}, {amount(spare['bytes'])}")
    for name, size in found.unused.items() if args.list else ():
        print(f"{amount(size):>10}  {name}")
    if found.kept:
        print(f"\n{table(found.kept)}\n")
    if found.unused:
        print("`vton-hf cache --prune` deletes them." if removed is None else f"Deleted {removed:,}.")


def _sizes(items: Iterable[Entry]) -> dict[str, int]:
    return {entry.path.name: entry.bytes for entry in items}


def _cache_in(directory: Path) -> CacheDir:
    """The cache in a directory, which may also be the folder `vton_hf` of that cache itself."""
    within, itself = CacheDir.within(directory), CacheDir(directory.expanduser().absolute())
    same = itself.root.name == within.root.name and itself.manifests.exists()
    return itself if same and not within.root.exists() else within


def _looked_at(cache_dir: CacheDir) -> tuple[list[Entry], list[Path]]:
    """What lies in the cache, and the reservations that no longer keep anything."""
    used = cache_dir.used()
    listings, listed = in_use(cache_dir)
    leases = leases_in(cache_dir.leases).survey()
    held = {path.name for path in cache_dir.leases.glob("*")} - leases.ended
    failed = {path.name for path in cache_dir.failures.glob("*")}
    over = {name for name in failed if (cache_dir.chunks / name.removesuffix(".json")).exists()}
    present = [
        *entries(cache_dir.chunks, used.names, used.under_way, leases.gone),
        *entries(cache_dir.manifests, used.names | listed, used.under_way),
        *entries(cache_dir.listings, listings),
        *entries(cache_dir.leases, held),
        *entries(cache_dir.failures, failed - over),
        *entries(cache_dir.statistics, StatisticsFiles(cache_dir.statistics).recent()),
    ]
    return present, used.ended
