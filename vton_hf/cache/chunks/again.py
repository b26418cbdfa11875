"""Why a build prepares again what an earlier version has prepared."""

import logging
from pathlib import Path

from vton_hf.cache.chunks.partition import Chunk

logger = logging.getLogger("vton_hf")


def tell_again(chunks: list[Chunk], root: Path) -> None:
    """Say so of the chunks of a dataset that are there with the pixels of an earlier version only.

    Args:
        chunks: All chunks of the dataset.
        root: The directory that holds chunks.
    """
    renamed = [chunk for chunk in chunks if chunk.former != chunk.name and (root / chunk.former).exists()]
    again = [chunk for chunk in renamed if not (root / chunk.name).exists()]
    if again:
        logger.warning(
            "%s of %s chunks are prepared again, from objects that are fetched again: how an earlier version resized "
            "depended on the version of Pillow, by up to 55 of 255 at hard edges. `vton-hf cache --prune` removes "
            "what it made.",
            f"{len(again):,}",
            f"{len(chunks):,}",
        )
