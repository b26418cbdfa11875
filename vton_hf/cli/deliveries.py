"""The commands that hand mixes on: to the Hub, to a folder, to a bucket."""

from argparse import Namespace
from typing import Any, Final

from vton_hf.cli.commands import load_options
from vton_hf.exports import PRESETS, Delivery, push_to_hub
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


def push(asked: Namespace) -> None:
    """Push mixes to the Hub."""
    pushed = push_to_hub(asked.repo_id, private=not asked.public, **_options(asked))
    revision = f', revision="{asked.revision}"' if asked.revision else ""
    _tell(asked, pushed, done="Pushed", more=revision)


def export(asked: Namespace) -> None:
    """Write mixes as files."""
    exported = export_files(asked.directory, **_options(asked))
    _tell(asked, exported, done="Exported", more="")


def _options(asked: Namespace) -> dict[str, Any]:
    given = {name: getattr(asked, name, None) for name in _OPTIONS}
    return load_options(asked) | {name: value for name, value in given.items() if value is not None}


def _tell(asked: Namespace, delivery: Delivery, *, done: str, more: str) -> None:
    print(f"{delivery.place}\n\n{delivery}\n")
    if delivery.estimated:
        print("Nothing is built yet: these figures follow from the listing.")
    if asked.dry_run:
        print("A dry run: nothing was sent.")
        return
    print(f"{done}: {delivery.url}" if delivery.url else "Nothing has changed there.")
    part = delivery.parts[-1]
    if "://" in delivery.place:
        # Stock datasets takes the URLs of files, but no URL of a folder.
        kind = "webdataset" if part.glob.endswith(".tar") else "parquet"
        what = f'"{kind}", data_files="{delivery.place}{part.glob}", split="train"'
    else:
        what = f'"{delivery.place}", "{part.config}", split="{part.split}"'
    print(f"Load it with stock datasets: load_dataset({what}{more})")
    if asked.columns in PRESETS and "://" not in delivery.place:
        print(f"diffusers' scripts: --dataset_name={delivery.place} (--train_data_dir would look for image files)")
