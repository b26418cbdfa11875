"""Keys that nothing in a layout names."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vton_hf.triplets.group import images_of
from vton_hf.triplets.keys import Keys, read_folders


def strangers(listing: pa.Table, rest: NDArray[np.bool_], hidden: NDArray[np.bool_]) -> list[pa.Table]:
    """Rows of an audit for keys that are no part of a layout.

    Args:
        listing: `uri`, `size` and `etag`.
        rest: [n], whether nothing names a key.
        hidden: [n], whether it is one that nobody meant to be read.
    """
    row = np.flatnonzero(rest | hidden)
    nothing = pa.repeat(pa.scalar("", pa.string()), len(row))
    no_role = np.full(len(row), -1, np.int8)
    folders = read_folders(pa.array([""], pa.string()))
    keys = Keys(row, np.zeros(len(row), np.int32), no_role, nothing, nothing, hidden[row], folders)
    return images_of(listing, keys, needs_difficulty=False)[1]
