"""The disk of the cache, against what a build would write there."""

import os
from pathlib import Path

from vton_hf._core.disk import free_bytes
from vton_hf._core.units import amount
from vton_hf.cache import CacheDir
from vton_hf.cli.doctor.check import Check, Mark


def disk(cache_dir: Path, needed: int | None, *, at_least: bool) -> Check:
    """Whether there is room.

    Args:
        cache_dir: As `--cache-dir` takes it.
        needed: Bytes of the triplets that are known; None if none were looked for.
        at_least: Whether there are more than that.
    """
    cache = CacheDir.within(cache_dir)
    existing = next(path for path in (cache.root, *cache.root.parents) if path.exists())
    elsewhere = "give another folder: --cache-dir DIR, or HF_DATASETS_CACHE"
    if not os.access(existing, os.W_OK):
        step = f"Change the rights of {existing}, or {elsewhere}."
        return Check(Mark.FAIL, "disk", f"{cache.root.parent} cannot be written by this user", step)
    free = free_bytes(cache.root)
    found = f"{amount(free)} free in {cache.root.parent}"
    if needed is None:
        return Check(Mark.OK, "disk", found)
    found += f"; a build of all needs {amount(needed)}"
    if at_least:
        found += " at least: not all keys were looked at (`vton-hf plan` counts them)"
    if needed <= free:
        return Check(Mark.OK, "disk", found)
    step = f"Make room, {elsewhere}; or store smaller images: vton-hf build --image-size 1024x768 --image-format jpeg"
    if any(cache.chunks.glob("*")):
        return Check(Mark.WARN, "disk", f"{found}, less what is built there already", step)
    return Check(Mark.FAIL, "disk", found, step)
