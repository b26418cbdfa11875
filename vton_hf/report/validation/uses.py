"""Which triplets use an image: one file may be the person, or the garment, of many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vton_hf.naming import ROLES
from vton_hf.report.validation.measures import Measures


@dataclass(frozen=True)
class Uses:
    """Which triplets use an image, and as what.

    Attributes:
        rows: Rows of the manifest, by image.
        roles: Numbers of roles, in line with them.
        starts: Where each image's uses begin; one more than there are images.
    """

    rows: NDArray[np.int64]
    roles: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, measures: Measures) -> "Uses":
        """Of all triplets."""
        places = np.concatenate([measures.image_rows(role) for role in ROLES])
        rows, roles = np.tile(np.arange(len(measures)), len(ROLES)), np.repeat(np.arange(len(ROLES)), len(measures))
        order = np.argsort(places, kind="stable")
        order = order[np.searchsorted(places[order], 0) :]  # what was not measured stands before
        starts = np.searchsorted(places[order], np.arange(measures.images.num_rows + 1))
        return cls(rows[order], roles[order], starts)

    def __getitem__(self, image: int) -> list[tuple[int, str]]:
        part = slice(self.starts[image], self.starts[image + 1])
        return [(int(row), ROLES[role]) for row, role in zip(self.rows[part], self.roles[part], strict=True)]
