"""No byte is handed over that was not listed: damage on the way, objects that change, ETags that are no MD5."""

import logging
import os
import random
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from tests.faults import BUCKET, LIST, Cut, FaultServer, Flipped, Replaced, Status, md5
from tests.storage.conftest import Faulty, listed_in
from vton_hf.errors import StorageError, UnavailableError
from vton_hf.storage import StorageSettings, Store, obstore_reader, retry
from vton_hf.storage.backend import Listed

PREFIX = f"s3://{BUCKET}/p/"
JPEG = b"\xff\xd8" + random.Random(1).randbytes(500) + b"\xff\xd9"

Etag = Callable[[bytes], str]


def opaque(body: bytes) -> str:
    """As SSE-KMS and directory buckets have it: 32 hexadecimal digits that are no MD5 of what is sent."""
    return md5(b"another secret" + body)


def multipart(body: bytes) -> str:
    return f"{md5(body)}-2"


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other quickly."""
    monkeypatch.setattr(retry, "backoff", lambda _: 0.01)


@pytest.fixture(params=[0, 10_000], ids=["fast", "plain"])
def objects(request: pytest.FixtureRequest, faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Twenty pictures in a bucket whose ETags are MD5s, read in the fast or in the plain way."""
    monkeypatch.setattr(obstore_reader, "FORK_SAFE_READS", request.param)
    faults.tag(md5)
    faults.objects |= {f"p/{number:02d}.jpg": JPEG + b"%d" % number for number in range(20)}
    return dict(faults.objects)


def listed(store: Store) -> dict[str, Listed]:
    return listed_in(store.list([PREFIX]))


def read(store: Store) -> list[bytes | StorageError]:
    known = listed(store)
    return store.read(list(known), known)


@pytest.mark.parametrize("trouble", [Flipped(), Flipped(0), Cut()], ids=["byte", "first byte", "length"])
def test_what_was_damaged_on_the_way_is_fetched_again(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes], trouble: Flipped | Cut
) -> None:
    faults.script("p/03.jpg", trouble, Flipped(7))
    faults.script("p/04.jpg", trouble)
    assert read(faulty()) == list(objects.values())
    assert {name: n for name, n in faults.asked().items() if n > 1} == {"p/03.jpg": 3, "p/04.jpg": 2}


def test_nothing_damaged_comes_through_a_line_that_damages_a_third(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes]
) -> None:
    dice = random.Random(2)
    faults.chaos = lambda _: dice.choice([Flipped(), Cut(), None, None, None, None])
    store = faulty()
    for _ in range(5):
        assert read(store) == list(objects.values())


@pytest.mark.usefixtures("objects", "patience_ends")
def test_what_never_comes_whole_is_no_answer(faults: FaultServer, faulty: Faulty) -> None:
    faults.chaos = lambda key: Flipped(random.randrange(400)) if key.endswith("03.jpg") else None
    body = read(faulty(deadline=60))[3]
    assert isinstance(body, UnavailableError)
    assert "what came is not the object (its MD5 is not its ETag), however often it was tried" in str(body)


def test_objects_without_a_listing_are_held_against_their_own_etag(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes]
) -> None:
    faults.script("p/03.jpg", Flipped())
    assert faulty().read([f"s3://{BUCKET}/{key}" for key in objects]) == list(objects.values())
    assert faults.asked()["p/03.jpg"] == 2


@pytest.mark.parametrize("etag", [md5, opaque, multipart])
@pytest.mark.parametrize("data", [JPEG + b"x", JPEG[::-1] + b"03"], ids=["another length", "the same length"])
def test_an_object_that_was_replaced_is_not_the_one_that_was_listed(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes], etag: Etag, data: bytes
) -> None:
    faults.tag(etag)
    store = faulty()
    known = listed(store)
    faults.objects["p/03.jpg"] = data
    bodies = store.read(list(known), known)
    assert isinstance(bodies[3], StorageError)
    assert "object changed since it was listed: listed" in str(bodies[3])
    assert "List the prefix again." in str(bodies[3])
    bodies[3] = objects["p/03.jpg"]
    assert bodies == list(objects.values())


def test_an_object_is_not_the_one_that_was_listed_though_an_old_listing_says_so(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes]
) -> None:
    faults.tag(opaque)
    store = faulty(concurrency=1)
    faults.always("p/03.jpg", Replaced(objects["p/03.jpg"][::-1]))
    bodies = read(store)
    assert "changed since it was listed" in str(bodies[3])
    bodies[3] = objects["p/03.jpg"]
    assert bodies == list(objects.values())


def test_an_object_that_is_put_back_is_the_one_that_was_listed(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes]
) -> None:
    faults.script("p/03.jpg", Replaced(b"for a moment"))
    assert read(faulty()) == list(objects.values())
    assert faults.asked()["p/03.jpg"] == 2


