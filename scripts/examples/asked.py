"""What an example was asked for: read as this module is imported, which is before the seconds that torch takes.

Python's own library is all that it needs, so that `--help` works before anything is installed.
"""

import argparse
import ast
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any, Final

MIXES: Final = ("easy", "medium", "hard")  # each draws from those before it too
LEAST_SIDE: Final = 16
_DEFAULTS: Final[dict[str, dict[str, float]]] = {
    "catvton": {"steps": 1000, "batch_size": 8, "learning_rate": 1e-3},
    "trainer": {"steps": 1000, "batch_size": 16, "learning_rate": 2e-3},
    "plain": {"steps": 1000, "batch_size": 16, "learning_rate": 2e-3},
}
_NEEDS: Final = {"catvton": "diffusers and accelerate", "trainer": "transformers", "plain": "torch"}


def _parser(script: Path) -> argparse.ArgumentParser:
    """The options that every example has, and those of this one."""
    name = script.stem
    defaults = _DEFAULTS[name]
    parser = argparse.ArgumentParser(
        prog=f"scripts/examples/run {name}",
        description=ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))),
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
    if name == "catvton":
        add("--sampling-steps", 4, "how often a prediction asks the UNet", type=int)
        parser.add_argument(
            "--checkpoint",
            metavar="MODEL",
            help="Stable Diffusion 1 or 2 or InstructPix2Pix, a diffusers folder or Hub name; with --size 512x384 or "
            "more, --learning-rate 1e-5 and --sampling-steps 30",
        )
    return parser


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    sides = [int(side) for side in (height, width) if side.isdecimal()]
    if len(sides) < len("HW") or min(sides) < LEAST_SIDE or any(side % 4 for side in sides):
        raise argparse.ArgumentTypeError(
            f"{text!r}: give HEIGHTxWIDTH, multiples of 4 from {LEAST_SIDE}, such as 64x48"
        )
    return sides[0], sides[1]


def _asked(script: Path) -> argparse.Namespace:
    asked = _parser(script).parse_args()
    if multiprocessing.parent_process() is None:  # not a worker, which is started with the same command line
        print(f"{script.stem}: importing {_NEEDS[script.stem]} (some seconds) ...", flush=True)
    return asked


ASKED: Final = _asked(Path(sys.argv[0]))
"""The options as they were given."""
