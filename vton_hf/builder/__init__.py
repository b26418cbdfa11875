"""The `datasets` builder: from a config to a dataset, built or streamed."""

from vton_hf.builder.assemble import warn_of_shared_triplets
from vton_hf.builder.assemble_stream import open_stream
from vton_hf.builder.builder import VTON
from vton_hf.builder.columns import features_of
from vton_hf.builder.config import VTONConfig
from vton_hf.builder.context import BuildContext
from vton_hf.builder.formats import CellTransform
from vton_hf.builder.indices import selected_rows
from vton_hf.builder.lazy_images import LazyImages, embedded, use_cells
from vton_hf.builder.loading import build, build_status, load, of_every_triplet, of_split_alone, take_over
from vton_hf.builder.notebooks import dataset_html, triplet_pictures
from vton_hf.builder.one_by_one import OneByOne
from vton_hf.builder.plain import listed
from vton_hf.builder.run_options import shared_cache_at
from vton_hf.builder.splits import Part, check_split, check_whole, parts_of, splits_in
from vton_hf.builder.splitting import Across, Splits, split
from vton_hf.builder.streaming import BATCH_ROWS, SUBSTITUTES, Reader, Stream, spare_rows
from vton_hf.builder.validating import Wanted, validate, validated, validation_of

__all__ = [
    "BATCH_ROWS",
    "SUBSTITUTES",
    "VTON",
    "Across",
    "BuildContext",
    "CellTransform",
    "LazyImages",
    "OneByOne",
    "Part",
    "Reader",
    "Splits",
    "Stream",
    "VTONConfig",
    "Wanted",
    "build",
    "build_status",
    "check_split",
    "check_whole",
    "dataset_html",
    "embedded",
    "features_of",
    "listed",
    "load",
    "of_every_triplet",
    "of_split_alone",
    "open_stream",
    "parts_of",
    "selected_rows",
    "shared_cache_at",
    "spare_rows",
    "split",
    "splits_in",
    "take_over",
    "triplet_pictures",
    "use_cells",
    "validate",
    "validated",
    "validation_of",
    "warn_of_shared_triplets",
]
