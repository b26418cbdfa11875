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
    HubAccessError,
    HubError,
    HubUnavailableError,
    ImageError,
    LayoutError,
    ObjectMissingError,
    StorageError,
    UnavailableError,
    VTONError,
)
from vton_hf.orphans import watch_workers
from vton_hf.registry import register

if TYPE_CHECKING:
    from vton_hf.budget import TimeBudget, time_budget
    from vton_hf.builder import VTON, load
    from vton_hf.collate import collate_triplets
    from vton_hf.config import VTONConfig
    from vton_hf.delivery import Delivery, export
    from vton_hf.hub import push_to_hub
    from vton_hf.samplers import Curriculum, TripletSampler
    from vton_hf.sheet import contact_sheet
    from vton_hf.storage import configure
    from vton_hf.torch_dataset import S3VTONDataset
    from vton_hf.transforms import TripletTransform, set_transform, transform_of
    from vton_hf.variants import S3VTONDatasetEasy, S3VTONDatasetHard, S3VTONDatasetMedium, get_vton_dataset

__version__ = "0.1.0"

__all__ = [
    "VTON",
    "AccessError",
    "BuildError",
    "ConfigError",
    "Curriculum",
    "Delivery",
    "EmptyPoolError",
    "HubAccessError",
    "HubError",
    "HubUnavailableError",
    "ImageError",
    "LayoutError",
    "ObjectMissingError",
    "S3VTONDataset",
    "S3VTONDatasetEasy",
    "S3VTONDatasetHard",
    "S3VTONDatasetMedium",
    "StorageError",
    "TimeBudget",
    "TripletSampler",
    "TripletTransform",
    "UnavailableError",
    "VTONConfig",
    "VTONError",
    "collate_triplets",
    "configure",
    "contact_sheet",
    "export",
    "get_vton_dataset",
    "load",
    "push_to_hub",
    "set_transform",
    "time_budget",
    "transform_of",
]

_ROOMS = {
    "VTON": "builder",
    "Curriculum": "samplers",
    "Delivery": "delivery",
    "S3VTONDataset": "torch_dataset",
    "S3VTONDatasetEasy": "variants",
    "S3VTONDatasetHard": "variants",
    "S3VTONDatasetMedium": "variants",
    "TimeBudget": "budget",
    "TripletSampler": "samplers",
    "TripletTransform": "transforms",
    "VTONConfig": "config",
    "collate_triplets": "collate",
    "configure": "storage",
    "contact_sheet": "sheet",
    "export": "delivery",
    "get_vton_dataset": "variants",
    "load": "builder",
    "push_to_hub": "hub",
    "set_transform": "transforms",
    "time_budget": "budget",
    "transform_of": "transforms",
}


def __getattr__(name: str) -> Any:
    """Import a room when something in it is asked for: `datasets` alone takes seconds."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        room = importlib.import_module(f"{__name__}.{_ROOMS[name]}")
    except ModuleNotFoundError as error:
        if error.name in {"torch", "torchvision"}:
            raise ImportError(f"vton_hf.{name} needs torch and torchvision: pip install 'vton-hf[torch]'") from error
        raise
    return getattr(room, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


register()
watch_workers()
