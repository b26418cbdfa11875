"""What goes along with splits: a file that says of every triplet which it is in, and what the card says of that."""

from dataclasses import dataclass

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


def split_manifest(builder: VTON) -> SplitManifest | None:
    """The split manifest of a config; None if its triplets are not split."""
    manifest = builder.triplets.manifest
    found = builder.context.parts.assignment(manifest)
    if found is None:
        return None
    data = to_bytes(found, manifest)
    name = f"{builder.config.name}/.split_manifest-{digest(data)}.parquet"
    return SplitManifest(name, data, splits_text(found, name))
