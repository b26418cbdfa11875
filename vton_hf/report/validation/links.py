"""Triplets that share a picture to the eye, under whatever names: what splits may keep together, or should know of."""

from collections.abc import Collection
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vton_hf.naming import ROLES
from vton_hf.report.validation.duplicates import same_pictures
from vton_hf.report.validation.measures import Measures
from vton_hf.report.validation.uses import Uses

Links: TypeAlias = NDArray[np.int64]
"""Pairs of rows of the manifest, and the number in `ROLES` of the picture of each: int64 [n, 4]."""


def picture_links(
    measures: Measures, roles: Collection[str] = ROLES, among: "NDArray[np.bool_] | None" = None
) -> Links:
    """Pairs of triplets of which a picture is the same file, or nearly the same picture.

    Each triplet that uses a picture is linked to the first that does, and the first of each picture to that of its
    like: so all are linked that are alike, in as few pairs as can be.

    Args:
        measures: What was measured of them.
        roles: Whose pictures count.
        among: Which triplets do; bool [n].
    """
    uses = Uses.of(measures)
    wanted = np.isin(uses.roles, [ROLES.index(role) for role in roles])
    wanted &= True if among is None else among[uses.rows]
    image = np.repeat(np.arange(measures.images.num_rows), np.diff(uses.starts))
    image, rows, of_role = image[wanted], uses.rows[wanted], uses.roles[wanted]
    used, first = np.unique(image, return_index=True)
    each = np.stack([first[np.searchsorted(used, image)], np.arange(len(image))], axis=1)
    pairs = same_pictures(measures)
    pairs = pairs[np.isin(pairs, used).all(axis=1)]
    ends = np.concatenate([each, first[np.searchsorted(used, pairs)]])
    ends = ends[rows[ends[:, 0]] != rows[ends[:, 1]]]
    return np.stack([rows[ends[:, 0]], rows[ends[:, 1]], of_role[ends[:, 0]], of_role[ends[:, 1]]], axis=1)