def test_etags_that_are_no_md5_cost_two_requests_more(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    faults.tag(opaque)
    store = faulty(timeout=60, deadline=120)
    with caplog.at_level(logging.INFO, "vton_hf"):
        assert read(store) == list(objects.values())
        assert read(store) == list(objects.values())
    assert sum(n for name, n in faults.asked().items() if not name.startswith(LIST)) == 2 * len(objects) + 2
    (said,) = caplog.messages
    assert said.startswith(f"ETags of s3://{BUCKET} are no MD5 (as with encryption by KMS)")


def test_a_bucket_whose_etags_are_md5_of_some_objects_gives_all(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes]
) -> None:
    faults.tag(lambda body: opaque(body) if body[-1] % 2 else md5(body))
    store = faulty(concurrency=1)
    assert read(store) == list(objects.values())
    faults.requests.clear()
    assert read(store) == list(objects.values())
    assert set(faults.asked().values()) == {1}, "by now it is known"


@pytest.mark.parametrize("sent", [lambda body: f"{md5(body)}-gzip", lambda _: ""], ids=["spelled otherwise", "none"])
def test_a_store_that_sends_other_etags_than_it_lists_gives_all(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes], sent: Etag
) -> None:
    faults.sent_etag = sent
    faults.script("p/03.jpg", Flipped())
    store = faulty(concurrency=1)
    assert read(store) == list(objects.values())
    faults.requests.clear()
    assert read(store) == list(objects.values())
    assert set(faults.asked().values()) == {1}


def test_a_weak_etag_is_the_same(faults: FaultServer, faulty: Faulty, objects: dict[str, bytes]) -> None:
    faults.sent_etag = lambda body: f"{md5(body).upper()}"
    faults.listed_etag = lambda body: f"{md5(body).upper()}"
    assert read(faulty()) == list(objects.values())
    assert set(faults.asked().values()) == {1}


def test_a_checksum_of_the_stores_own_is_compared_where_the_etag_is_none(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes]
) -> None:
    faults.tag(multipart)
    faults.checksums = True
    faults.script("p/03.jpg", Flipped())
    assert read(faulty()) == list(objects.values())
    assert faults.asked()["p/03.jpg"] == 2


def test_where_the_listing_may_not_be_asked_again_the_etag_tells(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes]
) -> None:
    store = faulty()
    known = listed(store)
    faults.always(LIST, Status(403, "AccessDenied"))
    faults.objects["p/03.jpg"] = b"new"
    bodies = store.read(list(known), known)
    assert "changed since it was listed" in str(bodies[3])
    assert bodies[4] == objects["p/04.jpg"]


def test_what_is_unusable_and_fits_its_etag_is_not_asked_for_again(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes]
) -> None:
    store = faulty()
    known = listed(store)
    bodies = {f"s3://{BUCKET}/p/03.jpg": objects["p/03.jpg"]}
    faults.requests.clear()
    assert store.read_again(bodies, known) == bodies
    assert not faults.requests


@pytest.mark.parametrize("etag", [md5, opaque, multipart, lambda _: ""], ids=["md5", "opaque", "multipart", "none"])
def test_what_was_unusable_since_it_was_damaged_is_read_well(
    faults: FaultServer, faulty: Faulty, objects: dict[str, bytes], etag: Etag
) -> None:
    faults.tag(etag)
    store = faulty()
    known = listed(store)
    uri = f"s3://{BUCKET}/p/03.jpg"
    assert store.read_again({uri: b"damaged"}, known) == {uri: objects["p/03.jpg"]}
    assert store.read_again({uri: objects["p/03.jpg"]}, known) == {uri: objects["p/03.jpg"]}, "stored so"


def test_a_file_that_was_replaced_is_not_the_one_that_was_listed(tmp_path: Path) -> None:
    store = Store(StorageSettings())
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"picture")
    known = listed_in(store.list([f"file://{tmp_path}/"]))
    (tmp_path / "a").write_bytes(b"another")
    os.utime(tmp_path / "a", ns=(1, 1))
    bodies = store.read(list(known), known)
    assert "changed since it was listed: listed 7 bytes with ETag" in str(bodies[0])
    assert bodies[1] == b"picture"


def test_an_object_of_another_store_that_was_replaced_is_not_the_one_that_was_listed() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/changing/a": b"picture", "/changing/b": b"picture"})
    store = Store(StorageSettings())
    known = listed_in(store.list(["memory://changing/"]))
    memory.pipe("/changing/a", b"another")
    bodies = store.read(list(known), known)
    assert "changed since it was listed: listed 7 bytes with ETag" in str(bodies[0])
    assert bodies[1] == b"picture"
