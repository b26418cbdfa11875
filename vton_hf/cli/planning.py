"""`vton-hf plan`: what a mix would hold, what it would cost to build, and what preparation would save and lose."""

import json
import os
from argparse import Namespace
from dataclasses import asdict, replace
from typing import Any

from vton_hf._core.disk import free_bytes
from vton_hf._core.options import IMAGE_FORMATS
from vton_hf._core.units import amount, duration
from vton_hf.builder import VTON
from vton_hf.cli.compare_formats import FormatComparison, FormatTrial, compare_formats
from vton_hf.cli.load_options import load_options
from vton_hf.errors import ImageError, StorageError
from vton_hf.images import LOSSY, ImageSpec
from vton_hf.report import tables
from vton_hf.storage import Store
from vton_hf.triplets import TRAIN


def plan(args: Namespace) -> None:
    """Show what a mix would hold and cost."""
    builder = VTON(config_name=args.config, **load_options(args))
    mixes = {name: builder.plan(split=name) for name in builder.context.parts.names}
    mix, missing = mixes[TRAIN], builder.missing_chunks()
    rows, images = sum(chunk.rows.num_rows for chunk in missing), sum(chunk.images for chunk in missing)
    fetched, needed = sum(chunk.bytes for chunk in missing), sum(chunk.disk for chunk in missing)
    prepared = bool(missing) and builder.config.image_spec.encodes
    shown = prepared or args.compare
    sample = _sample(builder, compare=args.compare, needed=shown) if missing or args.compare else None
    seconds = _seconds(sample, builder, rows) if sample is not None and missing else None
    if sample is not None and prepared:
        stored = _of(sample, builder.config.image_spec).bytes
        resized = builder.config.image_size is not None
        needed = round(images * stored if resized else fetched * stored / sample.original.bytes)
    free, root = free_bytes(builder.context.cache.root), str(builder.context.cache.root)
    if args.json:
        others = {name: tables.plan_facts(each) for name, each in mixes.items() if name != TRAIN}
        facts = tables.plan_facts(mix) | ({"splits": others} if others else {})
        facts |= {"config": args.config, "requests": images, "bytes": fetched}
        facts |= {"seconds": seconds, "disk_needed": needed, "disk_free": free, "cache": root}
        print(json.dumps(facts | ({"sample": asdict(sample)} if sample and shown else {}), indent=2))
        return
    for name, each in mixes.items():
        of = f", {name}" if len(mixes) > 1 else ""
        print(f"{args.config}{of}: {len(each):,} rows an epoch\n")
        print(f"{tables.plan_table(each, mix_by=builder.config.mix_by)}\n")
    nothing = " (all is built)" if builder.config.embed_images else " (images are fetched on access)"
    print(f"To fetch: {images:,} objects, {amount(fetched)}{'' if missing else nothing}")
    if missing:
        print(f"Time:     {_time(seconds, sample)}")
    place = builder.context.cache.root.parent
    print(f"Disk:     {'about ' if prepared else ''}{amount(needed)} needed, {amount(free)} free in {place}")
    if sample is not None and shown:
        print(f"\nA sample of {sample.triplets:,} triplets, by image:\n\n{_table(sample)}")


def _sample(builder: VTON, *, compare: bool, needed: bool) -> FormatComparison | None:
    """A few triplets of those that are drawn, prepared as asked for, or in all formats.

    Returns:
        None where they cannot be used, but only the time is asked for.
    """
    wanted, quality = builder.config.image_spec, builder.config.image_quality
    tried = [wanted] if wanted.encodes else []
    if compare:
        qualities = {kind: quality if kind in LOSSY else None for kind in IMAGE_FORMATS}
        tried = [replace(wanted, format=kind, quality=each) for kind, each in qualities.items()]
    try:
        return compare_formats(
            builder.triplets.manifest.of_pools(builder.context.drawn).table,
            Store(builder.context.settings),
            tried,
        )
    except (ImageError, StorageError):
        if needed:
            raise
        return None


def _seconds(sample: FormatComparison, builder: VTON, rows: int) -> tuple[float, float]:
    trial = _of(sample, builder.config.image_spec) if builder.config.image_spec.encodes else None
    return sample.seconds(rows, trial, os.cpu_count() or 1)


def _time(seconds: tuple[float, float] | None, sample: FormatComparison | None) -> str:
    if seconds is None or sample is None:
        return "not known: of a few triplets that were fetched none can be used"
    least, most = map(duration, seconds)
    span = least if least == most else f"{least} to {most}"
    return f"about {span}, at the rate at which {sample.triplets:,} triplets were fetched just now"


def _of(sample: FormatComparison, image_spec: ImageSpec) -> FormatTrial:
    return next(trial for trial in sample.trials if trial.name == str(image_spec))


def _table(sample: FormatComparison) -> str:
    header = ["stored as", "KB", "times smaller", "PSNR", "SSIM", "encode ms", "decode ms"]
    return tables.table(header, [_line(trial, sample.original) for trial in (sample.original, *sample.trials)])


def _line(trial: FormatTrial, original: FormatTrial) -> list[Any]:
    lossless = "-" if trial is original else "lossless"
    return [
        trial.name,
        f"{trial.bytes / 1000:.1f}",
        f"{original.bytes / trial.bytes:.1f}",
        lossless if trial.psnr is None else f"{trial.psnr:.1f} dB",
        "-" if trial.ssim is None else f"{trial.ssim:.4f}",
        "-" if trial.encode_ms is None else f"{trial.encode_ms:.1f}",
        f"{trial.decode_ms:.1f}",
    ]
