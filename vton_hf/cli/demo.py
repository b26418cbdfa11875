"""`vton-hf demo`: the whole street on one machine, over real S3 requests."""

import time
from argparse import Namespace

import datasets

from vton_hf import report
from vton_hf.contact_sheet import contact_sheet
from vton_hf.demo import write_demo_bucket
from vton_hf.demo.server import BUCKET, demo_server
from vton_hf.mixing import RECIPES, check_weights
from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES

SHEET_ROWS = 2
"""Triplets of each difficulty and gender on the contact sheet."""


def demo(asked: Namespace) -> None:
    """Draw a bucket, serve it, load easy, medium and hard, and save a contact sheet."""
    started = time.monotonic()
    with demo_server() as server:
        print(f"S3 server: {server.endpoint_url}")
        objects = write_demo_bucket(server.put, count=asked.count, size=asked.size, seed=asked.seed)
        print(f"Drew {objects:,} images into s3://{BUCKET}/dataset_ultimate/ ({time.monotonic() - started:.0f} s)\n")
        mixes = {
            name: datasets.load_dataset(
                "vton_hf",
                name,
                split="train",
                s3_prefixes=[f"s3://{BUCKET}/dataset_ultimate/"],
                seed=asked.seed,
                storage_options=server.storage_options,
                cache_dir=str(asked.output / "cache"),
            )
            for name in RECIPES
        }
    for name, rows in mixes.items():
        texts = rows.remove_columns(list(ROLES))
        print(f'load_dataset("vton_hf", "{name}", split="train"): {len(rows):,} rows\n')
        print(report.mix_table(texts[:], check_weights(RECIPES[name])), end="\n\n")
        for row in texts.select(range(min(3, len(texts)))):
            print("   ", row)
        print()
    sheet = asked.output / "contact_sheet.png"
    contact_sheet(_examples(mixes["hard"]), title="Person + garment = try-on").save(sheet)
    print(f"Contact sheet: {sheet}")
    print(f"Cache:         {asked.output / 'cache' / 'vton_hf'}")
    print(f"Took {time.monotonic() - started:.0f} s.")


def _examples(rows: datasets.Dataset) -> list[dict[str, object]]:
    """The first few triplets of each difficulty and gender."""
    texts = rows.remove_columns(list(ROLES))[:]
    places = list(zip(texts["difficulty"], texts["gender"], texts["key"], strict=True))
    chosen = []
    for difficulty in DIFFICULTIES:
        for gender in GENDERS:
            first = {
                key: index for index, (d, g, key) in reversed(list(enumerate(places))) if (d, g) == (difficulty, gender)
            }
            chosen += sorted(first.values())[:SHEET_ROWS]
    return [rows[index] for index in chosen]
