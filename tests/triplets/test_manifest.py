"""The table of triplets: one digest for the same bytes, and parts of it that stay the same."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.triplets.listings import BUCKET, keys_of, listing, several, whole
from vton_hf.errors import ConfigError
from vton_hf.naming import DIFFICULTIES
from vton_hf.triplets import Manifest, content_digest, discover

FOLDER = "easy/female/"
KEYS = several(FOLDER, 5)


def manifest_of(keys: list[str], changed: dict[str, tuple[int, str]] | None = None, cloth: str = "first") -> Manifest:
    return discover(listing(keys, changed), cloth=cloth)[0]


def mixed() -> Manifest:
    """Triplets by difficulty and gender: 4 + 3, 0 + 2, 5 without a gender."""
    return manifest_of(
        [*several("easy/female/", 4), *several("easy/male/", 3), *several("medium/male/", 2), *several("hard/", 5)]
    )


@pytest.mark.parametrize("key", whole(FOLDER, "003"))
@pytest.mark.parametrize("changed", [(11, ""), (10, "another")])
def test_another_size_or_etag_of_any_image_is_another_digest(key: str, changed: tuple[int, str]) -> None:
    size, etag = changed
    assert manifest_of(KEYS, {key: (size, etag or f"of {key}")}).digest() != manifest_of(KEYS).digest()


@pytest.mark.parametrize(
    "keys",
    [
        KEYS[:-3],
        [*KEYS, *whole(FOLDER, "x")],
        [*KEYS[:-3], *whole(FOLDER, "004", extension=".jpg")],
        [*KEYS[:-3], *whole(FOLDER, "004", "hat")],
        [key.replace("female", "male") for key in KEYS],
        [f"s3://other/{key}" for key in KEYS],
    ],
    ids=["one less", "one more", "another extension", "another garment", "another folder", "another bucket"],
)
def test_another_triplet_or_uri_is_another_digest(keys: list[str]) -> None:
    assert manifest_of(keys).digest() != manifest_of(KEYS).digest()


def test_the_digest_holds_while_the_triplets_do() -> None:
    more = [*KEYS, f"{FOLDER}notes.txt", f"{FOLDER}initial_image/lone_person.png", *whole("elsewhere/", "001")]
    assert manifest_of(more).digest() == manifest_of(KEYS).digest() == content_digest(manifest_of(KEYS).table)
    assert manifest_of(KEYS).digest() == "d671e08c1eb9fc0b", "or every cache is built again"


def test_a_namesake_that_changes_a_key_changes_the_version() -> None:
    alone = manifest_of(KEYS).table
    beside = manifest_of([*KEYS, *whole(f"b/{FOLDER}", "001")]).table
    versions = dict(zip(alone["initial_image"].to_pylist(), alone["version"].to_pylist(), strict=True))
    moved = [row for row in beside.to_pylist() if versions.get(row["initial_image"], row["version"]) != row["version"]]
    assert [row["stem"] for row in moved] == ["001"]
    assert moved[0]["key"].startswith("easy/female/001@")


def test_a_triplet_keeps_its_place_whatever_comes_beside_it() -> None:
    grown = {row["key"]: row["place"] for row in manifest_of([*KEYS, *several("easy/male/", 9)]).table.to_pylist()}
    assert all(grown[row["key"]] == row["place"] for row in manifest_of(KEYS).table.to_pylist())


def test_sizes_pools_and_bytes() -> None:
    manifest = mixed()
    assert manifest.sizes() == {"easy": 7, "medium": 2, "hard": 5}
    assert manifest.bytes() == 14 * 3 * 10
    assert len(manifest.of_pools(["easy", "hard"])) == 12
    assert manifest.of_pools([]).bytes() == 0


def test_the_rows_of_a_difficulty_stand_together_in_pool_order() -> None:
    manifest = mixed()
    for name in DIFFICULTIES:
        rows = manifest.rows_of(name)
        assert manifest.table.slice(rows.start, len(rows)).equals(manifest.of_pools([name]).table)
    assert list(manifest.of_pools(["hard"]).rows_of("easy")) == []


@pytest.mark.parametrize(
    ("gender", "sizes"),
    [
        (None, (7, 2, 5)),
        ("female", (4, 0, 0)),
        ("male", (3, 2, 0)),
        (["female", "male"], (7, 2, 0)),
    ],
)
def test_a_gender_keeps_only_keys_that_say_it(gender: str | list[str] | None, sizes: tuple[int, int, int]) -> None:
    assert tuple(mixed().of_gender(gender).sizes().values()) == sizes


@pytest.mark.parametrize("gender", ["Female", "", [], ["female", "other"]])
def test_an_unknown_gender_is_refused(gender: str | list[str]) -> None:
    with pytest.raises(ConfigError, match=r"^gender must be 'female', 'male', or None for all, got "):
        mixed().of_gender(gender)


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "3"])
def test_a_limit_that_makes_no_sense_is_refused(limit: object) -> None:
    with pytest.raises(ConfigError, match=r"limit must be None for all or a whole number from 1"):
        mixed().limited(limit)


def test_a_limit_holds_for_each_difficulty_and_a_small_pool_stays_whole() -> None:
    assert mixed().limited(3).sizes() == {"easy": 3, "medium": 2, "hard": 3}
    assert mixed().limited(None).digest() == mixed().limited(99).digest() == mixed().digest()


def test_a_smaller_limit_takes_part_of_what_a_larger_one_takes() -> None:
    taken = [set(keys_of(mixed().limited(limit))) for limit in (1, 2, 4, 6)]
    assert all(less < more for less, more in pairwise(taken))


def test_a_limit_favours_no_gender() -> None:
    table = manifest_of(several("easy/female/", 30) + several("easy/male/", 30)).limited(20).table
    assert 4 < table["gender"].to_pylist().count("male") < 16


def test_a_growing_bucket_never_brings_back_what_a_limit_dropped() -> None:
    before, bucket = manifest_of(several(FOLDER, 20)), manifest_of(several(FOLDER, 60))
    kept, dropped = set(keys_of(before.limited(8))), set(keys_of(before)) - set(keys_of(before.limited(8)))
    after = set(keys_of(bucket.limited(8)))
    assert after & kept
    assert not after & dropped


@pytest.mark.parametrize(
    "name",
    ["easy/female/001", f"{BUCKET}{FOLDER}try_on_image/001_vton.png", f"{FOLDER}cloth_image/001_cloth_dress.png"],
)
def test_a_triplet_is_left_out_by_its_key_or_that_of_any_image(name: str) -> None:
    rest, excluded, unknown = manifest_of(KEYS).without([name])
    assert excluded["key"].to_pylist() == ["easy/female/001"]
    assert keys_of(rest) == [f"easy/female/{stem}" for stem in ("000", "002", "003", "004")]
    assert unknown == []


def test_names_that_match_nothing_are_given_back() -> None:
    rest, excluded, unknown = manifest_of(KEYS).without(["easy/female/001", "hard/female/001", "001"])
    assert (len(rest), excluded.num_rows, unknown) == (4, 1, ["001", "hard/female/001"])


@pytest.mark.parametrize("exclude", [None, []])
def test_nothing_excluded_is_nothing_lost(exclude: list[str] | None) -> None:
    rest, excluded, unknown = manifest_of(KEYS).without(exclude)
    assert (rest.digest(), excluded.num_rows, unknown) == (manifest_of(KEYS).digest(), 0, [])


def test_one_garment_of_several_can_be_excluded_or_all_by_the_person() -> None:
    manifest = manifest_of([*whole(FOLDER, "001"), whole(FOLDER, "001", "hat")[1]], cloth="each")
    assert keys_of(manifest.without(["easy/female/001/hat"])[0]) == ["easy/female/001/dress"]
    assert keys_of(manifest.without([f"{FOLDER}initial_image/001_person.png"])[0]) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_lists_names_and_may_hold_comments(tmp_path: Path, encoding: str, end: str) -> None:
    file = tmp_path / "exclude.txt"
    lines = ["easy/female/000", "# blurred:", "", "  easy/female/001  ", "  # easy/female/002", "easy/female/001"]
    file.write_bytes(end.join(lines).encode(encoding))
    for given in (file, str(file)):
        rest, _, unknown = manifest_of(KEYS).without(given)
        assert (keys_of(rest), unknown) == (["easy/female/002", "easy/female/003", "easy/female/004"], [])


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(b"\x89PNG")
    for file, reason in [(tmp_path / "no.txt", "No such file"), (tmp_path, "Is a directory"), (image, "not UTF-8")]:
        with pytest.raises(ConfigError, match=rf"exclude=.* cannot be read as a file \({reason}.*Pass a list of keys"):
            manifest_of(KEYS).without(file)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"exclude= takes keys as strings, but holds 7\."):
        manifest_of(KEYS).without([7])
