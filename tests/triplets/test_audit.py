"""What was left out is summed up, and every key of it can be listed."""

import logging

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


def test_a_message_is_one_line_a_reason_with_the_first_three_keys() -> None:
    messages = everything_wrong().messages()
    assert messages[0] == (
        f"Incomplete triplet for stem 'a' in {BUCKET}{FOLDER}: missing cloth_image, try_on_image; "
        f"Incomplete triplet for stem 'b' in {BUCKET}{FOLDER}: missing cloth_image, try_on_image; "
        f"Incomplete triplet for stem 'c' in {BUCKET}{FOLDER}: missing cloth_image, try_on_image; "
        f"and 2 more. Left out: 5 keys."
    )
    uris = ", ".join(BUCKET + key for key in sorted(whole("elsewhere/", "001")))
    assert messages[3] == (
        f"3 keys left out, no difficulty: no folder of the key is called easy, medium or hard (first: {uris})."
    )
    assert messages[4].startswith("1 key left out, zero bytes: the object is empty (first: s3://photos/hard/male/")


def test_folder_markers_are_counted_but_worth_no_message() -> None:
    audit = everything_wrong()
    assert len(audit.messages()) == len(audit.counts()) - 1
    assert not any("folder marker" in message for message in audit.messages())


@pytest.mark.parametrize("lone", [1, 3, 4, 3_000])
def test_messages_do_not_grow_with_the_bucket(lone: int) -> None:
    keys = [key for key in several(FOLDER, lone) if "initial_image" in key]
    (message,) = discover(listing(keys))[1].messages()
    assert message.count("Incomplete triplet for stem") == min(lone, 3)
    assert ("; and 2,997 more" in message, "more" in message) == (lone == 3_000, lone > 3)


def test_messages_are_logged_once_as_warnings(caplog: pytest.LogCaptureFixture) -> None:
    audit = everything_wrong()
    audit.log()
    assert caplog.record_tuples == [("vton_hf", logging.WARNING, message) for message in audit.messages()]
