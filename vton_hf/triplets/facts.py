"""Difficulty and gender that a table says of rows, beside what their folders say."""

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import DIFFICULTIES, GENDERS
from vton_hf.triplets.keys import Keys

FACTS: Final = ("difficulty", "gender")
_KNOWN = {"difficulty": ("", *DIFFICULTIES), "gender": ("", *GENDERS)}


def with_facts(keys: Keys, given: "dict[str, pa.Array]", *, first: bool) -> Keys:
    """The same keys, of folders that also say what a table does.

    Args:
        keys: Some.
        given: `difficulty`, `gender` or both, in line with the keys; values that are none are passed over.
        first: Whether the table comes before what a folder says, or fills in what it does not.
    """
    codes = {name: _codes(keys, name, given.get(name), first) for name in _KNOWN}
    combined = keys.folder.astype(np.int64)
    for name, known in _KNOWN.items():
        combined = combined * len(known) + codes[name]
    _, index, folder = np.unique(combined, return_index=True, return_inverse=True)
    at = pa.array(index)
    columns = {"folder": keys.folders["folder"].take(pa.array(keys.folder)).take(at)}
    columns |= {name: pa.array(_KNOWN[name]).take(pa.array(codes[name])).take(at) for name in _KNOWN}
    return replace(keys, folder=folder.astype(np.int32), folders=pa.table(columns).select(keys.folders.column_names))


def _codes(keys: Keys, name: str, given: pa.Array | None, first: bool) -> NDArray[np.int64]:
    """Of each key the place in `_KNOWN` of what is said of it."""
    known = pa.array(_KNOWN[name])
    of_folder = pc.fill_null(pc.index_in(keys.folders[name], value_set=known), 0).to_numpy()[keys.folder]
    if given is None:
        return np.asarray(of_folder, np.int64)
    texts = pc.utf8_lower(pc.utf8_trim_whitespace(given.cast(pa.string())))
    of_table = pc.fill_null(pc.index_in(texts, value_set=known), 0).to_numpy()
    one, two = (of_table, of_folder) if first else (of_folder, of_table)
    return np.asarray(np.where(one > 0, one, two), np.int64)
