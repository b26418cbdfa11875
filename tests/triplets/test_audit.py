"""What was left out is summed up, and every key of it can be listed."""

import pytest

from tests.triplets.listings import BUCKET, empty, listing, several, whole
from vton_hf.triplets import Audit, discover
from vton_hf.triplets.audit import REASONS

FOLDER = "hard/male/"


def everything_wrong() -> Audit:
    """An audit with each reason that `discover` knows, some of them several times."""
    lone = [f"{FOLDER}initial_image/{stem}_person.png" for stem in ("a", "b", "c", "d", "e")]
    hollow = f"{FOLDER}initial_image/hollow_person.png"
    keys = [
        *several(FOLDER, 3),
        *lone,
        hollow,
        f"{FOLDER}cloth_image/000_cloth_hat.png",
        f"{FOLDER}cloth_image/",
        f"{FOLDER}try_on_image/000_vton.webp",
        f"{FOLDER}notes.txt",
        *whole("elsewhere/", "001"),
    ]
    return discover(listing(keys, empty(hollow)))[1]


def test_keys_are_counted_by_reason_in_one_order() -> None:
    counts = everything_wrong().counts()
    assert counts == {
        "incomplete": 5,
        "ambiguous cloth": 1,
        "unknown name": 1,
        "no difficulty": 3,
        "zero bytes": 1,
        "duplicate": 1,
        "folder marker": 1,
    }
    assert list(counts) == [reason for reason in REASONS if reason in counts]


def test_the_keys_of_a_reason_can_be_listed() -> None:
    (row,) = everything_wrong().of("duplicate")
    assert row == {
        "reason": "duplicate",
        "uri": f"{BUCKET}{FOLDER}try_on_image/000_vton.webp",
        "folder": f"{BUCKET}{FOLDER}",
        "stem": "000",
        "detail": "",
    }
    assert everything_wrong().of("excluded") == []


def test_a_message_is_a_paragraph_a_reason_with_the_first_three_keys() -> None:
    messages = everything_wrong().messages()
    lacks = "(hard/male: missing cloth_image, try_on_image)"
    assert messages[0] == (
        f"Incomplete triplet for stem 'a' {lacks}, 'b' {lacks}, 'c' {lacks} and 2 more. 5 keys left out."
    )
    assert messages[1] == (
        "1 key left out, ambiguous cloth: another garment of the same stem was taken; cloth='each' makes a triplet of "
        f"each (first: {BUCKET}{FOLDER}cloth_image/000_cloth_hat.png (000_cloth_dress.png was taken))."
    )
    uris = ", ".join(BUCKET + key for key in sorted(whole("elsewhere/", "001")))
    assert messages[3] == (
        f"3 keys left out, no difficulty: no folder of the key is called easy, medium or hard; default_difficulty= gives "
        f"it one (first: {uris})."
    )
    assert messages[4].startswith(
        "1 key left out, zero bytes: an image of the triplet is an empty object (first: s3://"
    )


def test_folder_markers_are_counted_but_worth_no_message() -> None:
    audit = everything_wrong()
    assert len(audit.messages()) == len(audit.counts()) - 1
    assert not any("folder marker" in message for message in audit.messages())


@pytest.mark.parametrize(("lone", "more"), [(1, ""), (3, ""), (4, " and 1 more."), (3_000, " and 2,997 more.")])
def test_messages_do_not_grow_with_the_bucket(lone: int, more: str) -> None:
    keys = [key for key in several(FOLDER, lone) if "initial_image" in key]
    (message,) = discover(listing(keys))[1].messages()
    assert message.startswith("Incomplete triplet for stem '000' (")
    assert (message.count("hard/male"), more in message, " more" in message) == (min(lone, 3), True, lone > 3)
