"""`vton-hf split`: what splits would hold, and that they share nothing."""

import json
from argparse import Namespace
from dataclasses import asdict

import pyarrow.compute as pc

from vton_hf.builder import Splits
from vton_hf.builder import split as _split
from vton_hf.cli.load_options import load_options
from vton_hf.cli.wording import in_its_words


def split(args: Namespace) -> None:
    """Show what splits would hold; write a split manifest."""
    options = load_options(args)
    found = _split(
        options.pop("s3_prefixes"),
        near_duplicates=args.near_duplicates,
        **options,
    )
    if args.out:
        found.save(args.out)
    if args.json:
        print(json.dumps(_facts(found), indent=2))
        return
    print(in_its_words(str(found), args))
    if args.list:
        _list(found)
    if args.out:
        print(f"\n{args.out} says it of every triplet: --splits {args.out}, or splits={str(args.out)!r} in Python")


def _facts(found: Splits) -> dict[str, object]:
    near = None if found.near_duplicates is None else [asdict(each) for each in found.near_duplicates]
    facts: dict[str, object] = {"split_by": found.by, "triplets": found.counts, "in_none": found.dropped}
    return facts | {"entities": found.entities, "shared": found.shared, "near_duplicates": near}


def _list(found: Splits) -> None:
    print()
    for row in found.table.filter(pc.is_null(found.table["split"])).to_pylist():
        who = [f"{name} {value}" for name, value in row.items() if name not in ("key", "split") and value is not None]
        print("\t".join(["in none", row["key"], *who]))
    for pair in found.near_duplicates or ():
        print("\t".join(["in two", *map(str, asdict(pair).values())]))
