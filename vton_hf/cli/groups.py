"""Options that several commands of `vton-hf` share."""

from argparse import ArgumentParser, _ActionsContainer

from vton_hf._core.options import (
    ASPECTS,
    CLOTH_RULES,
    ENGINES,
    IMAGE_FORMATS,
    LAYOUTS,
    LISTING_MODES,
    MIXINGS,
    ON_BROKEN_IMAGE,
    RECIPES,
    VERIFY_LEVELS,
)
from vton_hf.cli.values import (
    by_name,
    column_values,
    entities,
    epoch_size,
    mix,
    names,
    positive,
    size,
    splits,
    weights,
)
from vton_hf.naming import DIFFICULTIES, GENDERS


def add_location(part: ArgumentParser) -> None:
    """Where the triplets lie."""
    group = part.add_argument_group("where the triplets lie")
    add_prefixes(group)
    add_store(group)
    group.add_argument("--listing", choices=LISTING_MODES, help="list again, or take the kept listing (default: auto)")


def add_prefixes(group: _ActionsContainer, *, required: bool = True) -> None:
    """Prefixes; those of a command that does without are None."""
    prefixes = group.add_argument(
        "prefixes",
        nargs="+",
        default=[] if required else None,
        metavar="PREFIX",
        help="s3://bucket/prefix/, a key in S3_BUCKET_NAME, or a local folder such as ./data/",
    )
    # With nargs="*", argparse before Python 3.13 takes an empty list in front of the first option.
    prefixes.required = False
    named = ("--s3-prefix", "--prefix")
    group.add_argument(*named, nargs="+", action="extend", metavar="PREFIX", help="the same, as an option")


def add_store(group: _ActionsContainer) -> None:
    """How a store is reached."""
    group.add_argument("--endpoint-url", metavar="URL", help="a store other than Amazon's")
    group.add_argument("--region", help="the bucket's region")
    group.add_argument("--profile", help="a profile of ~/.aws/config")
    group.add_argument("--anonymous", action="store_true", help="do not sign requests: a public bucket")


def add_choice(part: ArgumentParser) -> None:
    """Which triplets are taken."""
    which = part.add_argument_group("which triplets")
    which.add_argument("--gender", choices=GENDERS, help="default: both")
    which.add_argument("--limit", type=int, metavar="N", help="at most so many triplets of each difficulty")
    which.add_argument("--cloth", choices=CLOTH_RULES, help="what several garments for one stem mean (default: first)")
    which.add_argument("--exclude", metavar="FILE", help="a file with keys to leave out, one a line")
    hidden = "also take hidden files, such as .a.png, and what lies in folders such as .a or __a"
    which.add_argument("--hidden", action="store_true", default=None, help=hidden)
    silent = "of triplets whose key says none (default: they are left out)"
    which.add_argument("--default-difficulty", choices=DIFFICULTIES, help=silent)
    by_folder = "the same by the name of a folder, such as dresses=hard,tops=easy"
    which.add_argument("--difficulty-of", type=by_name, metavar="RULES", help=by_folder)
    named = f"how images are named: {', '.join(LAYOUTS)}, or a TOML file (default: auto, which recognises it)"
    which.add_argument("--layout", metavar="NAME", help=named)
    table = "a table that says more of triplets, joined by its column key, stem or file_name"
    which.add_argument("--metadata", metavar="FILE", help=table)
    columns = "only triplets with such a value in a column, such as category=dresses; once for each column"
    which.add_argument("--where", type=column_values, action="append", metavar="COLUMN=V,...", help=columns)


def add_splits(part: ArgumentParser, *, required: bool = False) -> None:
    """How triplets are split."""
    how = part.add_argument_group("how they are split")
    shares = "shares of persons, garments, ..., such as validation=0.05,test=0.05, or a split manifest"
    how.add_argument("--splits", type=splits, required=required, metavar="SHARES", help=shares)
    units = (
        "what no two splits share: person, garment, both, component, triplet or a column (default: all that is known)"
    )
    how.add_argument("--split-by", metavar="WHAT", help=units)
    add_entities(how)


def add_entities(part: _ActionsContainer) -> None:
    """What says who is in a triplet."""
    people = "what says who is in a triplet: a regular expression for stems, such as "
    people += "'p(?P<person>\\d+)_g(?P<garment>\\d+)', or columns, such as person=model_id"
    part.add_argument("--entities", type=entities, metavar="REGEX", help=people)


