"""`vton-hf demo`: from a bucket to batches on one machine, over real S3 requests."""

import shlex
import shutil
import time
from argparse import Namespace
from pathlib import Path

import datasets

from vton_hf.demo import check_size, write_demo_folder
from vton_hf.demo.server import BUCKET, demo_server
from vton_hf.mixing import RECIPES, check_weights
from vton_hf.naming import ROLES
from vton_hf.report import contact_sheet, pick_examples, tables


def demo(args: Namespace) -> None:
    """Draw a bucket, serve it, load easy, medium and hard, and save a contact sheet."""
    check_size(args.size)
    started = time.monotonic()
    with demo_server() as server:
        print(f"S3 server: {server.endpoint_url}")
        folder = _drawn(args)
        objects = server.upload(folder)
        print(f"Bucket:    s3://{BUCKET}/dataset_ultimate/, {objects:,} images\n", flush=True)
        for name in RECIPES:
            mix = datasets.load_dataset(
                "vton_hf",
                name,
                split="train",
                s3_prefixes=[f"s3://{BUCKET}/dataset_ultimate/"],
                seed=args.seed,
                storage_options=server.storage_options,
                cache_dir=str(args.output / "cache"),
            )
            _show(name, mix)
    # The last one is hard, which draws from all three difficulties.
    sheet = args.output / "contact_sheet.png"
    examples = [mix[row] for row in pick_examples(mix.remove_columns(list(ROLES))[:])]
    contact_sheet(examples, title="Person + garment = try-on").save(sheet)
    print(f"Contact sheet: {sheet}")
    print(f"Cache:         {args.output / 'cache'}")
    print(f"Took {time.monotonic() - started:.0f} s. The server is gone, its bucket stays as a folder. Go on with:")
    print(f"vton-hf scan {shlex.quote(f'{_from_here(folder)}/dataset_ultimate/')}")


def _show(name: str, mix: datasets.Dataset) -> None:
    texts = mix.remove_columns(list(ROLES))
    print(f"{name}: {len(mix):,} rows\n\n{tables.mix_table(texts[:], check_weights(RECIPES[name]))}\n")
    for row in texts.select(range(min(3, len(texts)))):
        print(f"    {row['key']:17}  {row['garment']}")
    # Warnings of the next mix go to stderr: they should not come before this.
    print(flush=True)


def _from_here(folder: Path) -> str:
    """A local folder as prefixes are written: without the dot it would be a key in a bucket."""
    return str(folder) if folder.is_absolute() else f"./{folder}"


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
