"""Leases: one process at a time is at work on a thing, as long as it lives, by whatever clock and on whatever machine."""

import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.s3 import BUCKET, MotoS3
from vton_hf.cache import leases
from vton_hf.cache.leases import Leases
from vton_hf.storage import StorageSettings, Store, settings_for

PROCESSES = multiprocessing.get_context("forkserver")


@pytest.fixture(params=["folder", "s3", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[StorageSettings, str]]:
    """Where leases lie."""
    if request.param == "s3":
        s3: MotoS3 = request.getfixturevalue("s3")
        yield settings_for(s3.storage_options), f"s3://{BUCKET}/cache/leases/"
    elif request.param == "memory":
        yield StorageSettings(), f"memory://{tmp_path}/leases/"
    else:
        yield StorageSettings(), f"file://{tmp_path}/leases/"


def of_another_process(place: tuple[StorageSettings, str], **owner: Any) -> Leases:
    """The leases as another process sees them, which, unless told otherwise, is this one."""
    return Leases(Store(place[0]), place[1])


def files(place: tuple[StorageSettings, str]) -> list[str]:
    store = Store(place[0])
    try:
        return [uri.removeprefix(place[1]) for uri in store.list([place[1]])["uri"].to_pylist()]
    except Exception:  # noqa: BLE001 - none there
        return []


def test_what_one_holds_another_is_not_given(place: tuple[StorageSettings, str]) -> None:
    one, other = of_another_process(place), of_another_process(place)
    assert one.take("a") is not None
    assert other.take("a") is None
    assert one.take("a") is None, "nor another thread"
    assert other.take("b") is not None
    one.give_back("a")
    assert other.take("a") is not None
    other.give_back("a")
    other.give_back("b")
    assert files(place) == []


def test_of_a_process_that_is_gone_it_is_taken_over_at_once(place: tuple[StorageSettings, str]) -> None:
    if place[1].startswith("memory"):
        pytest.skip("memory:// is of one process")
    process = PROCESSES.Process(target=holds, args=(place,))
    process.start()
    process.join()
    started = time.monotonic()
    here = of_another_process(place)
    former = here.take("a")
    assert former is not None
    assert former.owner.pid == process.pid
    assert time.monotonic() - started < leases.PATIENCE
    here.give_back("a")


def holds(place: tuple[StorageSettings, str]) -> None:
    assert of_another_process(place).take("a") is not None
    os._exit(1)


def test_a_process_of_another_machine_is_believed_until_it_shows_no_life(
    place: tuple[StorageSettings, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock of whoever waits: the other's may be an hour off."""
    clock = [1000.0]
    monkeypatch.setattr(leases.time, "monotonic", lambda: clock[0])
    store, uri = Store(place[0]), place[1]
    there = {"id": "f" * 32, "host": "other", "time": time.time() + 3600}
    there["owner"] = {"machine": "another", "pid": 7, "started": "1"}
    store.put(f"{uri}a.lease", json.dumps(there).encode())
    here = of_another_process(place)
    assert here.take("a") is None
    for number in range(3):  # as long as it shows life
        clock[0] += leases.PATIENCE - 1
        store.put(f"{uri}{'f' * 32}.alive", json.dumps({"number": number}).encode(), replace=True)
        assert here.take("a") is None
    clock[0] += leases.PATIENCE - 1
    assert here.take("a") is None
    clock[0] += 2
    former = here.take("a")
    assert former is not None
    assert former.id == "f" * 32
    assert of_another_process(place).take("a") is None
    here.give_back("a")


def test_who_works_for_long_shows_life(place: tuple[StorageSettings, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_BEAT", 0.02)
    one = of_another_process(place)
    one.take("a")
    one.count(1000)
    deadline = time.monotonic() + 60
    while not any(name.endswith(".alive") for name in files(place)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert one.holders()["a"].done == 1000
    one.give_back("a")
    assert files(place) == []


def test_half_a_lease_is_none(place: tuple[StorageSettings, str]) -> None:
    Store(place[0]).put(f"{place[1]}a.lease", b'{"id": "f')
    one = of_another_process(place)
    assert one.take("a") is not None
    assert of_another_process(place).take("a") is None
    one.give_back("a")


def test_where_no_lease_can_be_written_all_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = StorageSettings(), f"file://{tmp_path}/file/leases/"
    one, other = of_another_process(nowhere), of_another_process(nowhere)
    assert one.take("a") is not None
    assert other.take("a") is not None
    one.give_back("a")
    other.give_back("a")
