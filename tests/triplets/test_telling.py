"""What users read when they load: nothing of a clean bucket, one line of a messy one, and nothing twice."""

import logging
import shlex
from collections.abc import Callable
from typing import Any

import pytest

import vton_hf
from tests.bucket import ROOT, Bucket, Load, triplet_keys
from tests.triplets.listings import BUCKET, empty, listing, several, whole
from vton_hf.cli import main
from vton_hf.triplets import discover, tell

FEMALE = f"{ROOT}easy/female/"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings since the last look."""
    found = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    return found


def junk(bucket: Bucket) -> None:
    """What lies in every bucket, and is no image of a triplet."""
    for key in ("README.md", "easy/manifest.json", "easy/female/initial_image/notes.txt", "preview.png", ".DS_Store"):
        bucket.put(ROOT + key, b"x")


def test_a_clean_bucket_with_junk_in_it_says_nothing(bucket: Bucket, load: Load, caplog: Any) -> None:
    bucket.fill(2)
    junk(bucket)
    load(epoch_size="min")
    assert warnings(caplog) == []


def test_a_messy_bucket_is_one_line_and_later_only_what_the_seed_promises(
    bucket: Bucket, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.fill(4)
    junk(bucket)
    for stem in ("001", "002"):
        bucket.drop(triplet_keys("easy", "female", stem)["cloth_image"])
    bucket.put(triplet_keys("hard", "male", "003")["try_on_image"], b"")
    bucket.put(f"{FEMALE}cloth_image/000_cloth_hat.png", b"x")
    (first,) = (load(epoch_size="min"), warnings(caplog))[1]
    incomplete = "Incomplete triplet for stem '001' (easy/female: missing cloth_image), '002' (easy/female: missing cloth_image)."
    assert first == (
        f"{incomplete} 13 of 76 keys left out: 4 incomplete, 1 ambiguous cloth, 4 unknown name, 3 zero bytes, 1 hidden. "
        "Of stem '000' 000_cloth_dress.png was taken, not 000_cloth_hat.png; cloth='each' takes all garments. "
        f"`vton-hf scan {bucket.prefix} --list` lists them."
    )
    load(epoch_size="min")
    assert warnings(caplog) == [incomplete]


def test_the_command_of_the_line_lists_what_it_counts(
    bucket: Bucket, load: Load, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.fill(2)
    bucket.drop(triplet_keys("easy", "female", "001")["cloth_image"])
    load(epoch_size="min")
    command = shlex.split(warnings(caplog)[0].split("`")[1])
    capsys.readouterr()
    assert main(command[1:]) == 0
    assert capsys.readouterr().out.count("\nincomplete\t") == 2
    assert warnings(caplog) == [], "a scan says it all itself"


def test_all_of_it_is_said_at_debug(bucket: Bucket, load: Load, caplog: pytest.LogCaptureFixture) -> None:
    bucket.fill(1)
    junk(bucket)
    with caplog.at_level(logging.DEBUG, logger="vton_hf"):
        load("easy")
    assert [message.partition(":")[0] for message in caplog.messages if "left out" in message] == [
        "4 keys left out, unknown name",
        "1 key left out, hidden",
    ]


@pytest.mark.parametrize("name", ["001.png", "001-person.png", "001_person.avif", "001_person.GIF"])
def test_a_picture_in_a_role_s_folder_that_is_not_named_as_such_is_no_junk(name: str, caplog: Any) -> None:
    key = f"easy/initial_image/{name}"
    audit = discover(listing([*several("easy/", 1), key]))[1]
    assert audit.of("unknown name")[0]["detail"] == "expected STEM_person.png"
    tell(audit, keys=4, prefixes=[f"{BUCKET}{name}/"])
    assert warnings(caplog)[0].startswith("1 of 4 keys left out: 1 unknown name. `vton-hf scan ")


def test_a_stem_with_many_garments_names_a_few(caplog: pytest.LogCaptureFixture) -> None:
    keys = [*whole("easy/", "001"), *(whole("easy/", "001", garment)[1] for garment in "efghi")]
    tell(discover(listing(keys))[1], keys=8, prefixes=["s3://many/", *"abc"], endpoint_url="http://h")
    assert warnings(caplog) == [
        (
            "5 of 8 keys left out: 5 ambiguous cloth. Of stem '001' 001_cloth_dress.png was taken, not 001_cloth_e.png, "
            "001_cloth_f.png, 001_cloth_g.png and 2 more; cloth='each' takes all garments. "
            "`vton-hf scan s3://many/ a b ... --endpoint-url http://h --list` lists them."
        )
    ]


def test_a_folder_has_no_endpoint(caplog: pytest.LogCaptureFixture) -> None:
    audit = discover(listing([*whole("easy/", "001"), *whole("easy/", "002")[:2]]))[1]
    tell(audit, keys=5, prefixes=["file:///many/"], endpoint_url="http://h")
    assert "`vton-hf scan file:///many/ --list`" in warnings(caplog)[0]


def test_what_was_asked_for_is_no_warning(bucket: Bucket, load: Load, caplog: pytest.LogCaptureFixture) -> None:
    bucket.fill(2)
    load(exclude=["easy/female/001"], epoch_size="min")
    assert warnings(caplog) == []


def test_an_empty_object_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    keys = several("easy/", 2)
    tell(discover(listing(keys, empty(keys[1])))[1], keys=6, prefixes=["s3://hollow/"])
    assert warnings(caplog) == ["3 of 6 keys left out: 3 zero bytes. `vton-hf scan s3://hollow/ --list` lists them."]


def as_map(bucket: Bucket) -> object:
    return vton_hf.load("hard", s3_prefixes=[bucket.prefix], split=["train", "train[:1]"])


def as_stream(bucket: Bucket) -> object:
    stream = vton_hf.load("hard", s3_prefixes=[bucket.prefix], streaming=True)
    return [list(stream), list(stream)]


def as_torch(bucket: Bucket) -> object:
    dataset = vton_hf.S3VTONDatasetHard([bucket.prefix])
    dataset.set_epoch(1)
    return dataset[0]


@pytest.mark.parametrize("door", [as_map, as_stream, as_torch])
def test_repeats_are_one_line_a_load_for_all_difficulties(
    bucket: Bucket, door: Callable[[Bucket], object], caplog: pytest.LogCaptureFixture
) -> None:
    bucket.fill({"easy": 1, "medium": 2, "hard": 1}, ("female",))
    door(bucket)
    assert [message for message in warnings(caplog) if "slices share" not in message] == [
        (
            "Target count exceeds available samples: difficulty 'hard', 2 asked, 1 available. Triplets repeat, also across "
            "a train_test_split; epoch_size='min' is the longest mix without repeats."
        )
    ]
