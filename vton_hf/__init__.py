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
    SampleError,
    StorageError,
    UnavailableError,
    VTONError,
)
from vton_hf.loader.worker import install
from vton_hf.registry import register

if TYPE_CHECKING:
    from vton_hf.builder import VTON, Splits, VTONConfig, build, build_status, load, split, validate
    from vton_hf.cache import BuildStatus
    from vton_hf.engines import RayEngine
    from vton_hf.evaluating import Evaluation, Scores, evaluation
    from vton_hf.exports import ExportResult, export, preview, push_to_hub
    from vton_hf.exports import ExportResult as Delivery
    from vton_hf.loader.collate import collate_triplets
    from vton_hf.loader.dataset import S3VTONDataset
    from vton_hf.loader.profile import LoaderProfile, profile_loader
    from vton_hf.loader.profile import LoaderProfile as TimeBudget
    from vton_hf.loader.profile import profile_loader as time_budget
    from vton_hf.loader.samplers import Curriculum, TripletSampler
    from vton_hf.loader.variants import S3VTONDatasetEasy, S3VTONDatasetHard, S3VTONDatasetMedium, get_vton_dataset
    from vton_hf.report import Validation, contact_sheet
    from vton_hf.storage import configure
    from vton_hf.transforms import TripletTransform, set_transform, transform_of, with_transform

__version__ = "0.1.0"

__all__ = [
    "VTON",
    "AccessError",
    "BuildError",
    "BuildStatus",
    "ConfigError",
    "Curriculum",
    "Delivery",
    "EmptyPoolError",
    "Evaluation",
    "ExportResult",
    "HubAccessError",
    "HubError",
    "HubUnavailableError",
    "ImageError",
    "LayoutError",
    "LoaderProfile",
    "ObjectMissingError",
    "RayEngine",
    "S3VTONDataset",
    "S3VTONDatasetEasy",
    "S3VTONDatasetHard",
    "S3VTONDatasetMedium",
    "SampleError",
    "Scores",
    "Splits",
    "StorageError",
    "TimeBudget",
    "TripletSampler",
    "TripletTransform",
    "UnavailableError",
    "VTONConfig",
    "VTONError",
    "Validation",
    "build",
    "build_status",
    "collate_triplets",
    "configure",
    "contact_sheet",
    "evaluation",
    "export",
    "get_vton_dataset",
    "load",
    "preview",
    "profile_loader",
    "push_to_hub",
    "set_transform",
    "split",
    "time_budget",
    "transform_of",
    "validate",
    "with_transform",
]

_LAZY_MODULES = {
    "VTON": "builder",
    "BuildStatus": "cache",
    "Curriculum": "loader.samplers",
    "Evaluation": "evaluating",
    "ExportResult": "exports",
    "LoaderProfile": "loader.profile",
    "RayEngine": "engines",
    "S3VTONDataset": "loader.dataset",
    "S3VTONDatasetEasy": "loader.variants",
    "S3VTONDatasetHard": "loader.variants",
    "S3VTONDatasetMedium": "loader.variants",
    "Scores": "evaluating",
    "Splits": "builder",
    "TripletSampler": "loader.samplers",
    "TripletTransform": "transforms",
    "VTONConfig": "builder",
    "Validation": "report",
    "build": "builder",
    "build_status": "builder",
    "collate_triplets": "loader.collate",
    "configure": "storage",
    "contact_sheet": "report",
    "evaluation": "evaluating",
    "export": "exports",
    "get_vton_dataset": "loader.variants",
    "load": "builder",
    "preview": "exports",
    "profile_loader": "loader.profile",
    "push_to_hub": "exports",
    "set_transform": "transforms",
    "split": "builder",
    "transform_of": "transforms",
    "validate": "builder",
    "with_transform": "transforms",
}

_RENAMED = {"Delivery": "ExportResult", "TimeBudget": "LoaderProfile", "time_budget": "profile_loader"}
"""Names of version 0.1, and what they are called now."""


def __getattr__(name: str) -> Any:
    """Import a package when something in it is asked for: `datasets` alone takes seconds."""
    name = _RENAMED.get(name, name)
    if name not in _LAZY_MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{_LAZY_MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name in {"torch", "torchvision"}:
            raise ImportError(f"vton_hf.{name} needs torch and torchvision: pip install 'vton-hf[torch]'") from error
        raise
    return getattr(module, name)


def __dir__() -> list[str]:
    return [*(name for name in __all__ if name not in _RENAMED), "__version__"]


register()
install()
