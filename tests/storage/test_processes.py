"""One store in many processes: fork, spawn and forkserver, after the parent has listed and read."""

import multiprocessing
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from tests.faults import FaultServer
from tests.s3 import BUCKET, MotoS3
from tests.storage.children import PATIENCE, answer_of_a_child, drop
from tests.storage.conftest import Faulty
from vton_hf.storage import Store

pytestmark = [
    pytest.mark.s3,
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_list_and_read_after_the_parent_has(s3: MotoS3, store: Store, method: str) -> None:
    uris = [s3.put(BUCKET, f"p/{number}", b"%d" % number) for number in range(8)]
    bodies = [b"%d" % number for number in range(8)]
    store.list([f"s3://{BUCKET}/p/"])
    assert store.read(uris) == bodies
    assert answer_of_a_child(method, store, f"s3://{BUCKET}/p/", uris) == (uris, bodies)
    assert store.read(uris) == bodies


def test_a_child_that_drops_its_parents_store_leaves_the_connections_alone(faults: FaultServer, faulty: Faulty) -> None:
    uris = [f"s3://bkt/{number}" for number in range(4)]
    faults.objects |= {f"{number}": b"x" for number in range(4)}
    store = faulty()
    assert store.read(uris) == [b"x"] * 4
    here, there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=drop, args=(store, there), daemon=True)
    child.start()
    there.close()
    assert here.poll(PATIENCE)
    assert here.recv() == [], "the child would wait for a loop that does not run there"
    child.join(PATIENCE)
    assert child.exitcode == 0
    here.close()
    faults.requests.clear()
    assert store.read(uris) == [b"x"] * 4
    assert len(faults.requests) == 4


def test_threads_share_a_store(s3: MotoS3, store: Store) -> None:
    uris = [s3.put(BUCKET, f"p/{number}", b"%d" % number) for number in range(8)]
    answers: list[object] = []
    threads = [Thread(target=lambda: answers.append(store.read(uris))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert answers == [[b"%d" % number for number in range(8)]] * 8


def test_a_process_ends_without_a_warning(s3: MotoS3, store: Store) -> None:
    uri = s3.put(BUCKET, "p/a", b"a")
    program = (
        "from vton_hf.storage import Store, settings_for\n"
        f"store = Store(settings_for({s3.storage_options!r}))\n"
        f"store.list(['s3://{BUCKET}/p/'])\n"
        f"assert store.read(['{uri}']) == [b'a']\n"
        f"other = Store(settings_for({s3.storage_options!r}))\n"
        f"assert other.read(['{uri}']) == [b'a']\n"
        "del other\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
