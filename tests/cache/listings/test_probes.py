"""Which changes of a large bucket 64 pages show."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from vton_hf.cache.listings.validate import PROBES, Outcome, compare
from vton_hf.errors import StorageError

ROOT = "s3://b/root/"
ROWS = 2_000


def table_of(keys: Sequence[str]) -> pa.Table:
    uris = sorted(f"{ROOT}{key}" for key in keys)
    return pa.table({"uri": uris, "size": np.ones(len(uris), np.int64), "etag": uris})


def several(folders: int, rows: int = ROWS) -> list[str]:
    return [f"{folder:05d}/{row:05d}.png" for folder in range(folders) for row in range(rows)]


def folders_of(count: int, rows: int = ROWS) -> pa.Table:
    return table_of(several(count, rows))


class Pages:
    """A store that holds a table, as far as `compare` asks it."""

    def __init__(self, table: pa.Table) -> None:
        self.table, self.uris = table, table["uri"].to_pylist()
        self.asked: list[tuple[str, str]] = []

    def list_page(self, places: Sequence[tuple[str, str]]) -> list[pa.Table]:
        self.asked += places
        found = []
        for prefix, after in places:
            begin = bisect_right(self.uris, after) if after else bisect_left(self.uris, prefix)
            page = self.table.slice(begin, 1_000)
            found.append(page.filter(pc.starts_with(page["uri"], prefix)))
        return found


def compared(table: pa.Table, now: pa.Table, prefixes: Sequence[str] = (ROOT,)) -> tuple[Outcome, Pages]:
    store: Any = Pages(now)
    return compare(table, prefixes, store), store


@pytest.mark.parametrize("folders", [1, 20, 70])
def test_what_has_not_changed_is_believed(folders: int) -> None:
    table = folders_of(folders)
    for prefixes in ([ROOT], [f"{ROOT}{folder:05d}/" for folder in range(folders)], [ROOT, f"{ROOT}00000/"]):
        outcome, store = compared(table, table, prefixes)
        assert outcome.doubt is None
        assert 0 < outcome.pages == len(store.asked) == len(set(store.asked)) <= PROBES


def test_a_short_listing_is_compared_in_fewer_requests_than_it_takes() -> None:
    table = folders_of(2, 15_000)
    assert compared(table, table)[0].pages < 30 / 2


CHANGES: dict[str, Callable[[list[str]], Any]] = {
    "behind a folder's last key": lambda keys: keys.append("00007/99999.png"),
    "before a folder's first key": lambda keys: keys.append("00007/0.png"),
    "a folder between others": lambda keys: keys.append("00007a/1.png"),
    "a folder before all": lambda keys: keys.append("!/1.png"),
    "a folder behind all": lambda keys: keys.append("x/1.png"),
    "a folder's last key gone": lambda keys: keys.remove("00007/01999.png"),
    "one in a hundred gone": lambda keys: keys.__delitem__(slice(None, None, 100)),
    "all of a folder gone": lambda keys: keys.__delitem__(slice(7 * ROWS, 8 * ROWS)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_comes_or_goes_at_a_border_or_everywhere_shows(change: str) -> None:
    keys = several(20)
    CHANGES[change](keys)
    outcome, _ = compared(folders_of(20), table_of(keys))
    assert outcome.doubt == f"something below {ROOT} came, went or was replaced"


def test_replaced_objects_show_where_they_are_many() -> None:
    table = folders_of(20)
    etags = pa.array(np.where(np.arange(table.num_rows) % 500 == 7, "new", table["etag"].to_numpy()))
    outcome, _ = compared(table, table.set_column(2, "etag", etags))
    assert outcome.doubt is not None


def test_one_key_among_many_shows_with_the_share_of_pages() -> None:
    table, now = folders_of(1, 100_000), table_of([key for key in several(1, 100_000) if "50000" not in key])
    seen = sum(compared(table, now)[0].doubt is not None for _ in range(60))
    assert 0 < seen < 60, "25 of 100 pages are compared, others each time"


def test_a_store_that_fails_is_a_doubt() -> None:
    class Fails:
        def list_page(self, _: object) -> list[pa.Table]:
            raise StorageError("s3://b/root/ does not answer.")

    store: Any = Fails()
    assert compare(folders_of(1), [ROOT], store) == Outcome(
        0, "no page could be compared: s3://b/root/ does not answer."
    )
