"""What `vton-hf` understands, and its `--help`."""

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from vton_hf import __version__
from vton_hf._core.options import ASPECTS, EXPORT_FORMATS, IMAGE_FORMATS, PRESET_NAMES, RECIPES
from vton_hf.cli.evaluation_arguments import add_evaluation
from vton_hf.cli.groups import (
    add_cache_dir,
    add_choice,
    add_engine,
    add_json,
    add_location,
    add_mix,
    add_num_proc,
    add_recipe,
    add_splits,
    add_store,
)
from vton_hf.cli.looking import ROOT, add_doctor, add_preview, add_scan, add_split, add_validate
from vton_hf.cli.parsing import Add, adder
from vton_hf.cli.parsing import Parser as _Parser
from vton_hf.cli.values import names, positive, shard, size

SHELLS: Final = ("bash", "zsh", "tcsh")
_BENCH_MODES: Final = ("lazy", "cached", "streaming")


class _PrintCompletion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, namespace: object, values: Any, option: object = None) -> None:
        del namespace, option
        print(import_module("shtab").complete(parser, shell=values))
        parser.exit()


def parser() -> _Parser:
    """The whole command line."""
    whole = _Parser(
        prog="vton-hf",
        description="Virtual Try-On triplets from S3 as Hugging Face datasets.",
        epilog=f"vton-hf COMMAND --help explains a command. To begin with: vton-hf scan {ROOT}",
    )
    whole.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    whole.add_argument(
        "--print-completion", action=_PrintCompletion, choices=SHELLS, help="print the shell's completion script"
    )
    several = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add = adder(several, "vton-hf")
    add_doctor(add)
    add_scan(add)
    add_preview(add)
    add_validate(add)
    add_split(add)
    _add_mixes(add)
    _add_exports(add)
    add_evaluation(add)
    _add_bench(add)
    _add_demo(add)
    _add_cache(add)
    return whole


def _add_mixes(add: Add) -> None:
    looking = add(
        "plan [options] MIX PREFIX ...",
        "planning:plan",
        "show what a mix would hold and what it would cost to build",
        f"plan hard {ROOT}",
    )
    add_mix(looking)
    looking.add_argument("--compare", action="store_true", help="try all image formats on a few triplets")
    add_json(looking)
    building = add(
        "build [options] MIX PREFIX ...",
        "commands:build",
        "build a mix into the cache",
        f"build hard {ROOT} --image-size 1024x768",
    )
    add_mix(building)
    add_num_proc(building)
    add_engine(building)
    share = "build only share I, from 0, of N: any number of such processes build together"
    building.add_argument("--shard", type=shard, metavar="I/N", help=share)
    building.add_argument("--status", action="store_true", help="only say how far the build is, on all machines")
    add_json(building)
    again = "ask again for the triplets that earlier builds left out, and for nothing else"
    building.add_argument("--retry-skipped", action="store_true", help=again)


def _add_exports(add: Add) -> None:
    push = add(
        "push [options] REPO PREFIX ...",
        "exporting:push",
        "push mixes to the Hugging Face Hub, as a private dataset that stock load_dataset reads",
        f"push my-team/vton {ROOT} --license cc-by-nc-4.0",
    )
    push.add_argument("repo_id", metavar="REPO", help="user/name or organisation/name; made if there is none")
    what = _export_options(push)
    what.add_argument("--public", action="store_true", help="make the repository public, or push to one that is")
    what.add_argument("--revision", metavar="BRANCH", help="default: main")
    what.add_argument("--commit-message", metavar="TEXT", help="default: names the mixes")
    export = add(
        "export [options] DIR PREFIX ...",
        "exporting:export",
        "write mixes as files that stock load_dataset or WebDataset reads",
        f"export ./vton {ROOT} --columns instruct-pix2pix",
    )
    export.add_argument("directory", metavar="DIR", help="a folder, or s3://bucket/prefix/")
    _export_options(export)


