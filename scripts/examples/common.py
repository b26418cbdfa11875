"""What the three examples share around training: triplets to train on, and triplets that are held out."""

import argparse
import math
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import datasets
import torch
from asked import MIXES
from torchvision.transforms import v2

import vton_hf
from vton_hf.demo import write_demo_folder

AUGMENT: Final = v2.Compose([
    v2.RandomHorizontalFlip(),
    v2.RandomApply([v2.RandomChannelPermutation()]),
    v2.ToDtype(torch.float32, scale=True),
    v2.Normalize([0.5] * 3, [0.5] * 3),
])  # fmt: skip
"""For training: each triplet is drawn mirrored or not, in its own colours or in others, all three images alike."""

WARM_UP: Final = 50
MOST_HELD_OUT: Final = 10  # of each difficulty and gender


@dataclass(frozen=True)
class Data:
    """Where the triplets lie, and which of them are for testing only.

    Attributes:
        source: Options of `vton_hf.load` and `vton_hf.get_vton_dataset`.
        held_out: Keys to leave out of training.
        test: The triplets of those keys: images float32 [N, 3, H, W] in [-1, 1], the rest lists of N.
    """

    source: Mapping[str, Any]
    held_out: list[str]
    test: dict[str, Any]


def open_data(args: argparse.Namespace) -> Data:
    """List the triplets, after drawing them if they are the demo's, and hold out the last tenth of each folder.

    In the demo no two triplets share a person or a garment, so nothing of those held out is seen in training. On a
    bucket where persons come back under other stems, hold out by person.
    """
    source = {"s3_prefixes": args.s3_prefix} if args.s3_prefix else _demo(args.output.parent, args.demo_count)
    alike = dict.fromkeys(MIXES[: MIXES.index(args.difficulty) + 1], 1.0)
    listed = vton_hf.load(args.difficulty, **source, difficulty_weights=alike, epoch_size="min", embed_images=False)
    rows = {key: row for row, key in enumerate(listed["key"])}
    folders = defaultdict(list)
    for key in sorted(rows):
        folders[key.rpartition("/")[0]].append(key)
    held_out = [key for keys in folders.values() for key in keys[-max(1, min(MOST_HELD_OUT, len(keys) // 10)) :]]
    test = vton_hf.set_transform(listed.select([rows[key] for key in held_out]), image_size=args.size)
    print(f"Held out of training: {len(held_out)} triplets")
    return Data(source, held_out, vton_hf.collate_triplets(list(test)))


def load_training(args: argparse.Namespace, data: Data) -> datasets.Dataset:
    """The triplets to train on, stored as an Arrow cache, augmented when they are read."""
    rows = vton_hf.load(args.difficulty, **data.source, exclude=data.held_out, epoch_size="min", seed=args.seed)
    return vton_hf.set_transform(rows, AUGMENT, image_size=args.size, seed=args.seed)


def rate(step: int, steps: int) -> float:
    """The learning rate as a share of its highest: a short rise, then half a cosine down to 0."""
    return min(1.0, (step + 1) / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, step / steps)))


def run(main: Callable[[], None]) -> None:
    """Run an example; what is wrong with the bucket or with an option is said in one line."""
    try:
        main()
    except vton_hf.VTONError as error:
        sys.exit(f"{type(error).__name__}: {error}")


def _demo(folder: Path, count: int) -> dict[str, Any]:
    """A demo bucket, drawn once, and a cache of its own."""
    bucket, drawing = folder / f"bucket-{count}", folder / f"bucket-{count}.drawing"
    if not bucket.exists():
        print(f"Drawing {6 * count} demo triplets into {bucket} (once) ...", flush=True)
        shutil.rmtree(drawing, ignore_errors=True)
        write_demo_folder(drawing, count=count, size=(128, 96))
        drawing.rename(bucket)
    return {"s3_prefixes": [f"{bucket.resolve()}/"], "cache_dir": str(folder / "cache")}
