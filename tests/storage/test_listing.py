"""A listing is complete or it is an error, whatever the store does in between."""

import logging

import pytest

from tests.faults import BUCKET, LIST, Body, Drop, FaultServer, Short, Stall, Status
from tests.storage.conftest import Faulty
from vton_hf.errors import AccessError, ConfigError, LayoutError, StorageError
from vton_hf.storage import listing

P = f"s3://{BUCKET}/p/"


@pytest.fixture(autouse=True)
def five_objects(faults: FaultServer) -> None:
    faults.page_size = 2
    faults.objects |= {f"p/{number}": b"x" * number for number in range(5)}


def test_pages_are_joined_and_reported_one_by_one(faults: FaultServer, faulty: Faulty) -> None:
    seen: list[int] = []
    table = faulty().list([P], progress=seen.append)
    assert table["uri"].to_pylist() == [f"{P}{number}" for number in range(5)]
    assert seen == [2, 2, 1]
    assert faults.asked() == {f"{LIST}{page}": 1 for page in (1, 2, 3)}


@pytest.mark.parametrize("count", [5, 30], ids=["short", "long"])
def test_a_key_that_two_pages_give_counts_once(faults: FaultServer, faulty: Faulty, count: int) -> None:
    faults.objects = {f"p/{number:02d}": b"x" for number in range(count)}
    faults.overlap = 1
    table = faulty().list([P])
    assert table["uri"].to_pylist() == [f"{P}{number:02d}" for number in range(count)]
    assert set(table["size"].to_pylist()) == {1}


@pytest.mark.parametrize(
    "trouble",
    [Status(503, "SlowDown"), Status(500, "InternalError"), Drop(), Short(), Body(b"<html>a proxy's page</html>")],
    ids=lambda trouble: type(trouble).__name__,
)
def test_only_the_page_that_failed_is_asked_again(
    faults: FaultServer, faulty: Faulty, trouble: Status | Drop | Short | Body
) -> None:
    faults.script(f"{LIST}2", trouble, trouble)
    assert faulty().list([P]).num_rows == 5
    assert faults.asked() == {f"{LIST}1": 1, f"{LIST}2": 3, f"{LIST}3": 1}


def test_a_refusal_half_way_is_an_error_and_no_smaller_table(faults: FaultServer, faulty: Faulty) -> None:
    faults.always(f"{LIST}2", Status(403, "AccessDenied"))
    with pytest.raises(AccessError, match=r"needs? s3:ListBucket on bucket 'bkt'"):
        faulty().list([P])
    assert faults.asked()[f"{LIST}2"] == 1


@pytest.mark.usefixtures("patience_ends")
def test_throttling_that_stays_is_an_error_at_the_deadline(
    faults: FaultServer, faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    faults.always(f"{LIST}2", Status(503, "SlowDown"))
    with caplog.at_level(logging.WARNING, "vton_hf"), pytest.raises(StorageError) as caught:
        faulty(deadline=30).list([P])
    assert str(caught.value) == (
        f"Cannot list {P}: the store asked to slow down (SlowDown), however often it was tried. "
        f"Lower concurrency=, or raise deadline=."
    )
    assert caplog.messages == [
        f"Cannot list {P}: throttled (SlowDown); trying again for up to 30 s.",
        f"Cannot list {P}: throttled (SlowDown); gave up after 30 s.",
    ]


@pytest.mark.usefixtures("patience_ends")
def test_a_listing_that_never_goes_on_is_an_error(faults: FaultServer, faulty: Faulty) -> None:
    faults.always(LIST, Body(b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"))
    with pytest.raises(StorageError, match="the answer was damaged"):
        faulty(deadline=30).list([P])


def test_an_error_inside_a_200_is_an_error(faults: FaultServer, faulty: Faulty) -> None:
    faults.script(f"{LIST}3", Body(b"<Error><Code>InternalError</Code><Message>x</Message></Error>"))
    assert faulty().list([P]).num_rows == 5
    assert faults.asked()[f"{LIST}3"] == 2


def test_a_store_that_never_answers_ends_by_the_deadline(faults: FaultServer, faulty: Faulty) -> None:
    faults.always("*", Stall())
    # The deadline's own error: that of the request's timeout would be another.
    with pytest.raises(StorageError, match=r"no complete answer came in time \(TimeoutError\)"):
        faulty(timeout=600, deadline=4).list([P])


def test_one_bad_prefix_stops_the_others(faults: FaultServer, faulty: Faulty) -> None:
    faults.always(f"{LIST}2", Status(403, "AccessDenied"))
    faults.objects["q/1"] = b"1"
    with pytest.raises(AccessError, match=f"Cannot list {P}"):
        faulty().list([f"s3://{BUCKET}/q/", P])


def test_an_empty_prefix_is_a_layout_error(faulty: Faulty) -> None:
    with pytest.raises(LayoutError, match=f"No object under s3://{BUCKET}/none/: check the spelling"):
        faulty().list([f"s3://{BUCKET}/none/"])


@pytest.mark.parametrize("prefixes", [[], P, ["bare/"], [P.rstrip("/")]], ids=str)
def test_prefixes_that_are_not_resolved_are_refused(faulty: Faulty, prefixes: list[str]) -> None:
    with pytest.raises(ConfigError):
        faulty().list(prefixes)


@pytest.mark.usefixtures("patience_ends")
def test_a_store_that_never_answered_is_given_up_sooner_than_one_that_did(
    faults: FaultServer, faulty: Faulty, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listing, "FIRST_CONTACT", 12.0)
    faults.always(LIST, Drop())
    with caplog.at_level(logging.WARNING, "vton_hf"), pytest.raises(StorageError, match="the connection broke"):
        faulty(deadline=600.0).list([P])
    assert caplog.messages[-1].endswith("gave up after 12 s.")
