"""Near codes: all of them are found, and groups are no chains."""

import itertools

import numpy as np
import pytest

from vton_hf.report.validation.neighbours import MOST_PAIRS, complete_groups, near_pairs


def everything(pairs: np.ndarray) -> np.ndarray:
    return np.ones(len(pairs), bool)


@pytest.mark.parametrize("radius", [0, 1, 4, 7])
def test_all_pairs_within_the_radius_are_found(radius: int) -> None:
    rng = np.random.default_rng(radius)
    codes = rng.integers(0, 2**64, (60, 2), np.uint64)
    copies = codes.repeat(4, axis=0)
    for number in range(len(copies)):
        for bit in rng.choice(128, rng.integers(0, 9), replace=False):
            copies[number, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    tones = np.zeros(len(copies), np.uint8)
    wanted = [
        pair
        for pair in itertools.combinations(range(len(copies)), 2)
        if np.bitwise_count(copies[pair[0]] ^ copies[pair[1]]).sum() <= radius
    ]
    pairs, complete = near_pairs(copies, radius, tones, 10, everything)
    assert [tuple(pair) for pair in pairs.tolist()] == wanted
    assert complete
    assert wanted or radius < 4


def test_pairs_of_other_tones_and_those_that_do_not_agree_are_left_out() -> None:
    codes = np.zeros((4, 2), np.uint64)
    tones = np.array([0, 5, 40, 44], np.uint8)
    assert near_pairs(codes, 7, tones, 10, everything)[0].tolist() == [[0, 1], [2, 3]]
    assert near_pairs(codes, 7, tones, 255, lambda pairs: pairs.sum(axis=1) == 3)[0].tolist() == [[0, 3], [1, 2]]


def test_a_crowd_is_not_searched_to_its_end() -> None:
    codes, tones = np.zeros((2500, 2), np.uint64), np.zeros(2500, np.uint8)
    pairs, complete = near_pairs(codes, 7, tones, 10, everything)
    assert not complete
    assert MOST_PAIRS < len(pairs) < 2 * MOST_PAIRS


def test_groups_are_no_chains() -> None:
    chain = np.array([[0, 1], [1, 2], [2, 3]])
    assert complete_groups(chain) == [[0, 1], [2, 3]]
    square = np.array(list(itertools.combinations(range(4), 2)))
    assert complete_groups(square) == [[0, 1, 2, 3]]
    assert complete_groups(np.zeros((0, 2), np.int64)) == []


def test_each_pair_of_a_group_is_near() -> None:
    rng = np.random.default_rng(3)
    pairs = np.array([pair for pair in itertools.combinations(range(40), 2) if rng.random() < 0.3])
    known = {tuple(pair) for pair in pairs.tolist()}
    groups = complete_groups(pairs)
    members = [member for group in groups for member in group]
    assert len(members) == len(set(members))
    for group in groups:
        assert set(itertools.combinations(group, 2)) <= known
