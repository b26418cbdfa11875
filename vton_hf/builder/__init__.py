"""The `datasets` builder: from a config to a dataset, built or streamed."""

from vton_hf.builder.assemble import warn_of_shared_triplets
from vton_hf.builder.builder import VTON, load
from vton_hf.builder.config import MIXINGS, ON_ERROR, VTONConfig, listed
from vton_hf.builder.formats import CellTransform
from vton_hf.builder.lazy_images import LazyImages, OneByOne, embedded, use_cells
from vton_hf.builder.source import Source
from vton_hf.builder.splits import SPLIT, each_split, row_ranges
from vton_hf.builder.streaming import BATCH_ROWS, Reader, Stream

__all__ = [
    "BATCH_ROWS",
    "MIXINGS",
    "ON_ERROR",
    "SPLIT",
    "VTON",
    "CellTransform",
    "LazyImages",
    "OneByOne",
    "Reader",
    "Source",
    "Stream",
    "VTONConfig",
    "each_split",
    "embedded",
    "listed",
    "load",
    "row_ranges",
    "use_cells",
    "warn_of_shared_triplets",
]