def add_mix(part: ArgumentParser) -> None:
    """A mix, and all that may be said of it."""
    recipes = (
        f"{name}: {' + '.join(f'{weight:.0%} {pool}' for pool, weight in recipe.items())}"
        for name, recipe in RECIPES.items()
    )
    shares = "; ".join(recipes).replace("%", "%%")
    part.add_argument("config", type=mix, choices=list(RECIPES), metavar="MIX", help=shares)
    add_location(part)
    add_choice(part)
    add_splits(part)
    add_recipe(part)


def add_recipe(part: ArgumentParser) -> None:
    """How triplets are mixed, and how they are kept."""
    how = part.add_argument_group("how they are mixed and kept")
    example = ",".join(f"{name}={share}" for name, share in zip(DIFFICULTIES, (0.1, 0.4, 0.5), strict=True))
    how.add_argument("--weights", type=weights, metavar="W", help=f"another recipe, such as {example}")
    by_column = "the column whose values --weights weighs, such as category (default: difficulty)"
    how.add_argument("--mix-by", metavar="COLUMN", help=by_column)
    how.add_argument("--seed", type=int, metavar="N", help="seed of the mix (default: 0)")
    rows = (
        "rows of an epoch: a number, min (no triplet repeats) or max (every triplet appears); default: all there are; "
    )
    rows += "by split: train=max,test=500"
    how.add_argument("--epoch-size", type=epoch_size, metavar="SIZE", help=rows)
    how.add_argument("--mixing", choices=MIXINGS, help="exact shares, or drawn by datasets (default: exact)")
    beside = "columns of files beside the images that are stored as images, too, such as mask,densepose"
    how.add_argument("--companions", type=names, metavar="NAMES", help=beside)
    how.add_argument("--verify", choices=VERIFY_LEVELS, help="how images are checked (default: structure)")
    how.add_argument("--on-error", choices=ON_BROKEN_IMAGE, help="leave a broken triplet out, or stop (default: skip)")
    how.add_argument("--image-size", type=size, metavar="HxW", help="store images in this height x width")
    how.add_argument("--aspect", choices=ASPECTS, help="how they are brought to that size (default: stretch)")
    how.add_argument("--image-format", choices=IMAGE_FORMATS, help="how images are stored (default: as they are)")
    how.add_argument("--image-quality", type=int, metavar="N", help="of jpeg and webp, 1 to 100 (default: 95)")
    how.add_argument("--to-srgb", action="store_true", default=None, help="convert images with another colour profile")
    how.add_argument("--no-embed-images", action="store_true", help="keep keys only, fetch images on access")
    unmeasured = "measure no images while building; validate measures them when it is asked"
    how.add_argument("--no-statistics", dest="statistics", action="store_false", default=None, help=unmeasured)
    add_cache_dir(how)


def add_cache_dir(part: _ActionsContainer) -> None:
    """Where what is built lies."""
    part.add_argument("--cache-dir", metavar="DIR", help="default: the cache of datasets (HF_DATASETS_CACHE)")


def add_shared_cache(part: _ActionsContainer) -> None:
    """Where machines share what is built."""
    cache = "a folder or s3://bucket/prefix/ where finished chunks are published and taken from (VTON_HF_SHARED_CACHE)"
    part.add_argument("--shared-cache", metavar="URL", help=cache)


def add_num_proc(part: ArgumentParser) -> None:
    """How many processes build."""
    part.add_argument("--num-proc", type=positive, metavar="N", help="worker processes (default: build in this one)")


def add_engine(part: ArgumentParser, *, builds: bool = True) -> None:
    """Where the work is done, and where it is shared."""
    where = part.add_argument_group("on several machines")
    add_shared_cache(where)
    where.add_argument("--engine", choices=ENGINES, help="work on a Ray cluster (default: on this machine)")
    where.add_argument("--ray-address", metavar="A", help="of the cluster (default: RAY_ADDRESS, or a local one)")
    if builds:
        missing = "go on without chunks that failed three times"
        where.add_argument("--allow-missing", action="store_true", default=None, help=missing)


def add_json(part: _ActionsContainer) -> None:
    """For other programs."""
    part.add_argument("--json", action="store_true", help="print JSON")
