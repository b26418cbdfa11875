"""Which triplets a page shows, and of which it holds large pictures."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.report.validation import CHECKS, NOTE, Validation
from vton_hf.triplets import ORDER_KEY

SHOWN: Final = 20_000
"""Triplets on a page at most: some 50 MB of pictures."""

LARGE_PICTURES: Final = 300
"""Triplets with large pictures at most: some 6 MB, and as many objects read thrice."""

_FIRST: Final = 48
"""Triplets that the page shows first."""

_WORST: Final = 12
"""Cases of each check that have large pictures before all others."""

_WORST_SHOWN: Final = 50
"""Cases of each check that are on the page whatever else is."""

Rows = NDArray[np.int64]
"""Numbers of rows of what was looked at, in ascending order."""


def shown_rows(found: Validation, order: Mapping[str, Sequence[int]]) -> Rows:
    """All triplets that were looked at, or the worst cases of each check and a sample that is always the same.

    Args:
        found: What was found.
        order: By check its rows, the worst first.
    """
    rows = found.evidence.measures.rows
    if rows.num_rows <= SHOWN:
        return np.arange(rows.num_rows)
    worst = {row for of_check in order.values() for row in of_check[:_WORST_SHOWN]}
    by_hash = np.argsort(rows[ORDER_KEY].to_numpy(), kind="stable")
    rest = by_hash[~np.isin(by_hash, list(worst))][: SHOWN - len(worst)]
    return np.sort(np.concatenate([np.fromiter(worst, np.int64, len(worst)), rest]))


def large_rows(shown: Rows, order: Mapping[str, Sequence[int]], examples: Sequence[int]) -> Rows:
    """Of those the ones with large pictures: examples, what stands first, the worst of each check, then some of all.

    Args:
        shown: What `shown_rows` gave.
        order: By check its rows, the worst first.
        examples: Rows that are shown before all others.
    """
    if len(shown) <= LARGE_PICTURES:
        return shown
    worst = [row for of_check in order.values() for row in of_check[:_WORST]]
    spread = shown[:: max(1, len(shown) // LARGE_PICTURES)]
    wanted = [*examples, *shown[:_FIRST].tolist(), *worst, *spread.tolist()]
    return np.sort(np.array(list(dict.fromkeys(wanted))[:LARGE_PICTURES], np.int64))


def worst_first(found: Validation) -> dict[str, list[int]]:
    """By check the rows that it finds as an error or a warning, the worst first; then its notes."""
    keys = found.evidence.measures.rows["key"].combine_chunks()
    order = {}
    for check in found.counts():
        table = found.of(check)
        below = check in CHECKS and CHECKS[check].below
        value = pc.fill_null(pc.multiply(table["value"], 1.0 if below else -1.0), float("-inf"))
        is_note = pc.equal(table["severity"], NOTE)
        place = pc.sort_indices(
            pa.table({"note": is_note, "value": value}), [("note", "ascending"), ("value", "ascending")]
        )
        rows = pc.index_in(table["key"].take(place), keys).drop_null().to_pylist()
        order[check] = list(dict.fromkeys(rows))
    return order
