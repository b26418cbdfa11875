"""The columns of both tables, which are a public file format: `docs/validate.md` says what each means."""

from typing import Final

import pyarrow as pa

VERSION: Final = "1"
"""Part of every file's name and metadata; to be raised when a column means something else."""

_METADATA: Final = {"vton_hf.statistics": VERSION}

IMAGE_SCHEMA: Final = pa.schema(
    {
        "uri": pa.string(),
        "etag": pa.string(),
        "bytes": pa.int64(),
        "role": pa.string(),
        "measured_on": pa.string(),
        "fault": pa.string(),
        "message": pa.string(),
        "format": pa.string(),
        "mode": pa.string(),
        "bits": pa.uint8(),
        "frames": pa.uint16(),
        "alpha": pa.bool_(),
        "orientation": pa.uint8(),
        "profile": pa.string(),
        "trailing": pa.int64(),
        "width": pa.uint32(),
        "height": pa.uint32(),
        "hidden": pa.float32(),
        "content": pa.binary(16),
        "phash": pa.uint64(),
        "dhash": pa.uint64(),
        "colours": pa.binary(48),
        **dict.fromkeys(("brightness", "contrast", "entropy", "q01", "q05", "q95", "q99"), pa.float32()),
        **dict.fromkeys(("saturation", "chroma", "white_border", "sharpness"), pa.float32()),
        **dict.fromkeys(("bar_top", "bar_bottom", "bar_left", "bar_right"), pa.float32()),
        "thumbnail": pa.binary(),
    },
    metadata=_METADATA,
)
"""One row an image; null is what was not looked at, or cannot be known of an image that is of no use."""

_MEASURES: Final = (
    *("similarity", "similarity_shifted", "shift_x", "shift_y", "mirrored", "turned", "scale", "similarity_scaled"),
    *("garment_target", "garment_target_change", "garment_person", "garment_person_change"),
    *(
        "changed",
        "changed_elsewhere",
        "changed_top",
        "changed_frame",
        "changed_x0",
        "changed_y0",
        "changed_x1",
        "changed_y1",
    ),
    *("cast_red", "cast_green", "cast_blue", "worn", "worn_before"),
)

TRIPLET_SCHEMA: Final = pa.schema(
    {
        **dict.fromkeys(("key", "initial_image", "cloth_image", "try_on_image"), pa.string()),
        **dict.fromkeys(_MEASURES, pa.float32()),
    },
    metadata=_METADATA,
)
"""One row a triplet of whose three images there is a thumbnail."""
