"""What earlier versions left on disk."""

from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "0.1.0"
ENDPOINT: Final = "http://127.0.0.1:59731"
PREFIX: Final = "s3://photos/dataset_ultimate/"

OPTIONS: Final[dict[str, Any]] = {
    "s3_prefixes": [PREFIX],
    "storage_options": {
        "key": "test",
        "secret": "test",
        "client_kwargs": {"region_name": "us-east-1", "endpoint_url": ENDPOINT},
    },
}
"""Of the datasets that were built: of originals, prepared, and of keys only."""

PREPARED: Final[dict[str, Any]] = {"image_size": (4, 3), "image_format": "png"}
