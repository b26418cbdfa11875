"""`vton-hf bench`: where the time of a DataLoader over these triplets would go, and what would change it."""

import time
from argparse import Namespace
from typing import Any, Final

import vton_hf
from vton_hf.cli.commands import load_options
from vton_hf.errors import ConfigError

MODES: Final = ("lazy", "cached", "streaming")


def bench(asked: Namespace) -> None:
    """Draw some batches and show the time budget."""
    try:
        loader = _loader(asked)
    except ImportError as error:
        raise ConfigError(str(error)) from error
    step = (lambda _: time.sleep(asked.step / 1000)) if asked.step else None
    print(f"{asked.mode}, batches of {asked.batch_size}, images of {asked.image_size[0]}x{asked.image_size[1]}\n")
    print(vton_hf.time_budget(loader, batches=asked.batches, step=step))


def _loader(asked: Namespace) -> Any:
    dataset = _stream(asked) if asked.mode == "streaming" else _dataset(asked)
    from torch.utils.data import DataLoader  # noqa: PLC0415 - seconds, and only here

    return DataLoader(
        dataset,
        batch_size=asked.batch_size,
        shuffle=asked.mode != "streaming",
        num_workers=asked.num_workers,
        collate_fn=vton_hf.collate_triplets,
    )


def _dataset(asked: Namespace) -> Any:
    options = load_options(asked)
    options |= {"image_size": asked.image_size, "materialize": asked.mode == "cached"}
    prefixes = options.pop("s3_prefixes")
    if asked.config is None:
        return vton_hf.S3VTONDataset(prefixes, **options)
    return vton_hf.get_vton_dataset(asked.config, prefixes, **options)


def _stream(asked: Namespace) -> Any:
    # Sizes are what is measured: they are given to the transform, not to what would be stored.
    options = {name: value for name, value in load_options(asked).items() if name not in {"image_size", "aspect"}}
    streamed = vton_hf.load(asked.config or "hard", streaming=True, **options)
    return vton_hf.set_transform(streamed, image_size=asked.image_size, aspect=asked.aspect or "stretch")