def _export_options(part: _Parser) -> argparse._ArgumentGroup:
    add_location(part)
    add_choice(part)
    add_splits(part)
    add_recipe(part)
    add_num_proc(part)
    add_engine(part)
    what = part.add_argument_group("output")
    what.add_argument(
        "--configs",
        type=names,
        default=list(RECIPES),
        metavar="NAMES",
        help="the mixes, such as easy,hard (default: all)",
    )
    what.add_argument(
        "--columns", metavar="C", help=f"{', '.join(PRESET_NAMES)}, or a list such as image=try_on_image,text=caption"
    )
    what.add_argument("--caption", metavar="TEXT", help="template of captions, such as 'a {gender} model in {garment}'")
    what.add_argument("--format", choices=EXPORT_FORMATS, help="default: parquet")
    what.add_argument(
        "--license", metavar="NAME", help="for the card, such as cc-by-nc-4.0 (default: the card's, or unknown)"
    )
    what.add_argument("--max-shard-size", metavar="SIZE", help="bytes of a file at most (default: 2GB)")
    what.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    return what


def _add_bench(add: Add) -> None:
    timing = add(
        "bench [options] PREFIX ...",
        "bench:bench",
        "show where the time of a DataLoader goes, stage by stage, and what to change",
        f"bench {ROOT} --num-workers 4 --image-size 1024x768",
    )
    add_location(timing)
    add_choice(timing)
    how = timing.add_argument_group("what is timed")
    where = "lazy: the bucket, on access; cached: a cache that is built first; streaming: a stream (default: lazy)"
    how.add_argument("--config", choices=list(RECIPES), help="a mix of difficulties (default: every triplet)")
    how.add_argument("--mode", choices=_BENCH_MODES, default=_BENCH_MODES[0], help=where)
    how.add_argument("--batch-size", type=positive, default=8, metavar="N", help="default: 8")
    how.add_argument("--num-workers", type=int, default=2, metavar="N", help="default: 2")
    how.add_argument("--batches", type=positive, default=30, metavar="N", help="after the first (default: 30)")
    how.add_argument("--image-size", type=size, default=(512, 512), metavar="HxW", help="default: 512x512")
    how.add_argument("--aspect", choices=ASPECTS, help="how images are brought to that size (default: stretch)")
    how.add_argument("--image-format", choices=IMAGE_FORMATS, help="how cached images are stored (default: png)")
    how.add_argument("--step", type=float, default=0, metavar="MS", help="milliseconds that a training step takes")
    add_cache_dir(how)


def _add_cache(add: Add) -> None:
    caching = add(
        "cache [options]",
        "tidying:cache",
        "list the datasets in the cache, and say what no dataset uses any more",
        "cache --prune",
    )
    add_cache_dir(caching)
    shared = caching.add_argument_group("a cache that machines share")
    shared.add_argument("--shared-cache", metavar="URL", help="look at that one: a folder or s3://bucket/prefix/")
    add_store(shared)
    caching.add_argument("--list", action="store_true", help="list the files that no dataset uses, too")
    caching.add_argument("--prune", action="store_true", help="delete what no dataset uses; datasets stay")
    add_json(caching)


def _add_demo(add: Add) -> None:
    part = add(
        "demo [options]",
        "demo:demo",
        "draw a demo bucket, serve it over S3 on this machine, and load all three mixes",
        "demo --count 10",
    )
    part.add_argument("--count", type=positive, default=40, metavar="N", help="triplets per folder (default: 40)")
    part.add_argument("--size", type=size, default=(256, 192), metavar="HxW", help="pixels (default: 256x192)")
    part.add_argument("--seed", type=int, default=0, metavar="N", help="seed of drawing and mixing (default: 0)")
    part.add_argument("--output", type=Path, default=Path("demo_output"), metavar="DIR", help="default: demo_output")
