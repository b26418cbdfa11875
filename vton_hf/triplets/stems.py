"""Garments whose names hold `_cloth_` several times: which of the marks ends the stem."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.naming import CLOTH_MARK, ROLES
from vton_hf.triplets.arrow_text import cut, edges
from vton_hf.triplets.keys import CLOTH, Keys, Rows

_PERSON = ROLES.index("initial_image")


def resolve_stems(images: Keys) -> Keys:
    """Give each garment the longest stem that a person has; where none fits, its first mark ends the stem."""
    garments = np.flatnonzero(images.role == CLOTH)
    positions, rest = _at_next_mark(garments, images.take(garments))
    if not len(positions):
        return images
    persons = images.take(np.flatnonzero(images.role == _PERSON)).identity()
    resolved = images
    while len(positions):
        fits = pc.is_in(rest.identity(), persons)
        used = np.zeros(len(images.row), bool)
        used[positions[fits.to_numpy(zero_copy_only=False)]] = True
        resolved = replace(
            resolved,
            stem=pc.replace_with_mask(resolved.stem, pa.array(used), rest.stem.filter(fits)),
            garment=pc.replace_with_mask(resolved.garment, pa.array(used), rest.garment.filter(fits)),
        )
        positions, rest = _at_next_mark(positions, rest)
    return resolved


def _at_next_mark(positions: Rows, garments: Keys) -> tuple[Rows, Keys]:
    """Those whose names hold a further mark, which now ends the stem, and their places."""
    # Two marks may share an underscore.
    again = pc.or_(pc.starts_with(garments.garment, CLOTH_MARK[1:]), pc.match_substring(garments.garment, CLOTH_MARK))
    more = np.flatnonzero(again.to_numpy(zero_copy_only=False))
    garments = garments.take(more)
    behind = pc.binary_join_element_wise("_", garments.garment, "")
    starts, stops = edges(behind)[:-1], edges(behind)[1:]
    mark = starts + pc.find_substring(behind, CLOTH_MARK).to_numpy()
    stem = pc.binary_join_element_wise(garments.stem, cut(behind, starts, mark), CLOTH_MARK[:-1])
    return positions[more], replace(garments, stem=stem, garment=cut(behind, mark + len(CLOTH_MARK), stops))
