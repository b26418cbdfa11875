"""`vton-hf demo`: from a bucket to batches on one machine, over real S3 requests."""

import shutil
import time
from argparse import Namespace
from pathlib import Path

import datasets

from vton_hf.demo import write_demo_folder
from vton_hf.demo.server import BUCKET, demo_server
from vton_hf.mixing import RECIPES, check_weights
from vton_hf.naming import ROLES
from vton_hf.report import contact_sheet, pick_examples, tables


def demo(args: Namespace) -> None:
    """Draw a bucket, serve it, load easy, medium and hard, and save a contact sheet."""
    started = time.monotonic()
    with demo_server() as server:
        print(f"S3 server: {server.endpoint_url}")
        objects = server.upload(_drawn(args))
        print(f"Bucket:    s3://{BUCKET}/dataset_ultimate/, {objects:,} images\n")
        mixes = {
            name: datasets.load_dataset(
                "vton_hf",
                name,
                split="train",
                s3_prefixes=[f"s3://{BUCKET}/dataset_ultimate/"],
                seed=args.seed,
                storage_options=server.storage_options,
                cache_dir=str(args.output / "cache"),
            )
            for name in RECIPES
        }
    for name, rows in mixes.items():
        texts = rows.remove_columns(list(ROLES))
        print(f'load_dataset("vton_hf", "{name}", split="train"): {len(rows):,} rows\n')
        print(tables.mix_table(texts[:], check_weights(RECIPES[name])), end="\n\n")
        for row in texts.select(range(min(3, len(texts)))):
            print("   ", row)
        print()
    sheet = args.output / "contact_sheet.png"
    hard = mixes["hard"]
    examples = [hard[row] for row in pick_examples(hard.remove_columns(list(ROLES))[:])]
    contact_sheet(examples, title="Person + garment = try-on").save(sheet)
    print(f"Contact sheet: {sheet}")
    print(f"Cache:         {args.output / 'cache' / 'vton_hf'}")
    print(f"Took {time.monotonic() - started:.0f} s.")


def _drawn(args: Namespace) -> Path:
    """The bucket as a folder, drawn by an earlier demo or now."""
    height, width = args.size
    folder: Path = args.output / f"bucket-{args.count}x{height}x{width}-{args.seed}"
    if not folder.exists():
        print(f"Drawing {folder} ...")
        scratch = folder.with_name(folder.name + ".incomplete")
        shutil.rmtree(scratch, ignore_errors=True)
        write_demo_folder(scratch, count=args.count, size=args.size, seed=args.seed)
        scratch.rename(folder)
    return folder
