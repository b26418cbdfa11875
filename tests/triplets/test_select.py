"""The triplets that the options let through, and an account of the rest."""

import logging

import pytest

from tests.triplets.listings import BUCKET, keys_of, left_out, listing, several, used, whole
from vton_hf.errors import ConfigError, LayoutError
from vton_hf.triplets import select_triplets, tell

KEYS = several("easy/female/", 3) + several("easy/male/", 2)


def test_without_options_it_is_what_was_discovered() -> None:
    manifest, audit = select_triplets(listing(KEYS))
    assert len(manifest) == 5
    assert audit.counts() == {}


def test_excluded_triplets_are_accounted_for_with_all_their_images() -> None:
    manifest, audit = select_triplets(listing([*KEYS, "easy/notes.txt"]), exclude=["easy/male/001"])
    assert left_out(audit) == dict.fromkeys(whole("easy/male/", "001"), "excluded") | {"easy/notes.txt": "unknown name"}
    assert {row["detail"] for row in audit.of("excluded")} == {"easy/male/001"}
    assert sorted(used(manifest) + audit.table["uri"].to_pylist()) == sorted(
        BUCKET + key for key in [*KEYS, "easy/notes.txt"]
    )


def test_names_that_match_nothing_are_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    tell(select_triplets(listing(KEYS), exclude=["easy/male/001", "a", "b", "c", "d"])[1], keys=15, prefixes=[BUCKET])
    assert caplog.record_tuples == [
        ("vton_hf", logging.WARNING, "exclude= holds 4 names of no triplet (first: a, b, c).")
    ]


def test_the_limit_counts_what_exclude_and_gender_left() -> None:
    manifest, _ = select_triplets(listing(KEYS), exclude=["easy/male/001"], gender="male", limit=2)
    assert keys_of(manifest) == ["easy/male/000"]


@pytest.mark.parametrize(
    "options",
    [{"cloth": "all"}, {"gender": "Female"}, {"limit": 0}, {"exclude": "no/such/file"}],
    ids=lambda options: next(iter(options)),
)
def test_an_option_that_makes_no_sense_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=rf"^{next(iter(options))}( must be|=)"):
        select_triplets(listing(KEYS), **options)


def test_a_listing_without_a_triplet_is_an_error_that_says_what_was_found() -> None:
    with pytest.raises(LayoutError) as caught:
        select_triplets(listing(["easy/initial_image/001_person.png", "readme.md"]))
    assert str(caught.value) == (
        "No complete triplet among 2 keys. Expected .../easy|medium|hard/[female|male/] with "
        "initial_image/STEM_person.png, cloth_image/STEM_cloth_GARMENT.png and try_on_image/STEM_vton.png. "
        "Incomplete triplet for stem '001' (photos/easy: missing cloth_image, try_on_image). 1 key left out. "
        "1 key left out, unknown name: the key names no image of a triplet (first: s3://photos/readme.md)."
    )


@pytest.mark.parametrize(
    ("options", "gender", "excluded"),
    [({"gender": "male"}, "'male'", 0), ({"exclude": [f"easy/female/00{index}" for index in range(3)]}, "None", 3)],
    ids=["gender", "exclude"],
)
def test_options_that_leave_nothing_are_an_error_that_says_which(
    options: dict[str, object], gender: str, excluded: int
) -> None:
    with pytest.raises(LayoutError) as caught:
        select_triplets(listing(several("easy/female/", 3)), **options)
    assert str(caught.value) == (
        f"None of the 3 complete triplets is left: gender={gender} was asked for, the keys say 'female'; "
        f"exclude= left out {excluded}."
    )
