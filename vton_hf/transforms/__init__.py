"""From bytes to tensors: decoding, sizes, the user's transform, shared randomness, broken samples."""

from vton_hf.transforms.api import set_transform, transform_of, with_transform
from vton_hf.transforms.display import picture_of
from vton_hf.transforms.failures import Failure
from vton_hf.transforms.pipeline import Transform
from vton_hf.transforms.rows import DatasetRows, HeldOutRows, Rows, undecode
from vton_hf.transforms.triplet import TripletTransform

__all__ = [
    "DatasetRows",
    "Failure",
    "HeldOutRows",
    "Rows",
    "Transform",
    "TripletTransform",
    "picture_of",
    "set_transform",
    "transform_of",
    "undecode",
    "with_transform",
]
