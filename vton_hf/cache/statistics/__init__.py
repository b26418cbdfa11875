"""What was measured of images and triplets: a pair of Parquet files for each chunk, shared by all configs."""

from vton_hf.cache.statistics.files import IMAGES, TRIPLETS, StatisticsFiles, unit_name
from vton_hf.cache.statistics.known import KnownImages
from vton_hf.cache.statistics.schema import IMAGE_SCHEMA, TRIPLET_SCHEMA, VERSION
from vton_hf.cache.statistics.tables import (
    MEASURED_ON_OBJECT,
    ImageRow,
    image_row,
    image_table,
    source_of,
    triplet_table,
)

__all__ = [
    "IMAGES",
    "IMAGE_SCHEMA",
    "MEASURED_ON_OBJECT",
    "TRIPLETS",
    "TRIPLET_SCHEMA",
    "VERSION",
    "ImageRow",
    "KnownImages",
    "StatisticsFiles",
    "image_row",
    "image_table",
    "source_of",
    "triplet_table",
    "unit_name",
]
