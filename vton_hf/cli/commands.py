"""The commands that look at a bucket, build from it and tidy the cache."""

import json
from argparse import Namespace
from typing import Any, Final

import datasets

from vton_hf import report
from vton_hf.builder import VTON
from vton_hf.chunks import entries, remove
from vton_hf.listings import in_use
from vton_hf.records import Cache

_OPTIONS: Final = {
    "gender": "gender",
    "limit": "limit",
    "cloth": "cloth",
    "exclude": "exclude",
    "weights": "difficulty_weights",
    "seed": "seed",
    "epoch_size": "epoch_size",
    "mixing": "mixing",
    "verify": "verify",
    "on_error": "on_error",
    "image_size": "image_size",
    "aspect": "aspect",
    "image_format": "image_format",
    "image_quality": "image_quality",
    "to_srgb": "to_srgb",
    "cache_dir": "cache_dir",
    "listing": "listing",
}
"""Arguments and the option of `load_dataset` that each stands for."""


def scan(asked: Namespace) -> None:
    """Count the triplets, and the keys that belong to none."""
    # Every config sees the same bucket; the recipe plays no part in a scan.
    source = _builder("hard", asked).source
    if asked.json:
        print(json.dumps(report.scan_facts(source.manifest, source.audit), indent=2))
        return
    print(report.bucket_table(source.manifest))
    print()
    print(report.audit_table(source.audit))
    if asked.list:
        print()
        for row in source.audit.table.to_pylist():
            print("\t".join(filter(None, (row["reason"], row["uri"], row["detail"]))))


def build(asked: Namespace) -> None:
    """Build a mix into the cache."""
    builder = _builder(asked.config, asked)
    built_before = builder.config.embed_images and not builder.source.missing_chunks()
    builder.download_and_prepare(num_proc=asked.num_proc)
    rows = builder.as_dataset("train").select_columns(["difficulty", "gender", "key"]).with_format(None)
    print(f"{asked.config}: {len(rows):,} rows\n\n{report.mix_table(rows[:], builder.config.weights)}")
    if left_out := builder.source.left_out():
        print()
    for item in left_out:
        print(f"left out\t{item.key}\t{item.uri}\t{item.reason}")
    print(f"\nCache: {builder.source.cache.root}{' (nothing was fetched, all was there)' if built_before else ''}")


def cache(asked: Namespace) -> None:
    """Show what the cache holds; with --prune, delete what no dataset uses."""
    place = Cache.within(asked.cache_dir or datasets.config.HF_DATASETS_CACHE)
    chunks, manifests = place.used()
    listings, listed = in_use(place)
    found = [
        *entries(place.chunks, chunks),
        *entries(place.manifests, manifests | listed),
        *entries(place.listings, listings),
    ]
    unused = [entry for entry in found if not entry.used]
    print(f"{place.root}: {len(found):,} entries, {report.amount(sum(entry.bytes for entry in found))}")
    print(f"Used by no dataset: {len(unused):,}, {report.amount(sum(entry.bytes for entry in unused))}")
    for entry in unused:
        if asked.list:
            print(f"{report.amount(entry.bytes):>10}  {entry.path.name}")
        if asked.prune:
            remove(entry)
    if unused:
        print(f"Deleted {len(unused):,}." if asked.prune else "`vton-hf cache --prune` deletes them.")


def _builder(config: str, asked: Namespace) -> VTON:
    return VTON(config_name=config, **load_options(asked))


def load_options(asked: Namespace) -> dict[str, Any]:
    """What was asked for, as the options of `load_dataset`."""
    given = {option: getattr(asked, name, None) for name, option in _OPTIONS.items()}
    options: dict[str, Any] = {option: value for option, value in given.items() if value is not None}
    if getattr(asked, "no_embed_images", False):
        options["embed_images"] = False
    store = {"endpoint_url": asked.endpoint_url, "region": asked.region, "profile": asked.profile}
    storage = {name: value for name, value in store.items() if value} | ({"anon": True} if asked.anonymous else {})
    prefixes = [*asked.prefixes, *(asked.s3_prefix or ())]
    return options | {"s3_prefixes": prefixes, "storage_options": storage}
