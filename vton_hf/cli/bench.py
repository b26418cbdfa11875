"""`vton-hf bench`: where the time of a DataLoader over these triplets would go, and what would change it."""

import time
from argparse import Namespace
from typing import Any

import vton_hf
from vton_hf.cli.load_options import load_options
from vton_hf.errors import ConfigError


def bench(args: Namespace) -> None:
    """Draw some batches and show what bounds the loader."""
    try:
        loader = _loader(args)
    except ImportError as error:
        raise ConfigError(str(error)) from error
    step = (lambda _: time.sleep(args.step / 1000)) if args.step else None
    print(f"{args.mode}, batches of {args.batch_size}, images of {args.image_size[0]}x{args.image_size[1]}\n")
    profile = str(vton_hf.profile_loader(loader, batches=args.batches, step=step))
    print(profile.replace("pass step= to run yours", "--step MS stands for yours"))


def _loader(args: Namespace) -> Any:
    dataset = _stream(args) if args.mode == "streaming" else _dataset(args)
    from torch.utils.data import DataLoader  # noqa: PLC0415 - seconds, and only here

    return DataLoader(
        dataset,
        batch_size=args.batch_size,
        shuffle=args.mode != "streaming",
        num_workers=args.num_workers,
        collate_fn=vton_hf.collate_triplets,
    )


def _dataset(args: Namespace) -> Any:
    options = load_options(args)
    options |= {"image_size": args.image_size, "materialize": args.mode == "cached"}
    prefixes = options.pop("s3_prefixes")
    if args.config is None:
        return vton_hf.S3VTONDataset(prefixes, **options)
    return vton_hf.get_vton_dataset(args.config, prefixes, **options)


def _stream(args: Namespace) -> Any:
    # Sizes are what is measured: they are given to the transform, not to what would be stored.
    options = {name: value for name, value in load_options(args).items() if name not in {"image_size", "aspect"}}
    streamed = vton_hf.load(args.config or "hard", streaming=True, **options)
    return vton_hf.with_transform(streamed, image_size=args.image_size, aspect=args.aspect or "stretch")
