"""Files are equal in rows, bounded in bytes, and few."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vton_hf.errors import ConfigError
from vton_hf.exports.shards import cut_rows, groups, parse_size


def lengths(sizes: Sequence[int], limit: int) -> list[int]:
    return [len(part) for part in cut_rows(np.array(sizes, np.int64), limit, 512)]


@given(st.lists(st.integers(0, 5_000_000), min_size=1, max_size=300), st.sampled_from([100_000, 10**7, 2 * 10**9]))
def test_parts_cover_all_rows_evenly_and_stay_below_the_bound(sizes: list[int], limit: int) -> None:
    parts = cut_rows(np.array(sizes, np.int64), limit, 512)
    assert [row for part in parts for row in part] == list(range(len(sizes)))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    if max(sizes) < limit // 2 - 512:
        assert all(sum(sizes[row] for row in part) <= limit for part in parts)


def test_small_datasets_have_parts_for_ranks_and_workers() -> None:
    assert lengths([4_000_000] * 100, 2 * 10**9) == [100]
    assert lengths([4_000_000] * 400, 2 * 10**9) == [67, 67, 67, 67, 66, 66]
    assert lengths([4_000_000] * 5_000, 2 * 10**9) == [313] * 8 + [312] * 8


def test_one_large_row_does_not_make_each_row_a_file() -> None:
    assert len(lengths([400_000] * 8_000 + [12_000_000], 10_000_000)) < 1_000


@pytest.mark.parametrize(("size", "number"), [("2GB", 2 * 10**9), ("500000000", 5 * 10**8), (7, 7), ("1MiB", 2**20)])
def test_sizes_are_read_as_datasets_reads_them_or_as_bytes(size: int | str, number: int) -> None:
    assert parse_size(size) == number


@pytest.mark.parametrize("size", ["", "2 apples", 0, -1, True, None, 1.5, "-3"])
def test_other_sizes_are_refused(size: object) -> None:
    with pytest.raises(ConfigError, match="max_shard_size"):
        parse_size(size)  # type: ignore[arg-type]


def test_a_group_of_rows_weighs_32_mib_at_most_or_is_one_row() -> None:
    sizes = np.array([10, 20, 90, 1, 1], np.int64) * 2**20
    assert list(groups(sizes, range(5))) == [range(2), range(2, 3), range(3, 5)]
