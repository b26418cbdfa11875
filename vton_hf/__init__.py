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
from vton_hf.loader.worker import install
from vton_hf.registry import register

if TYPE_CHECKING:
    from vton_hf.builder import VTON, VTONConfig, load
    from vton_hf.exports import Delivery, export, push_to_hub
    from vton_hf.loader.collate import collate_triplets
    from vton_hf.loader.dataset import S3VTONDataset
    from vton_hf.loader.profile import TimeBudget, time_budget
    from vton_hf.loader.samplers import Curriculum, TripletSampler
    from vton_hf.loader.variants import S3VTONDatasetEasy, S3VTONDatasetHard, S3VTONDatasetMedium, get_vton_dataset
    from vton_hf.report import contact_sheet
    from vton_hf.storage import configure
    from vton_hf.transforms import TripletTransform, set_transform, transform_of

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

_LAZY_MODULES = {
    "VTON": "builder",
    "Curriculum": "loader.samplers",
    "Delivery": "exports",
    "S3VTONDataset": "loader.dataset",
    "S3VTONDatasetEasy": "loader.variants",
    "S3VTONDatasetHard": "loader.variants",
    "S3VTONDatasetMedium": "loader.variants",
    "TimeBudget": "loader.profile",
    "TripletSampler": "loader.samplers",
    "TripletTransform": "transforms",
    "VTONConfig": "builder",
    "collate_triplets": "loader.collate",
    "configure": "storage",
    "contact_sheet": "report",
    "export": "exports",
    "get_vton_dataset": "loader.variants",
    "load": "builder",
    "push_to_hub": "exports",
    "set_transform": "transforms",
    "time_budget": "loader.profile",
    "transform_of": "transforms",
}


def __getattr__(name: str) -> Any:
    """Import a room when something in it is asked for: `datasets` alone takes seconds."""
    if name not in _LAZY_MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        room = importlib.import_module(f"{__name__}.{_LAZY_MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name in {"torch", "torchvision"}:
            raise ImportError(f"vton_hf.{name} needs torch and torchvision: pip install 'vton-hf[torch]'") from error
        raise
    return getattr(room, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


register()
install()
