"""What the three examples share around training: options, triplets to train on, and triplets that are held out."""

import argparse
import math
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import datasets
import torch
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

MIXES: Final = ("easy", "medium", "hard")  # each draws from those before it too
WARM_UP: Final = 50
LEAST_SIDE: Final = 16
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


def options(name: str, description: str, **defaults: float) -> argparse.ArgumentParser:
    """The options that every example has; `defaults` are those of this one."""
    parser = argparse.ArgumentParser(
        prog=f"scripts/examples/run {name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def add(option: str, default: object, text: str, **how: Any) -> None:
        parser.add_argument(option, default=default, help=f"{text} (%(default)s)", **how)

    parser.add_argument(
        "--s3-prefix", action="append", metavar="URI", help="your triplets instead of the demo's; may be repeated"
    )
    add("--difficulty", "hard", "the mix to train on", choices=MIXES)
    add("--steps", defaults["steps"], "when to stop, earlier runs included", type=int)
    add("--batch-size", defaults["batch_size"], "triplets in a step", type=int)
    add("--learning-rate", defaults["learning_rate"], "at its highest", type=float)
    add("--size", "64x48", "height and width that images are brought to", type=_size, metavar="HxW")
    add("--seed", 0, "of the model, the order, the augmentation and the noise", type=int)
    add("--workers", max(1, min(8, (os.cpu_count() or 1) // 2)), "processes that load images", type=int)
    add("--log-every", 50, "steps between two lines with the loss", type=int, metavar="STEPS")
    add("--save-every", 250, "steps after which all is saved", type=int, metavar="STEPS")
    add("--output", Path("demo_output/examples") / name, "folder of pictures and states", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on where the last run was saved")
    add("--demo-count", 150, "demo triplets of each difficulty and gender", type=int, metavar="N")
    return parser


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


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    sides = [int(side) for side in (height, width) if side.isdecimal()]
    if len(sides) < len("HW") or min(sides) < LEAST_SIDE or any(side % 4 for side in sides):
        raise argparse.ArgumentTypeError(
            f"{text!r}: give HEIGHTxWIDTH, multiples of 4 from {LEAST_SIDE}, such as 64x48"
        )
    return sides[0], sides[1]
