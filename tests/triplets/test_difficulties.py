"""Triplets whose folders say no difficulty: left out and counted, or given one by the options."""

from pathlib import Path

import pytest

import vton_hf
from tests.bucket import Bucket, png
from tests.cli.test_cli import Cli, cli  # noqa: F401 - a fixture
from tests.triplets.listings import listing, several
from vton_hf.errors import EmptyPoolError, LayoutError
from vton_hf.triplets import select_triplets

SILENT = [*several("photos/dresses/female/", 3), *several("photos/tops/male/", 2), *several("photos/", 1)]
SAYING = several("easy/female/", 4)


def sizes(*keys: str, **rules: object) -> dict[str, int]:
    return select_triplets(listing([*keys]), **rules)[0].sizes()  # type: ignore[arg-type]


def test_without_a_rule_they_are_left_out_and_counted() -> None:
    manifest, audit = select_triplets(listing([*SILENT, *SAYING]))
    assert manifest.sizes() == {"easy": 4, "medium": 0, "hard": 0}
    assert audit.counts() == {"no difficulty": 18}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"default_difficulty": "hard"}, {"easy": 4, "medium": 0, "hard": 6}),
        ({"difficulty_of": {"dresses": "hard"}}, {"easy": 4, "medium": 0, "hard": 3}),
        ({"difficulty_of": {"Dresses": "hard", "tops": "medium"}}, {"easy": 4, "medium": 2, "hard": 3}),
        ({"difficulty_of": {"dresses": "hard"}, "default_difficulty": "medium"}, {"easy": 4, "medium": 3, "hard": 3}),
        ({"difficulty_of": {"photos": "easy", "tops": "hard"}}, {"easy": 8, "medium": 0, "hard": 2}),
        ({"difficulty_of": {"female": "hard", "easy": "medium"}}, {"easy": 4, "medium": 0, "hard": 3}),
    ],
    ids=str,
)
def test_the_innermost_folder_with_a_rule_counts_and_what_a_key_says_comes_first(
    rules: dict[str, object], expected: dict[str, int]
) -> None:
    assert sizes(*SILENT, *SAYING, **rules) == expected


def test_a_bucket_or_a_server_of_that_name_is_no_folder() -> None:
    keys = listing(several("photos/", 2))
    with pytest.raises(LayoutError):
        select_triplets(keys, difficulty_of={"s3:": "hard"})


def test_a_triplet_keeps_its_place_and_its_key_says_the_difficulty() -> None:
    whole = select_triplets(listing(SILENT), default_difficulty="hard")[0].table
    part = select_triplets(listing(SILENT), difficulty_of={"dresses": "hard"})[0].table
    assert set(part["key"].to_pylist()) < set(whole["key"].to_pylist())
    assert all(key.startswith("hard/") for key in whole["key"].to_pylist())
    same = select_triplets(listing([*SAYING]), default_difficulty="hard")[0]
    assert same.digest() == select_triplets(listing([*SAYING]))[0].digest()


def test_it_goes_from_the_option_to_the_rows_and_a_kept_listing_is_read_by_it(bucket: Bucket, tmp_path: Path) -> None:
    for key in several("photos/dresses/female/", 3) + several("photos/tops/male/", 2):
        bucket.put(f"dataset_ultimate/{key}", png(key))
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path)}
    with pytest.raises(LayoutError, match="no difficulty"):
        vton_hf.load("hard", **options)
    ds = vton_hf.load("hard", difficulty_of={"dresses": "hard"}, difficulty_weights={"hard": 1}, **options)
    assert set(ds["key"]) == {f"hard/female/00{number}" for number in range(3)}
    with pytest.raises(EmptyPoolError, match="difficulty 'easy'"):
        vton_hf.load("hard", default_difficulty="hard", **options)
    torch_set = vton_hf.get_vton_dataset(
        "hard", [bucket.prefix], difficulty_weights={"medium": 1}, default_difficulty="medium"
    )
    assert len(torch_set) == 5
    assert vton_hf.validate(bucket.prefix, default_difficulty="easy", cache_dir=str(tmp_path)).triplets == 5


def test_the_command_line_says_it_too(cli: Cli, bucket: Bucket) -> None:  # noqa: F811
    for key in several("photos/dresses/female/", 3):
        bucket.put(f"dataset_ultimate/{key}", png(key))
    assert cli("scan", bucket.prefix).code == 1
    code, out, _ = cli("scan", bucket.prefix, "--difficulty-of", "dresses=hard")
    assert (code, out.splitlines()[3].split()[:4]) == (0, ["hard", "3", "0", "3"])
    assert cli("scan", bucket.prefix, "--default-difficulty", "easy").out.splitlines()[1].split()[:4] == [
        "easy",
        "3",
        "0",
        "3",
    ]
    code, _, err = cli("scan", bucket.prefix, "--difficulty-of", "dresses")
    assert (code, "'dresses' is not written like dresses=hard,tops=easy" in err) == (2, True)
    code, _, err = cli("scan", bucket.prefix, "--difficulty-of", "dresses=heard")
    assert (code, "Did you mean 'hard'?" in err) == (2, True)
