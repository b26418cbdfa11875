"""What goes along with splits: a file that says of every triplet which it is in, and what the card says of that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vton_hf._core.digests import digest
from vton_hf.builder import VTON
from vton_hf.report import splits_text
from vton_hf.triplets import to_bytes


@dataclass(frozen=True, slots=True, repr=False)
class SplitManifest:
    """A split manifest of a config.

    Attributes:
        name: Below the destination; hidden, so that no pattern of `datasets` takes it for data.
        data: The file.
        text: What the card says of the splits, in Markdown.
    """

    name: str
    data: bytes
    text: str


def split_manifest(builder: VTON, splits: Mapping[str, Any]) -> SplitManifest | None:
    """The split manifest of a config; None if its triplets are not split, or do not leave by the names of the splits.

    Args:
        builder: The config.
        splits: What leaves, by the name that it is given.
    """
    manifest, parts = builder.triplets.manifest, builder.context.parts
    found = parts.assignment(manifest)
    if found is None or any(str(split) != name for name, split in splits.items()):
        return None
    data = to_bytes(found, manifest)
    name = f"{builder.config.name}/.split_manifest-{digest(data)}.parquet"
    drawn = np.zeros(len(manifest), bool)
    for pool in builder.context.drawn:
        drawn[np.asarray(manifest.rows_of(pool), np.int64)] = True
    return SplitManifest(name, data, splits_text(found.where(drawn), name, list(splits)))
