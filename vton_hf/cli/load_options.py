"""What was asked for on the command line, as the options of `load_dataset`."""

from argparse import Namespace
from typing import Any, Final

from vton_hf.engines import RayEngine

OPTIONS: Final = {
    "gender": "gender",
    "limit": "limit",
    "cloth": "cloth",
    "exclude": "exclude",
    "hidden": "hidden",
    "default_difficulty": "default_difficulty",
    "difficulty_of": "difficulty_of",
    "layout": "layout",
    "metadata": "metadata",
    "where": "where",
    "companions": "companions",
    "mix_by": "mix_by",
    "splits": "splits",
    "split_by": "split_by",
    "entities": "entities",
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
    "retry_skipped": "retry_skipped",
    "shared_cache": "shared_cache",
    "shard": "shard",
    "allow_missing": "allow_missing",
    "statistics": "statistics",
}
"""Arguments and the option of `load_dataset` that each stands for."""

HOW: Final = {"listing", "retry_skipped", "shared_cache", "engine", "shard", "allow_missing", "statistics"}
"""Options that say how a dataset comes about, and not which it is."""


def load_options(args: Namespace) -> dict[str, Any]:
    """What was asked for, as the options of `load_dataset`."""
    given = {option: getattr(args, name, None) for name, option in OPTIONS.items()}
    options: dict[str, Any] = {option: value for option, value in given.items() if value is not None}
    if "where" in options:
        options["where"] = dict(options["where"])
    if getattr(args, "no_embed_images", False):
        options["embed_images"] = False
    if getattr(args, "engine", None):
        options["engine"] = RayEngine(args.ray_address)
    prefixes = [*args.prefixes, *(args.s3_prefix or ())]
    return options | {"s3_prefixes": prefixes, "storage_options": storage_options(args)}


def storage_options(args: Namespace) -> dict[str, Any]:
    """How the store is reached."""
    store = {"endpoint_url": args.endpoint_url, "region": args.region, "profile": args.profile}
    return {name: value for name, value in store.items() if value} | ({"anon": True} if args.anonymous else {})
