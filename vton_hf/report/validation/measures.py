"""What was measured, in line with the triplets of a manifest."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import ROLES
from vton_hf.triplets import KINDS, Manifest

Rows: TypeAlias = NDArray[np.intp]
"""Numbers of rows of the manifest."""

Made = TypeVar("Made")

Flags: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.float64]


class Measures:
    """Columns of both tables of statistics, one value a triplet; NaN or null where nothing was measured.

    Args:
        manifest: The triplets.
        images: Rows of images, in any order.
        triplets: Rows of triplets, in any order.

    Attributes:
        rows: The manifest's table.
        images: Rows of images, each object once.
    """

    def __init__(self, manifest: Manifest, images: pa.Table, triplets: pa.Table) -> None:
        self.rows = manifest.with_columns(None).table.combine_chunks()
        self.images = images
        self._triplets = triplets
        self._image_of = {role: _places(self.rows[role], images["uri"]) for role in ROLES}
        # Of what is no triplet the images are not meant to be alike.
        self._triplet_of = np.where(_are_triplets(manifest), _places(self.rows["key"], triplets["key"]), -1)
        self._made: dict[str, Any] = {}

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What follows from the images alone and takes long to make: made the first time it is asked for."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    def image_rows(self, role: str) -> Rows:
        """For each triplet the row of its image in `images`; -1 where it was not measured."""
        return self._image_of[role]

    def image(self, role: str, column: str) -> Numbers:
        """A number of one role's image."""
        return _taken(self._numbers(column), self._image_of[role])

    def image_text(self, role: str, column: str) -> pa.Array:
        """A text of one role's image."""
        return _arrow_taken(self.images[column], self._image_of[role])

    def triplet(self, column: str) -> Numbers:
        """A number of the triplet itself."""
        return _taken(_as_numbers(self._triplets[column]), self._triplet_of)

    def has(self, role: str) -> Flags:
        """Whether pixels of that image were looked at."""
        return ~np.isnan(self.image(role, "contrast"))

    @cached_property
    def on_objects(self) -> Flags:
        """Of each row of `images`, whether the object itself was looked at, not what a chunk made of it."""
        return flags(pc.equal(self.images["measured_on"], "original"))

    def object_itself(self, role: str) -> Flags:
        """The same in line with the triplets; False where nothing was measured."""
        itself: Flags = _taken(self.on_objects.astype(np.float64), self._image_of[role]) == 1.0
        return itself

    def _numbers(self, column: str) -> Numbers:
        return _as_numbers(self.images[column])


def _are_triplets(manifest: Manifest) -> Flags:
    columns = manifest.columns
    if columns is None or "kind" not in columns.column_names:
        return np.ones(len(manifest), bool)
    return flags(pc.equal(columns["kind"], KINDS[0]))


def _places(wanted: Any, known: Any) -> Rows:
    found = pc.index_in(wanted, value_set=known.combine_chunks() if isinstance(known, pa.ChunkedArray) else known)
    places: Rows = pc.fill_null(found, -1).to_numpy().astype(np.intp)
    return places


def _as_numbers(column: Any) -> Numbers:
    whole = pc.fill_null(column.cast(pa.float64()), float("nan"))
    numbers: Numbers = whole.to_numpy()
    return numbers


def _taken(values: Numbers, places: Rows) -> Numbers:
    if not len(values):
        return np.full(len(places), np.nan)
    taken: Numbers = np.where(places < 0, np.nan, values[places])
    return taken


def _arrow_taken(column: Any, places: Rows) -> pa.Array:
    taken = column.take(pa.array(places, mask=places < 0))
    return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken


def flags(values: Any) -> Flags:
    """Booleans of Arrow, null as False."""
    result: Flags = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return result
