"""Files beside the three images, such as masks and poses, that are images of a row, too."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.checks import did_you_mean, must_be
from vton_hf.errors import ConfigError
from vton_hf.naming import IMAGE_ENDING


def check_companions(companions: object) -> tuple[str, ...]:
    """The names of columns that are asked for.

    Raises:
        ConfigError: Unless it is a list of names, each once, or None.
    """
    if companions is None:
        return ()
    names = tuple(companions) if isinstance(companions, Sequence) and not isinstance(companions, str) else None
    if names is None or len(set(names)) < len(names) or not all(isinstance(name, str) and name for name in names):
        raise must_be("companions", companions, "a list of columns, such as ['agnostic_mask', 'densepose'], or None")
    return names


def companions_of(
    listing: pa.Table, columns: pa.Table | None, companions: Sequence[str]
) -> tuple[dict[str, NDArray[np.int64]], pa.Table | None]:
    """Where companions lie, and the columns without them.

    Args:
        listing: `uri`, `size` (bytes) and `etag`.
        columns: What layouts say of rows.
        companions: The names of columns of URIs.

    Returns:
        By name the rows of the listing, -1 where there is no such file, or none with bytes; and all other columns.

    Raises:
        ConfigError: If there is no such column, or it holds no pictures.
    """
    found: dict[str, NDArray[np.int64]] = {}
    for name in companions:
        there = [] if columns is None else columns.column_names
        if columns is None or name not in there:
            shown = f"There are {', '.join(there)}." if there else "There are none."
            raise ConfigError(
                f"companions= names {name!r}, which lies beside no image.{did_you_mean(name, there)} {shown}"
            )
        column = columns[name].combine_chunks()
        is_picture = pa.types.is_string(column.type) and pc.match_substring_regex(
            column.drop_null(), rf"{IMAGE_ENDING}$"
        )
        if not is_picture or not pc.all(is_picture).as_py():
            raise ConfigError(f"companions= names {name!r}, whose files are no pictures: it stays a column of URIs.")
        rows = (
            pc.fill_null(pc.index_in(column, value_set=listing["uri"].combine_chunks()), -1).to_numpy().astype(np.int64)
        )
        sizes = listing["size"].to_numpy()
        found[name] = np.where((rows >= 0) & (sizes[rows] > 0), rows, -1)
    left = None if columns is None else columns.drop_columns(list(companions))
    return found, left
