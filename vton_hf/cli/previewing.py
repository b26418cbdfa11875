"""`vton-hf preview`: a page to look at."""

import importlib
import importlib.util
import sys
import webbrowser
from argparse import Namespace
from pathlib import Path
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
        module = _module(place)
    except Exception as error:  # whatever a user's file does
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"--transform {name!r}: {place} cannot be imported: {reason}") from error
    found = getattr(module, attribute, None)
    if not callable(found):
        there = ", ".join(each for each in vars(module) if not each.startswith("_")) or "nothing"
        raise ConfigError(f"--transform {name!r}: {place} has no transform called {attribute!r}. It has {there}.")
    return found


def _module(place: str) -> ModuleType:
    if not place.endswith(".py"):
        sys.path.insert(0, "")  # as `python -m` finds modules
        return importlib.import_module(place)
    spec = importlib.util.spec_from_file_location(Path(place).stem, place)
    if spec is None or spec.loader is None:
        raise ImportError(place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
