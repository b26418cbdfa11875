"""The commands that export mixes: to the Hub, to a folder, to a bucket."""

from argparse import Namespace
from typing import Any, Final

from vton_hf.cli.load_options import load_options
from vton_hf.exports import PRESETS, ExportResult, push_to_hub
from vton_hf.exports import export as export_files

_OPTIONS: Final = (
    "configs",
    "license",
    "max_shard_size",
    "dry_run",
    "num_proc",
    "revision",
    "commit_message",
    "format",
    "columns",
    "caption",
)


def push(args: Namespace) -> None:
    """Push mixes to the Hub."""
    pushed = push_to_hub(args.repo_id, private=not args.public, **_options(args))
    revision = f', revision="{args.revision}"' if args.revision else ""
    _show(args, pushed, done="Pushed", more=revision)


def export(args: Namespace) -> None:
    """Write mixes as files."""
    exported = export_files(args.directory, **_options(args))
    _show(args, exported, done="Exported", more="")


def _options(args: Namespace) -> dict[str, Any]:
    given = {name: getattr(args, name, None) for name in _OPTIONS}
    return load_options(args) | {name: value for name, value in given.items() if value is not None}


def _show(args: Namespace, result: ExportResult, *, done: str, more: str) -> None:
    print(f"{result.destination}\n\n{result}\n")
    if result.estimated:
        print("Nothing is built yet: these figures follow from the listing.")
    if args.dry_run:
        print("A dry run: nothing was sent.")
        return
    print(f"{done}: {result.url}" if result.url else "Nothing has changed there.")
    part = result.parts[-1]
    kind = "webdataset" if part.glob.endswith(".tar") else "parquet"
    if "://" in result.destination:
        # Stock datasets takes the URLs of files, but no URL of a folder.
        what = f'"{kind}", data_files="{result.destination}{part.glob}", split="train"'
    else:
        what = f'"{result.destination}", "{part.config}", split="{part.split}"'
    print(f"Load it with stock datasets: load_dataset({what}{more})")
    # What it makes of tar files has the columns image.png and txt, which those scripts do not look for.
    if args.columns in PRESETS and kind == "parquet" and "://" not in result.destination:
        print(f"diffusers' scripts: --dataset_name={result.destination} (--train_data_dir would look for image files)")
