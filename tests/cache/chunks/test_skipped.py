"""What a build left out comes back: a few by themselves, all on demand, and nothing else is fetched."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import vton_hf
from tests.bucket import ROOT, Load, loader, png, triplet_keys
from tests.faults import BUCKET, Body, FaultServer, Status, serve_faults
from vton_hf.cache.chunks import skipped
from vton_hf.cli import main

Gets = Callable[[], Counter[str]]
STEMS = ("000", "001", "002", "003")
DENIED = Status(403, "AccessDenied")
GONE = Status(404, "NoSuchKey")


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A bucket of four easy triplets, in one chunk."""
    for server in serve_faults():
        for stem in STEMS:
            for key in triplet_keys("easy", "male", stem).values():
                server.objects[key] = png(key)
        yield server


@pytest.fixture
def load(server: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Load:
    caplog.set_level(logging.INFO, "vton_hf")
    options = {"key": "k", "secret": "hunter2", "endpoint_url": server.url, "deadline": 10}
    load = loader(f"s3://{BUCKET}/{ROOT}", tmp_path / "cache", storage_options=options)

    def keys(**options: Any) -> list[str]:
        caplog.clear()
        server.requests.clear()
        return [key.rpartition("/")[2] for key in sorted(load("easy", **options)["key"])]

    return keys


@pytest.fixture
def gets(server: FaultServer) -> Gets:
    """How often each object was asked for by the last load."""
    return lambda: Counter({key: count for key, count in server.asked().items() if not key.startswith("?")})


def key_of(stem: str, role: str = "cloth_image") -> str:
    return triplet_keys("easy", "male", stem)[role]


def mended(server: FaultServer, *stems: str) -> None:
    for stem in stems:
        server.always(key_of(stem), Body(server.objects[key_of(stem)]))


@pytest.mark.parametrize(
    "case",
    [(DENIED, {}), (GONE, {}), (Body(b"of another length"), {}), (DENIED, {"image_size": (8, 6)})],
    ids=["403", "404", "changed", "prepared"],
)
def test_the_next_build_asks_again_for_what_could_not_be_read_and_for_nothing_else(
    server: FaultServer, load: Load, gets: Gets, caplog: Any, case: tuple[Any, dict[str, Any]]
) -> None:
    fault, options = case
    server.always(key_of("001"), fault)
    assert load(**options) == ["000", "002", "003"]
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    (warning,) = (text for text in warnings if "trying again" not in text and "gave up" not in text)
    assert warning.startswith("1 triplet was left out while building: easy/male/001: Cannot read s3://")
    assert "The next build asks again" in warning
    assert "`vton-hf build --retry-skipped` (or retry_skipped=True)" in warning
    assert load(**options) == ["000", "002", "003"]
    assert set(gets()) == {key_of("001")}, "as long as it fails, the object at fault alone"
    assert "Asked again for 1 triplets that were left out while building: 0 are back." in caplog.text
    mended(server, "001")
    assert load(**options) == list(STEMS)
    assert gets() == dict.fromkeys(triplet_keys("easy", "male", "001").values(), 1)
    assert "1 are back" in caplog.text
    assert "left out while building:" not in caplog.text.replace("that were left out while building: 1", "")
    assert load(**options) == list(STEMS)
    assert not gets()


def test_a_chunk_that_nothing_came_back_to_is_not_written_again(
    server: FaultServer, load: Load, tmp_path: Path
) -> None:
    server.always(key_of("001"), DENIED)
    load()
    (data,) = tmp_path.rglob("data.arrow")
    before = data.stat()
    load()
    assert (data.stat().st_ino, data.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_was_made_of_the_rows_is_kept_and_made_anew_of_other_rows(
    server: FaultServer, load: Load, tmp_path: Path
) -> None:
    """`datasets` keeps what it maps beside the data, under a name that follows from the rows."""
    mapped: list[list[str]] = []

    def again() -> None:
        options = {"key": "k", "secret": "hunter2", "endpoint_url": server.url}
        rows = loader(f"s3://{BUCKET}/{ROOT}", tmp_path / "cache", storage_options=options)("easy")
        mapped.append(sorted(rows.select_columns(["key"]).map(lambda row: {"key": row["key"].upper()})["key"]))

    server.always(key_of("001"), DENIED)
    load()
    again()
    before = {path.name for path in tmp_path.rglob("cache-*.arrow")}
    assert before
    mended(server, "001")
    again()
    assert [len(keys) for keys in mapped] == [3, 4]
    assert {path.name for path in tmp_path.rglob("cache-*.arrow")} > before


def test_a_build_asks_for_a_few_of_many(
    server: FaultServer, load: Load, gets: Gets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skipped, "MOST_RETRIED", 2)
    for stem in STEMS[1:]:
        server.always(key_of(stem), DENIED)
    load()
    seen = Counter[str]()
    for _ in range(20):
        load()
        assert len(gets()) == 2
        seen += gets()
    assert set(seen) == {key_of(stem) for stem in STEMS[1:]}, "others each time"
    assert load(retry_skipped=True) == ["000"]
    assert len(gets()) == 3, "on demand it asks for all"
    mended(server, *STEMS)
    assert load(retry_skipped=True) == list(STEMS)


def test_a_broken_image_is_asked_for_on_demand_alone(server: FaultServer, load: Load, gets: Gets, caplog: Any) -> None:
    whole = server.objects[key_of("001")]
    server.always(key_of("001"), Body(b"x" * len(whole)))
    assert load() == ["000", "002", "003"]
    assert "not a PNG, JPEG or WebP image" in caplog.text
    assert "The next build asks again" not in caplog.text
    mended(server, "001")
    assert load() == ["000", "002", "003"]
    assert not gets()
    assert load(retry_skipped=True) == list(STEMS)
    assert gets() == dict.fromkeys(triplet_keys("easy", "male", "001").values(), 1)


def test_what_is_broken_once_it_can_be_read_is_no_longer_asked_for(
    server: FaultServer, load: Load, gets: Gets, caplog: Any
) -> None:
    server.always(key_of("001"), DENIED)
    load()
    server.always(key_of("001"), Body(b"x" * len(server.objects[key_of("001")])))
    assert load() == ["000", "002", "003"]
    assert "not a PNG" in caplog.text
    assert load() == ["000", "002", "003"]
    assert not gets()


@pytest.mark.parametrize("form", ["of today", "of 0.1.0"])
def test_reports_of_earlier_versions_tell_what_may_pass(
    server: FaultServer, load: Load, gets: Gets, tmp_path: Path, form: str
) -> None:
    server.always(key_of("001"), DENIED)
    server.always(key_of("002"), Body(b"x" * len(server.objects[key_of("002")])))
    load()
    (path,) = tmp_path.rglob("report.json")
    report = json.loads(path.read_text())
    assert {item["key"][-3:]: item["passing"] for item in report["left_out"]} == {"001": True, "002": False}
    if form == "of 0.1.0":
        for item in report["left_out"]:
            del item["passing"]
        path.write_text(json.dumps(report))
    mended(server, "001", "002")
    assert load() == ["000", "001", "003"]
    assert set(gets()) == set(triplet_keys("easy", "male", "001").values())


def test_nothing_is_asked_for_where_the_store_may_not_be(
    server: FaultServer, load: Load, gets: Gets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vton_hf.cache.listings.refresh.MIN_CACHED_KEYS", 2)
    server.always(key_of("001"), DENIED)
    load()
    assert load(listing="cached") == ["000", "002", "003"]
    assert not server.requests
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    assert load() == ["000", "002", "003"]
    assert not server.requests


def test_a_store_that_fails_meanwhile_stops_no_load_that_needs_nothing(
    server: FaultServer, load: Load, caplog: Any
) -> None:
    server.always(key_of("001"), DENIED)
    load()
    server.always(key_of("001"), Status(503, "SlowDown"))
    assert load() == ["000", "002", "003"]
    assert "What was left out while building is not asked for again: Cannot read" in caplog.text
    with pytest.raises(vton_hf.UnavailableError, match="SlowDown"):
        load(retry_skipped=True)


def test_a_build_told_to_raise_asks_again_and_raises_for_what_is_left(server: FaultServer, load: Load) -> None:
    server.always(key_of("001"), DENIED)
    server.always(key_of("002"), DENIED)
    load()
    mended(server, "001")
    with pytest.raises(vton_hf.StorageError, match=r"could not be read: easy/male/002.*retry_skipped=True") as raised:
        load(on_error="raise")
    assert "easy/male/001" not in str(raised.value)
    mended(server, "002")
    assert load(on_error="raise") == list(STEMS)


def test_an_object_that_was_replaced_is_found_by_the_next_listing(
    server: FaultServer, load: Load, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """Of a listing that is kept a few pages are compared, which would not show it."""
    monkeypatch.setattr("vton_hf.cache.listings.refresh.MIN_CACHED_KEYS", 2)
    monkeypatch.setattr("vton_hf.cache.listings.refresh._holds", lambda *_: True)
    load(listing="fresh", limit=1)
    server.objects[key_of("001")] = png("another", size=(20, 20))
    assert load() == ["000", "002", "003"]
    assert "changed since it was listed" in caplog.text
    assert load() == list(STEMS)
    assert server.asked()["?list1"] == 1
    server.always(key_of("002"), GONE)
    load(listing="fresh", download_mode="force_redownload")
    assert "no such object" in caplog.text
    load()
    assert server.asked()["?list1"] == 1


def test_the_command_line_asks_again_on_demand(
    server: FaultServer, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "hunter2", "S3_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    server.always(key_of("001"), Body(b"x" * len(server.objects[key_of("001")])))
    load()
    mended(server, "001")
    build = ["build", "easy", f"s3://{BUCKET}/{ROOT}", "--endpoint-url", server.url, "--cache-dir", tmp_path / "cache"]
    outputs = []
    for more in ([], ["--retry-skipped"]):
        assert main([*map(str, build), *more]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0].startswith("easy: 3 rows\n")
    assert "left out\teasy/male/001" in outputs[0]
    assert "(nothing was fetched, all was there)" in outputs[0]
    assert outputs[1].startswith("easy: 4 rows\n")
    assert "left out" not in outputs[1]
    assert "nothing was fetched" not in outputs[1]


def test_asking_again_names_no_other_dataset(tmp_path: Path) -> None:
    options = {"config_name": "easy", "s3_prefixes": ["./nowhere/"], "cache_dir": str(tmp_path)}
    assert vton_hf.VTON(**options, retry_skipped=True).cache_dir == vton_hf.VTON(**options).cache_dir
    with pytest.raises(vton_hf.ConfigError, match=r"retry_skipped must be True or False, got 'yes'\."):
        vton_hf.VTON(**options, retry_skipped="yes")
