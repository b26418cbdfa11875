"""What `vton-hf doctor` understands."""

from collections.abc import Callable
from typing import Any

from vton_hf.cli.groups import add_cache_dir, add_json, add_prefixes, add_store


def add_doctor(add: Callable[[str, str, str, str], Any]) -> None:
    """Add the command."""
    part = add(
        "doctor [options] [PREFIX ...]",
        "doctor.run:doctor",
        "look at machine, credentials, bucket, names, disk and Hub, and say what to mend",
        "doctor s3://bucket/dataset_ultimate/",
    )
    group = part.add_argument_group("where the triplets lie (default: S3_BUCKET_NAME; without it this machine alone)")
    add_prefixes(group, required=False)
    add_store(group)
    add_cache_dir(part)
    add_json(part)
