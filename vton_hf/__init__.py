"""Virtual Try-On triplets from S3 as Hugging Face datasets.

>>> import vton_hf
>>> from datasets import load_dataset
>>> ds = load_dataset("vton_hf", "hard", split="train", s3_prefixes=["s3://bucket/dataset_ultimate/"])
... # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING, Any

from vton_hf.errors import (
    AccessError,
    BuildError,
    ConfigError,
    EmptyPoolError,
    ImageError,
    LayoutError,
    ObjectMissingError,
    StorageError,
    UnavailableError,
    VTONError,
)
from vton_hf.registry import register

if TYPE_CHECKING:
    from vton_hf.builder import VTON, load
    from vton_hf.config import VTONConfig
    from vton_hf.sheet import contact_sheet
    from vton_hf.storage import configure

__version__ = "0.1.0"

__all__ = [
    "VTON",
    "AccessError",
    "BuildError",
    "ConfigError",
    "EmptyPoolError",
    "ImageError",
    "LayoutError",
    "ObjectMissingError",
    "StorageError",
    "UnavailableError",
    "VTONConfig",
    "VTONError",
    "configure",
    "contact_sheet",
    "load",
]

_ROOMS = {
    "VTON": "builder",
    "VTONConfig": "config",
    "configure": "storage",
    "contact_sheet": "sheet",
    "load": "builder",
}


def __getattr__(name: str) -> Any:
    """Import a room when something in it is asked for: `datasets` alone takes seconds."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


register()
