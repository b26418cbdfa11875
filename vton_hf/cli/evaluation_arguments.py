"""Arguments of `vton-hf evaluation`: make, check, score."""

from pathlib import Path

from vton_hf._core.options import ASPECTS, PAIRS
from vton_hf.cli.groups import add_cache_dir, add_choice, add_json, add_location, add_num_proc, add_splits
from vton_hf.cli.parsing import Add, adder
from vton_hf.cli.values import size


def add_evaluation(add: Add) -> None:
    """Add `vton-hf evaluation`."""
    part = add(
        "evaluation ACTION [options] DIR ...",
        "evaluating:make",
        "freeze a test set, check predictions against it, and score them",
        "evaluation make ./test-set s3://bucket/dataset_test/",
    )
    actions = adder(part.add_subparsers(title="actions", required=True, metavar="ACTION"), "vton-hf evaluation")
    _add_make(actions)
    _add_predictions(
        actions, "check", "say what is missing, surplus, of another size or format, or no prediction at all"
    )
    _add_predictions(actions, "score", "score predictions, by difficulty, gender and category")


def _add_make(add: Add) -> None:
    making = add(
        "make [options] DIR PREFIX ...",
        "evaluating:make",
        "freeze a test set in a folder: images of one size, pairs, and a digest of it all",
        "make ./test-set s3://bucket/dataset_test/ --image-size 512x384",
    )
    making.add_argument("directory", type=Path, metavar="DIR", help="a folder of its own")
    add_location(making)
    add_choice(making)
    add_splits(making)
    add_num_proc(making)
    how = making.add_argument_group("how it is frozen")
    how.add_argument("--image-size", type=size, metavar="HxW", help="of all images, height x width (default: 1024x768)")
    how.add_argument("--aspect", choices=ASPECTS, help="how they are brought to that size (default: stretch)")
    part = "of the splits, the one to freeze (default: test, or all triplets without --splits)"
    how.add_argument("--split", metavar="NAME", help=part)
    seed = "of the garments that persons are given in the unpaired setting (default: 0)"
    how.add_argument("--seed", type=int, metavar="N", help=seed)
    add_cache_dir(how)


def _add_predictions(add: Add, name: str, purpose: str) -> None:
    part = add(
        f"{name} [options] DIR PREDICTIONS",
        f"evaluating:{name}",
        purpose,
        f"{name} ./test-set ./predictions --pairs unpaired",
    )
    part.add_argument("directory", type=Path, metavar="DIR", help="what `evaluation make` made")
    part.add_argument("predictions", type=Path, metavar="PREDICTIONS", help="a folder with a picture NAME.png an item")
    made = "the list that predictions were made from (default: paired)"
    part.add_argument("--pairs", choices=PAIRS, default=PAIRS[0], help=made)
    add_json(part)
