"""Which triplets stand for all others on a contact sheet."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.checks import check_int
from vton_hf.naming import DIFFICULTIES, GENDERS
from vton_hf.report.tables import strings


def pick_examples(texts: Mapping[str, Any], each: int = 2) -> list[int]:
    """Choose triplets for a sheet: the first few of each difficulty and gender, none of them twice.

    Args:
        texts: Columns `difficulty`, `gender` and `key` of a dataset: a `pa.Table`, or lists.
        each: At most so many of a difficulty and gender; triplets whose gender is not said are a third kind.

    Returns:
        Numbers of rows, grouped by difficulty and gender.

    Raises:
        ConfigError: If `each` makes no sense.

    >>> pick_examples({"difficulty": ["hard", "easy", "easy"], "gender": ["male"] * 3, "key": ["c", "a", "a"]})
    [1, 0]
    """
    most = check_int("each", each, least=1)
    difficulties, genders, keys = (strings(texts[name]) for name in ("difficulty", "gender", "key"))
    chosen: list[int] = []
    for difficulty in (*DIFFICULTIES, ""):
        for gender in (*GENDERS, ""):
            mask = pc.and_(pc.equal(difficulties, difficulty), pc.equal(genders, gender))
            # Codes are given in the order in which keys turn up.
            codes = pc.dictionary_encode(keys.filter(mask)).indices
            firsts = [first for code in range(most) if (first := pc.index(codes, code).as_py()) >= 0]
            chosen += pc.indices_nonzero(mask).take(pa.array(firsts, pa.int64())).to_pylist()
    return chosen
