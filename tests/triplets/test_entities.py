"""Who and what is in a triplet, by its stem."""

import pyarrow as pa
import pytest

from vton_hf.errors import ConfigError
from vton_hf.triplets.entities import check_entities, entities_of

STEMS = pa.chunked_array([["fh_000001_e01_fc_010632_tracksuit", "fh_000002_e01_fc_010632_x"], ["other"]])


def test_groups_of_the_expression_are_found_anywhere_in_a_stem() -> None:
    pattern = check_entities(r"fh_(?P<person>\d+)_e\d+_fc_(?P<garment>\d+)")
    assert pattern is not None
    assert entities_of(STEMS, pattern) == {
        "person": ["000001", "000002", ""],
        "garment": ["010632", "010632", ""],
    }


def test_one_of_the_two_will_do() -> None:
    pattern = check_entities(r"^fh_(?P<person>\d+)")
    assert pattern is not None
    assert entities_of(STEMS, pattern) == {"person": ["000001", "000002", ""]}
    assert check_entities(None) is None


def test_an_expression_that_matches_nothing_shows_stems() -> None:
    pattern = check_entities(r"(?P<person>zzz)")
    assert pattern is not None
    with pytest.raises(ConfigError, match="none of 3 stems, such as 'fh_000001_e01_fc_010632_tracksuit'"):
        entities_of(STEMS, pattern)


@pytest.mark.parametrize("pattern", ["(", r"\d+", r"(\d+)", r"(?P<who>\d+)", 7])
def test_what_names_nobody_is_refused(pattern: object) -> None:
    with pytest.raises(ConfigError, match=r"Write entities=r'fh_"):
        check_entities(pattern)  # type: ignore[arg-type]
