"""A file becomes an object whole or not at all, and each fault on the way says what to do."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import BUCKET, Body, Drop, FaultServer, Stall, Status
from tests.s3 import BUCKET as MOTO
from tests.s3 import MotoS3
from tests.storage.conftest import KEY, SECRET, TOKEN, Faulty
from tests.storage.taking import serve_taking
from tests.storage.test_s3 import ODD_KEYS
from vton_hf.errors import AccessError, ConfigError, ObjectMissingError, StorageError, UnavailableError
from vton_hf.storage import StorageSettings, Store, upload

LOCAL = Store(StorageSettings())
URI = f"s3://{BUCKET}/p/a"
DENIED = Status(403, "AccessDenied", f"no {KEY} {SECRET} {TOKEN}")


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    yield from serve_taking()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789ab")
    return path


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """`file` goes in three parts."""
    monkeypatch.setattr(upload, "SMALL", 4)
    monkeypatch.setattr(upload, "PART", 5)


def test_a_file_is_sent_in_one_request_and_is_gone(s3: MotoS3, store: Store, file: Path) -> None:
    s3.reset_counts()
    store.upload(file, f"s3://{MOTO}/p/a.parquet")
    assert s3.counts() == {("PUT", "p/a.parquet"): 1}
    assert not file.exists()
    assert store.read([f"s3://{MOTO}/p/a.parquet"]) == [b"0123456789ab"]


def test_odd_keys_are_written_and_deleted_as_they_stand(s3: MotoS3, store: Store, tmp_path: Path) -> None:
    keys = [f"odd [1]/{key}" for key in ODD_KEYS if not key.endswith("/")]
    uris = [f"s3://{MOTO}/{key}" for key in keys]
    for uri in uris:
        (tmp_path / "one").write_text(uri)
        store.upload(tmp_path / "one", uri)
    assert sorted(store.list([f"s3://{MOTO}/odd [1]/"])["uri"].to_pylist()) == sorted(uris)
    assert store.read(uris) == [uri.encode() for uri in uris]
    s3.put(MOTO, "stays", b"")
    store.delete(uris)
    assert store.list([f"s3://{MOTO}/"])["uri"].to_pylist() == [f"s3://{MOTO}/stays"]


def test_a_big_file_is_sent_in_parts(s3: MotoS3, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "SMALL", 5 * 2**20)
    monkeypatch.setattr(upload, "PART", 5 * 2**20)
    data = os.urandom(12 * 2**20)
    (tmp_path / "big").write_bytes(data)
    s3.reset_counts()
    store.upload(tmp_path / "big", f"s3://{MOTO}/p/big?versionId=1")
    assert s3.counts() == {("POST", "p/big?versionId=1"): 2, ("PUT", "p/big?versionId=1"): 3}
    assert store.read([f"s3://{MOTO}/p/big?versionId=1"]) == [data]


def test_missing_objects_can_be_deleted_but_not_a_missing_bucket(s3: MotoS3, store: Store) -> None:
    uri = s3.put(MOTO, "a", b"a")
    store.delete([f"s3://{MOTO}/gone", uri, uri])
    assert isinstance(store.read([uri])[0], ObjectMissingError)
    store.delete([])
    with pytest.raises(ObjectMissingError, match="bucket 'no-bucket' does not exist at http"):
        store.delete(["s3://no-bucket/a"])


def test_a_missing_bucket_is_told_and_the_file_stays(s3: MotoS3, store: Store, file: Path) -> None:
    with pytest.raises(ObjectMissingError, match=r"Cannot write s3://no-bucket/a: bucket 'no-bucket' does not exist"):
        store.upload(file, "s3://no-bucket/a")
    assert file.exists()


def test_not_found_means_the_bucket_to_a_writer(faults: FaultServer, faulty: Faulty, file: Path) -> None:
    faults.always("PUT p/a", Status(404, "NotFound"))
    with pytest.raises(ObjectMissingError, match=r"bucket 'bkt' does not exist at http://127.* \(NotFound\)\."):
        faulty().upload(file, URI)


def _send(store: Store, path: Path, uri: str) -> None:
    store.upload(path, uri)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_sends_after_its_parent_has(s3: MotoS3, store: Store, tmp_path: Path) -> None:
    for name in ("parent", "child", "after"):
        (tmp_path / name).write_text(name)
    store.upload(tmp_path / "parent", f"s3://{MOTO}/parent")
    child = multiprocessing.get_context("fork").Process(
        target=_send, args=(store, tmp_path / "child", f"s3://{MOTO}/child"), daemon=True
    )
    child.start()
    child.join(40)
    assert child.exitcode == 0
    store.upload(tmp_path / "after", f"s3://{MOTO}/after")
    assert store.read([f"s3://{MOTO}/{name}" for name in ("parent", "child", "after")]) == [
        b"parent",
        b"child",
        b"after",
    ]


@pytest.mark.parametrize(
    "trouble",
    [
        Status(503, "SlowDown"),
        Status(500, "InternalError"),
        Status(400, "BadDigest"),
        Status(400, "RequestTimeout"),
        Drop(),
        Body(b"<html>a proxy's page</html>"),
    ],
    ids=lambda trouble: getattr(trouble, "code", type(trouble).__name__),
)
def test_what_passes_is_tried_again(faults: FaultServer, faulty: Faulty, file: Path, trouble: Status | Drop) -> None:
    faults.script("PUT p/a", trouble, trouble)
    faulty().upload(file, URI)
    assert faults.objects == {"p/a": b"0123456789ab"}
    assert faults.asked() == {"PUT p/a": 3}


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("name", ["BEGIN p/a", "PUT p/a#2", "COMPLETE p/a"])
@pytest.mark.parametrize(
    "trouble",
    [Status(503, "SlowDown"), Body(b"<Error><Code>InternalError</Code></Error>"), Body(b"<html></html>")],
    ids=["refused", "refused with 200", "proxy"],
)
def test_only_the_part_that_failed_is_sent_again(
    faults: FaultServer, faulty: Faulty, file: Path, name: str, trouble: Status | Body
) -> None:
    faults.script(name, trouble, trouble)
    faulty().upload(file, URI)
    assert faults.objects == {"p/a": b"0123456789ab"}
    once = dict.fromkeys(["BEGIN p/a", "PUT p/a#1", "PUT p/a#2", "PUT p/a#3", "COMPLETE p/a"], 1)
    assert faults.asked() == once | {name: 3}
    assert not file.exists()


@pytest.mark.usefixtures("in_parts")
def test_an_upload_whose_last_answer_was_lost_has_gone_well(faults: FaultServer, faulty: Faulty, file: Path) -> None:
    faults.script("COMPLETE p/a", Drop())
    faulty().upload(file, URI)
    assert faults.objects == {"p/a": b"0123456789ab"}
    assert not file.exists()


@pytest.mark.usefixtures("in_parts")
def test_an_upload_that_somebody_ended_is_an_error(faults: FaultServer, faulty: Faulty, file: Path) -> None:
    faults.objects["p/a"] = b"of before"
    faults.script("COMPLETE p/a", Status(503, "SlowDown"), Status(404, "NoSuchUpload"))
    with pytest.raises(StorageError, match=r"the upload was ended from elsewhere \(NoSuchUpload\)\. Look for another"):
        faulty().upload(file, URI)
    assert faults.objects == {"p/a": b"of before"}
    assert file.exists()


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("name", ["PUT p/a#2", "COMPLETE p/a"])
def test_an_upload_that_fails_is_taken_back(faults: FaultServer, faulty: Faulty, file: Path, name: str) -> None:
    faults.objects["p/a"] = b"of before"
    faults.always(name, DENIED)
    with pytest.raises(AccessError, match="s3:PutObject and s3:AbortMultipartUpload on bucket 'bkt'"):
        faulty().upload(file, URI)
    assert faults.asked()["ABORT p/a"] == 1
    assert faults.objects == {"p/a": b"of before"}
    assert file.read_bytes() == b"0123456789ab"


@pytest.mark.usefixtures("in_parts")
def test_an_upload_that_is_interrupted_is_taken_back(faults: FaultServer, faulty: Faulty, file: Path) -> None:
    faults.always("PUT p/a#2", Stall())

    def interrupt() -> None:
        while not {"PUT p/a#1", "PUT p/a#2"} <= faults.asked().keys():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    # A shell that runs the tests in the background has them ignore interrupts.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            faulty(timeout=60).upload(file, URI)
    finally:
        signal.signal(signal.SIGINT, handler)
    # When the interrupt reaches the caller, it is done: the process may end at once.
    assert faults.asked()["ABORT p/a"] == 1
    assert not [name for name in faults.objects if "#" in name]
    assert file.exists()


@pytest.mark.usefixtures("in_parts")
def test_parts_that_cannot_be_taken_back_are_told(
    faults: FaultServer, faulty: Faulty, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faults.always("COMPLETE p/a", DENIED)
    faults.always("ABORT p/a", DENIED)
    with caplog.at_level(logging.WARNING, "vton_hf"), pytest.raises(AccessError):
        faulty().upload(file, URI)
    assert caplog.messages == [f"Parts of {URI} may still lie there: Cannot write {URI}: denied (AccessDenied)"]


def test_a_part_is_as_big_as_it_has_to_be(
    faults: FaultServer, faulty: Faulty, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "SMALL", 4)
    monkeypatch.setattr(upload, "PART", 1)
    monkeypatch.setattr(upload, "_MOST_PARTS", 5)
    faulty().upload(file, URI)
    assert sum(count for name, count in faults.asked().items() if "#" in name) == 4
    assert faults.objects == {"p/a": b"0123456789ab"}


def test_a_refusal_says_which_right_is_missing_and_no_secret(faults: FaultServer, faulty: Faulty, file: Path) -> None:
    faults.always("PUT p/a", DENIED)
    faults.always("DELETE p/a", DENIED)
    store = faulty(session_token=TOKEN)
    with pytest.raises(AccessError) as caught:
        store.upload(file, URI)
    assert str(caught.value) == (
        f"Cannot write {URI}: the store refused (AccessDenied). The credentials need s3:PutObject and "
        f"s3:AbortMultipartUpload on bucket 'bkt' (and kms:GenerateDataKey and kms:Decrypt where it encrypts with "
        f"KMS). It said: no *** *** ***"
    )
    with pytest.raises(AccessError) as caught:
        store.delete([URI])
    assert str(caught.value) == (
        f"Cannot delete {URI}: the store refused (AccessDenied). The credentials need s3:DeleteObject on bucket "
        f"'bkt'. It said: no *** *** ***"
    )
    assert faults.asked() == {"PUT p/a": 1, "DELETE p/a": 1}
    assert file.exists()


@pytest.mark.usefixtures("patience_ends")
def test_throttling_that_stays_is_an_error_at_the_deadline(faults: FaultServer, faulty: Faulty, file: Path) -> None:
    faults.always("PUT p/a", Status(503, "SlowDown"))
    faults.always("DELETE p/a", Status(503, "SlowDown"))
    store = faulty()
    with pytest.raises(UnavailableError, match=r"^Cannot write .*/p/a: the store asked to slow down \(SlowDown\)"):
        store.upload(file, URI)
    with pytest.raises(UnavailableError, match=r"^Cannot delete .*/p/a: the store asked to slow down \(SlowDown\)"):
        store.delete([URI])
    assert file.exists()


def test_deleting_is_tried_again_and_done_together(faults: FaultServer, faulty: Faulty) -> None:
    faults.objects |= {f"{number}": b"x" for number in range(20)} | {"stays": b"x"}
    faults.script("DELETE 3", Status(503, "SlowDown"), Drop())
    faulty().delete([f"s3://{BUCKET}/{number}" for number in range(20)])
    assert faults.objects == {"stays": b"x"}
    assert faults.asked() == {f"DELETE {number}": 1 for number in range(20)} | {"DELETE 3": 3}


@pytest.mark.parametrize("uri", ["s3://bucket", "s3://bucket/", "s3://bucket/folder/", "file://", "memory://"])
def test_a_uri_that_names_no_object_is_refused(file: Path, uri: str) -> None:
    with pytest.raises(ConfigError, match=f"'{uri}' names no object: write its key behind it"):
        LOCAL.upload(file, uri)


def test_a_file_that_is_not_there_is_told_as_open_would(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"No such file or directory: '{tmp_path}/none'"):
        LOCAL.upload(tmp_path / "none", f"s3://{BUCKET}/a")


def test_one_text_is_no_list_of_uris() -> None:
    with pytest.raises(ConfigError, match=r"delete\(\) takes a list of URIs"):
        LOCAL.delete("memory://a")
