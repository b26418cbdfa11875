"""`vton-hf preview`: a page to look at."""

import importlib
import runpy
import sys
import webbrowser
from argparse import Namespace
from types import ModuleType
from typing import Any

from vton_hf._core.units import amount
from vton_hf.cli.load_options import load_options
from vton_hf.errors import ConfigError
from vton_hf.exports import preview as _preview


def preview(args: Namespace) -> None:
    """Write the page, and say where it is."""
    transform = None if args.transform is None else _loaded(args.transform)
    options = load_options(args)
    page = _preview(
        options.pop("s3_prefixes"),
        args.config,
        html=args.html,
        sample=args.sample,
        transform=transform,
        num_proc=args.num_proc,
        **options,
    ).absolute()
    print(f"{page} ({amount(page.stat().st_size)}) shows the triplets: open it in a browser.")
    if args.open and not webbrowser.open(page.as_uri()):
        print("No browser was found on this machine; the file needs nothing but itself, so it may be copied.")


def _loaded(name: str) -> Any:
    """What a name stands for.

    Raises:
        ConfigError: If it stands for nothing that can be called.
    """
    place, _, attribute = name.rpartition(":")
    if not place or not attribute:
        raise ConfigError(f"--transform must be MODULE:NAME or FILE.py:NAME, got {name!r}.")
    try:
        there = runpy.run_path(place) if place.endswith(".py") else vars(_module(place))
    except Exception as error:  # whatever a user's file does
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"--transform {name!r}: {place} cannot be imported: {reason}") from error
    if not callable(there.get(attribute)):
        names = ", ".join(each for each in there if not each.startswith("_")) or "nothing"
        raise ConfigError(f"--transform {name!r}: {place} has no transform called {attribute!r}. It has {names}.")
    return there[attribute]


def _module(name: str) -> ModuleType:
    sys.path.insert(0, "")  # as `python -m` finds modules
    return importlib.import_module(name)
