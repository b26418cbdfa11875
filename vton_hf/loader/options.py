"""The options of the torch datasets, for type checkers and editors."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch

from vton_hf._core.options import EpochSizes, Sync, TripletOptions


class SampleOptions(TripletOptions, total=False):
    """Options of `S3VTONDataset` beside those that it names itself."""

    sync: Sync
    on_error: Literal["replace", "raise"]
    max_broken: float
    mix_by: str
    dtype: torch.dtype | None


class DatasetOptions(SampleOptions, total=False):
    """Options of `get_vton_dataset` beside those that it names itself."""

    difficulty_weights: Mapping[str, float] | None
    columns: Sequence[str]
    seed: int
    epoch_size: EpochSizes
    split: str
    materialize: bool
    num_proc: int | None
    storage_options: Mapping[str, Any] | None
