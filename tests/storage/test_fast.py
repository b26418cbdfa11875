"""The fast lane gives what the plain one gives, and steps aside wherever it might not."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.faults import BUCKET, Drop, FaultServer, Short, Stall, Status
from tests.python import program
from tests.s3 import BUCKET as MOTO
from tests.s3 import MotoS3
from tests.storage.children import answer_of_a_child
from tests.storage.conftest import Faulty
from vton_hf.errors import AccessError, ObjectMissingError
from vton_hf.storage import Store, obstore_reader

FAST = "object_store/"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast lane from the first object on."""
    monkeypatch.setattr(obstore_reader, "FORK_SAFE_READS", 0)


def uris(faults: FaultServer, count: int = 10) -> list[str]:
    faults.objects |= {f"{number}": b"%d" % number * 50 for number in range(count)}
    return [f"s3://{BUCKET}/{number}" for number in range(count)]


def lanes(faults: FaultServer) -> dict[str, list[str]]:
    """Which lane asked for each key, in order: `f` the fast one, `p` the plain one."""
    asked: dict[str, list[str]] = {}
    for name, headers in faults.requests:
        asked.setdefault(name, []).append("f" if headers["user-agent"].startswith(FAST) else "p")
    return asked


@pytest.mark.usefixtures("at_once")
def test_bodies_come_through_it_with_one_request_each(faults: FaultServer, faulty: Faulty) -> None:
    assert faulty().read(uris(faults)) == [faults.objects[str(number)] for number in range(10)]
    assert lanes(faults) == {str(number): ["f"] for number in range(10)}


def test_a_look_at_a_few_samples_does_not_start_its_threads(
    faults: FaultServer, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obstore_reader, "FORK_SAFE_READS", 10)
    monkeypatch.setattr(obstore_reader, "_threads_of", None)
    store, asked = faulty(concurrency=1), uris(faults)
    store.read(asked)
    assert obstore_reader._threads_of is None, "workers forked now have the fast lane"
    store.read(asked[:1])
    assert lanes(faults) == {"0": ["p", "f"]} | {str(number): ["p"] for number in range(1, 10)}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("trouble", "second"),
    [
        (Status(503, "SlowDown"), "f"),
        (Status(500, "InternalError"), "f"),
        (Status(429, "TooManyRequests"), "f"),
        (Status(400, "RequestTimeout"), "p"),
        (Drop(), "p"),
        (Short(), "p"),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_what_fails_is_fetched_again(faults: FaultServer, faulty: Faulty, trouble: Any, second: str) -> None:
    wanted = uris(faults)
    faults.script("3", trouble, trouble)
    assert faulty().read(wanted)[3] == faults.objects["3"]
    asked = lanes(faults)["3"]
    assert asked[:2] == ["f", second]
    assert len(asked) == 3


@pytest.mark.usefixtures("at_once")
def test_a_silent_request_is_sent_again_after_the_timeout(faults: FaultServer, faulty: Faulty) -> None:
    wanted = uris(faults)
    faults.script("3", Stall())
    assert faulty(timeout=2).read(wanted)[3] == faults.objects["3"]
    assert lanes(faults)["3"] == ["f", "p"]


@pytest.mark.usefixtures("at_once")
def test_errors_are_the_plain_lanes(faults: FaultServer, faulty: Faulty) -> None:
    wanted = uris(faults)
    faults.script("3", *[Status(403, "AccessDenied", "not you")] * 2)
    bodies = faulty().read([*wanted, f"s3://{BUCKET}/gone"])
    assert isinstance(bodies[3], AccessError)
    assert str(bodies[3]).endswith("It said: not you")
    assert isinstance(bodies[10], ObjectMissingError)
    assert lanes(faults)["gone"] == ["f"], "what is certain is asked once"


@pytest.mark.usefixtures("at_once")
def test_odd_keys_keep_their_names(faults: FaultServer, faulty: Faulty) -> None:
    keys = {"/lead": "p", "trail/": "p", "a//b": "p", "a/./b": "p", "a/\tb": "p"}
    keys |= {"a b+c%20#\u00e9?x[1]*.png": "f", "versionId=1?versionId=2": "f"}
    faults.objects |= {key: key.encode() for key in keys}
    assert faulty().read([f"s3://{BUCKET}/{key}" for key in keys]) == [key.encode() for key in keys]
    assert lanes(faults) == {key: [lane] for key, lane in keys.items()}


@pytest.mark.usefixtures("at_once")
def test_it_is_given_up_for_a_store_that_does_not_get_along_with_it(faults: FaultServer, faulty: Faulty) -> None:
    wanted = uris(faults)
    for number in range(3):
        faults.script(str(number), Status(403, "SignatureDoesNotMatch"))
    assert faulty(concurrency=1).read(wanted) == [faults.objects[str(number)] for number in range(10)]
    assert list(lanes(faults).values()) == [["f", "p"]] * 3 + [["p"]] * 7


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.usefixtures("at_once")
def test_children_read_after_the_parent_has_used_it(s3: MotoS3, store: Store, method: str) -> None:
    wanted = [s3.put(MOTO, f"p/{number}", b"%d" % number) for number in range(8)]
    bodies = [b"%d" % number for number in range(8)]
    assert store.read(wanted) == bodies
    assert obstore_reader._threads_of is not None
    assert answer_of_a_child(method, store, f"s3://{MOTO}/p/", wanted) == (wanted, bodies)
    assert store.read(wanted) == bodies


def test_a_process_that_ends_behind_its_last_read_waits_for_obstores_threads(s3: MotoS3) -> None:
    command = [sys.executable, "-c", program("read_and_end"), s3.put(MOTO, "0", b"0"), json.dumps(s3.storage_options)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "0\n", "threads that are still at work when the interpreter ends abort the process"
