"""Arguments of the commands that look at a bucket: `doctor`, `scan`, `preview`, `validate`, `split`."""

from pathlib import Path
from typing import Final

from vton_hf._core.options import CHECK_LEVELS, RECIPES
from vton_hf.cli.groups import (
    add_cache_dir,
    add_choice,
    add_engine,
    add_entities,
    add_json,
    add_location,
    add_num_proc,
    add_prefixes,
    add_splits,
    add_store,
)
from vton_hf.cli.parsing import Add
from vton_hf.cli.values import positive, shard, threshold

ROOT: Final = "s3://bucket/dataset_ultimate/"


def add_doctor(add: Add) -> None:
    """Add `vton-hf doctor`."""
    part = add(
        "doctor [options] [PREFIX ...]",
        "doctor.run:doctor",
        "look at machine, credentials, bucket, names, disk and Hub, and say what to mend",
        f"doctor {ROOT}",
    )
    group = part.add_argument_group("where the triplets lie (default: S3_BUCKET_NAME; without it this machine alone)")
    add_prefixes(group, required=False)
    add_store(group)
    add_cache_dir(part)
    add_json(part)


def add_scan(add: Add) -> None:
    """Add `vton-hf scan`."""
    scanning = add(
        "scan [options] PREFIX ...",
        "commands:scan",
        "count the triplets of a bucket, and the keys that belong to none",
        f"scan {ROOT}",
    )
    add_location(scanning)
    add_choice(scanning)
    scanning.add_argument("--list", action="store_true", help="list every key that is left out, and why")
    written = "write the layout that was seen as a TOML file, to be changed and given to --layout"
    scanning.add_argument("--layout-out", type=Path, metavar="FILE", help=written)
    add_json(scanning)


def add_preview(add: Add) -> None:
    """Add `vton-hf preview`."""
    looking = add(
        "preview [options] PREFIX ...",
        "previewing:preview",
        "write a page of triplets, of a mix and of what is wrong, to look at in a browser",
        f"preview {ROOT} --sample 500 --open",
    )
    add_location(looking)
    add_choice(looking)
    add_num_proc(looking)
    add_engine(looking, builds=False)
    what = looking.add_argument_group("the page")
    what.add_argument("--config", choices=list(RECIPES), default="hard", help="the mix that is shown (default: hard)")
    what.add_argument("--html", type=Path, default=Path("preview.html"), metavar="FILE", help="default: preview.html")
    what.add_argument("--open", action="store_true", help="open it in the browser")
    what.add_argument("--sample", type=positive, metavar="N", help="look at N triplets only (default: 20,000)")
    shown = "also show what a transform makes of some triplets: NAME of a module or of a file, such as train.py:augment"
    what.add_argument("--transform", metavar="MODULE:NAME", help=shown)
    add_cache_dir(what)


def add_validate(add: Add) -> None:
    """Add `vton-hf validate`."""
    validating = add(
        "validate [options] PREFIX ...",
        "validating:validate",
        "find what is wrong with images and triplets",
        f"validate {ROOT} --exclude-out defects.txt",
    )
    add_location(validating)
    add_choice(validating)
    add_num_proc(validating)
    add_engine(validating, builds=False)
    validating.add_argument("--shard", type=shard, metavar="I/N", help="look at share I, from 0, of N alone")
    what = validating.add_argument_group("what is looked for")
    levels = "structure: files; decode: pictures, too; all: what they say of each other (default: all)"
    what.add_argument("--checks", choices=CHECK_LEVELS, default=CHECK_LEVELS[-1], help=levels)
    what.add_argument("--sample", type=positive, metavar="N", help="look at N triplets only, always the same")
    add_entities(what)
    limit = "another threshold, such as dark=0.2; once for each check"
    what.add_argument("--threshold", type=threshold, action="append", metavar="CHECK=VALUE", help=limit)
    add_cache_dir(what)
    telling = validating.add_argument_group("what is done with it")
    telling.add_argument("--list", action="store_true", help="a line for each finding, with tabs between")
    keys = "write the keys of triplets with errors and warnings, for --exclude"
    telling.add_argument("--exclude-out", metavar="FILE", help=keys)
    page = "write a page to look at: worst cases, thresholds to try, a list of what to leave out"
    telling.add_argument("--html", type=Path, metavar="FILE", help=page)
    severity = "exit with 1 if there is an error, or a warning or worse (default: exit with 0)"
    telling.add_argument("--fail-on", choices=("error", "warning"), help=severity)
    add_json(telling)


def add_split(add: Add) -> None:
    """Add `vton-hf split`."""
    splitting = add(
        "split [options] PREFIX ...",
        "splitting:split",
        "show what splits would hold and that they share nothing, and write a file that says it of every triplet",
        f"split {ROOT} --splits test=0.1 --entities 'p(?P<person>\\d+)_g(?P<garment>\\d+)' --out splits.parquet",
    )
    add_location(splitting)
    add_choice(splitting)
    add_splits(splitting, required=True)
    what = splitting.add_argument_group("what is done with it")
    written = "write a split manifest, which --splits takes: what is in it stays where it is, whatever comes later"
    what.add_argument("--out", type=Path, metavar="FILE", help=written)
    near = "also keep together what validate measured to be the same picture to the eye"
    what.add_argument("--near-duplicates", action="store_true", help=near)
    listed = "a line for each triplet that is in no split, and for each picture that is in two"
    what.add_argument("--list", action="store_true", help=listed)
    add_cache_dir(what)
    add_json(what)
