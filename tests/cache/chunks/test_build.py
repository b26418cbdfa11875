"""Builds that are interrupted, repeated, shared, too large or fed with broken objects."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest
from PIL import Image

import vton_hf
from tests.bucket import Bucket, Load, encoded, loader, png, triplet_keys
from tests.faults import BUCKET as FAULTY
from tests.faults import Body, Status, serve_faults
from tests.python import PYTHON, Program, program
from tests.s3 import BUCKET, MotoS3
from vton_hf._core import disk
from vton_hf.cache.chunks import work
from vton_hf.cli import main
from vton_hf.engines import engine, processes

ROOT = f"s3://{BUCKET}/dataset_ultimate/"


@pytest.fixture
def load(s3: MotoS3, tmp_path: Path) -> Load:
    """`load_dataset` on the server, with a cache of the test's own."""
    return loader(ROOT, tmp_path / "cache", storage_options=s3.storage_options)


def in_process(s3: MotoS3, log: Path, *, num_proc: int | None = None, chunks: int = 0) -> Program:
    """Another process that builds `hard`; behind so many chunks it stands still, if there is a number."""
    options = {"s3_prefixes": [ROOT], "cache_dir": str(log.with_name("cache")), "storage_options": s3.storage_options}
    arguments = json.dumps([chunks, options | {"num_proc": num_proc}])
    with log.open("w") as file:
        return PYTHON.start(program("build_hard"), os.environ, arguments, stdout=file, stderr=file)


def finished_chunks(cache: Path) -> list[Path]:
    return [path.parent for path in (cache / "vton_hf/chunks").glob("*/report.json") if not path.parent.suffix]


def test_every_object_is_fetched_once_for_all_configs(s3: MotoS3, load: Load) -> None:
    objects = s3.fill(4)
    s3.reset_counts()
    for name in ("hard", "medium", "easy", "hard"):
        load(name)
    assert len(s3.gets()) == objects
    assert set(s3.gets().values()) == {1}


def test_a_killed_build_goes_on_where_it_stood(s3: MotoS3, load: Load, tmp_path: Path) -> None:
    objects = s3.fill(4)
    cache = tmp_path / "cache"
    builder = in_process(s3, tmp_path / "log", chunks=3)
    deadline = time.monotonic() + 60
    while len(finished_chunks(cache)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    builder.kill()
    builder.wait()
    done = sum(json.loads((chunk / "report.json").read_text())["rows"] for chunk in finished_chunks(cache))
    assert 0 < done < objects // 3
    s3.reset_counts()
    assert len(load()) == objects // 3
    assert len(s3.gets()) == objects - 3 * done


def test_an_interrupted_build_leaves_nothing_half_written(s3: MotoS3, load: Load, tmp_path: Path) -> None:
    s3.fill(4)
    cache = tmp_path / "cache"
    builder = in_process(s3, tmp_path / "log", chunks=2)
    deadline = time.monotonic() + 60
    while len(finished_chunks(cache)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    builder.send_signal(signal.SIGINT)
    builder.wait(60)
    assert "KeyboardInterrupt" in (tmp_path / "log").read_text()
    assert not list(cache.rglob("*.incomplete"))
    assert 2 <= len(finished_chunks(cache)) < 6
    assert len(load()) == 24


def test_workers_do_not_outlive_a_killed_parent(s3: MotoS3, tmp_path: Path) -> None:
    s3.fill(2)
    builder = in_process(s3, tmp_path / "log", num_proc=2)
    children: list[int] = []
    deadline = time.monotonic() + 60
    while not finished_chunks(tmp_path / "cache") and time.monotonic() < deadline:
        time.sleep(0.05)
    children = [int(pid) for pid in subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(builder.pid)], capture_output=True, text=True, check=False
    ).stdout.split()]  # fmt: skip
    builder.kill()
    builder.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert children
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_two_processes_build_one_cache_together(s3: MotoS3, tmp_path: Path) -> None:
    objects = s3.fill(3)
    s3.reset_counts()
    both = {tmp_path / f"log {num_proc}": num_proc for num_proc in (None, 2)}
    builders = [in_process(s3, log, num_proc=num_proc) for log, num_proc in both.items()]
    assert [builder.wait(120) for builder in builders] == [0, 0]
    first, second = [log.read_text().splitlines()[-1] for log in both]
    assert first == second
    assert first.startswith(f"{objects // 3} ")
    assert set(s3.gets().values()) == {1}
    assert not list((tmp_path / "cache").rglob("*.incomplete"))


def test_one_changed_object_costs_one_request(s3: MotoS3, load: Load) -> None:
    s3.fill(3)
    load()
    s3.put(BUCKET, triplet_keys("easy", "male", "001")["cloth_image"], png("new"))
    s3.reset_counts()
    load()
    assert sum(s3.gets().values()) == 1


def test_a_grown_bucket_costs_its_new_objects(s3: MotoS3, load: Load) -> None:
    s3.fill(20)
    load("easy")
    for index in range(20, 80):
        for key in triplet_keys("easy", "female", f"{index:03d}").values():
            s3.put(BUCKET, key, png(key))
    s3.reset_counts()
    assert len(load("easy")) == 100
    assert sum(s3.gets().values()) == 180


def test_a_dead_worker_is_replaced(
    s3: MotoS3, load: Load, tmp_path: Path, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.fill(2)
    mark = tmp_path / "died"
    key = triplet_keys("hard", "male", "001")["cloth_image"]
    monkeypatch.setattr(processes, "do_one", KillOnce(mark, key))
    assert len(load(num_proc=2)) == 12
    assert mark.exists()
    assert "A worker process died" in caplog.text


class KillOnce:
    """Builds a chunk in a worker, but dies on the first that holds the key."""

    def __init__(self, mark: Path, key: str) -> None:
        self.mark, self.key = mark, key

    def __call__(self, work: Any, job: Any) -> Any:
        if any(uri.endswith(self.key) for uri in job.chunk.rows["cloth_image"].to_pylist()) and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return engine.do_one(work, job)


BROKEN = {
    "an error page": (lambda _: b"<html>403</html>", "not a PNG, JPEG or WebP image"),
    "cut off": (lambda good: good[:-30], "truncated PNG"),
    "a flipped byte": (lambda good: good[:60] + bytes([good[60] ^ 1]) + good[61:], "CRC error"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_image_leaves_out_its_triplet_and_is_listed(
    bucket: Bucket, tmp_path: Path, caplog: Any, how: str
) -> None:
    bucket.fill(3)
    key = triplet_keys("easy", "male", "001")["try_on_image"]
    damage, reason = BROKEN[how]
    uri = bucket.put(key, damage(png(key)))
    builder = vton_hf.VTON(config_name="easy", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare()
    assert "easy/male/001" not in builder.as_dataset("train")["key"]
    assert len(builder.as_dataset("train")) == 5
    (item,) = builder.prepared.skipped
    assert (item.key, item.uri) == ("easy/male/001", uri)
    assert reason in item.reason
    assert "1 triplet was left out while building" in caplog.text
    assert uri in caplog.text


@pytest.mark.parametrize("built_before", [False, True])
def test_a_build_told_to_raise_names_key_and_way_out(bucket: Bucket, tmp_path: Path, built_before: bool) -> None:
    bucket.fill(2)
    key = triplet_keys("easy", "female", "000")["initial_image"]
    bucket.put(key, png(key)[:40])
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path)}
    if built_before:
        vton_hf.load("easy", **options)
    with pytest.raises(vton_hf.ImageError, match=r"easy/female/000: truncated PNG.*exclude=.*on_error='skip'"):
        vton_hf.load("easy", on_error="raise", **options)
    assert len(vton_hf.load("easy", on_error="raise", exclude=["easy/female/000"], **options)) == 3


def test_decoding_while_building_finds_what_the_structure_hides(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(1)
    key = triplet_keys("easy", "female", "000")["initial_image"]
    bucket.put(key, with_damaged_pixels(png(key)))
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path)}
    assert len(vton_hf.load("easy", **options)) == 2
    assert len(vton_hf.load("easy", verify="decode", **options)) == 1


def with_damaged_pixels(data: bytes) -> bytes:
    """The compressed pixels overwritten, under a CRC that fits them."""
    import struct
    import zlib

    start = data.index(b"IDAT")
    length = struct.unpack(">I", data[start - 4 : start])[0]
    chunk = b"IDAT" + b"\x00" * length
    return data[:start] + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[start + 8 + length :]


def test_a_build_that_does_not_fit_stops_before_the_first_byte(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.fill(2)
    monkeypatch.setattr(disk, "free_bytes", lambda _: 1000)
    with pytest.raises(vton_hf.BuildError) as refused:
        vton_hf.load("hard", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"))
    for way_out in ("streaming=True", "embed_images=False", "image_size=", "cache_dir=", "1.0 kB free"):
        assert way_out in str(refused.value)
    assert not list((tmp_path / "cache").rglob("data.arrow"))


def test_a_full_disk_is_named_and_nothing_half_written_stays(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.fill(2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vton_hf.cache.chunks.write.write_report", full)
    with pytest.raises(vton_hf.BuildError, match=r"The disk of .* is full\. Finished chunks are kept"):
        vton_hf.load("easy", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"))
    assert not list((tmp_path / "cache").rglob("data.arrow"))


def test_objects_that_vanish_after_the_listing_are_left_out(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(2)
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache")}
    builder = vton_hf.VTON(config_name="hard", **options)
    assert len(builder.triplets.manifest) == 12
    shutil.rmtree(bucket.folder / "dataset_ultimate/hard/male")
    builder.download_and_prepare()
    assert {item.key for item in builder.prepared.skipped} == {"hard/male/000", "hard/male/001"}


def test_workers_leave_out_the_same_and_say_so(bucket: Bucket, tmp_path: Path, caplog: Any) -> None:
    bucket.fill(4)
    reasons = {}
    for stem, (damage, reason) in zip(("001", "002", "003"), BROKEN.values(), strict=True):
        key = triplet_keys("easy", "male", stem)["try_on_image"]
        bucket.put(key, damage(png(key)))
        reasons[f"easy/male/{stem}"] = reason
    builder = vton_hf.VTON(config_name="easy", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"))
    assert len(builder.triplets.manifest) == 24
    shutil.rmtree(bucket.folder / "dataset_ultimate/easy/female")
    reasons |= {f"easy/female/{index:03d}": "there is no such object" for index in range(4)}
    builder.download_and_prepare(num_proc=2)
    skipped = {item.key: item.reason for item in builder.prepared.skipped}
    assert skipped.keys() == reasons.keys()
    assert [key for key, reason in reasons.items() if reason not in skipped[key]] == []
    assert builder.as_dataset("train")["key"] == ["easy/male/000"]
    assert "7 triplets were left out while building" in caplog.text


@pytest.mark.parametrize("num_proc", [None, 2])
def test_a_store_that_fails_stops_the_build_and_keeps_what_is_done(tmp_path: Path, num_proc: int | None) -> None:
    for faults in serve_faults():
        for difficulty in ("easy", "medium"):
            for key in triplet_keys(difficulty, "male", "000").values():
                faults.objects[key] = png(key)
        broken = triplet_keys("medium", "male", "000")["cloth_image"]
        faults.always(broken, Status(503, "SlowDown"))
        options = {
            "s3_prefixes": [f"s3://{FAULTY}/dataset_ultimate/"],
            "cache_dir": str(tmp_path / "cache"),
            "storage_options": {"key": "k", "secret": "s", "endpoint_url": faults.url, "deadline": 4},
        }
        with pytest.raises(
            vton_hf.UnavailableError, match=r"SlowDown.*Finished chunks are kept; the next build goes on"
        ):
            vton_hf.load("medium", num_proc=num_proc, **options)
        assert len(finished_chunks(tmp_path / "cache")) == 1
        faults.always(broken, Body(png(broken)))
        assert len(vton_hf.load("medium", **options)) == 2


def test_a_denied_triplet_is_left_out_also_where_nothing_else_is_asked_for(tmp_path: Path) -> None:
    for faults in serve_faults():
        for stem in ("000", "001"):
            for key in triplet_keys("easy", "male", stem).values():
                faults.objects[key] = png(key)
        for key in triplet_keys("easy", "male", "001").values():
            faults.always(key, Status(403, "AccessDenied"))
        options = {
            "s3_prefixes": [f"s3://{FAULTY}/dataset_ultimate/"],
            "cache_dir": str(tmp_path / "cache"),
            "storage_options": {"key": "k", "secret": "s", "endpoint_url": faults.url, "deadline": 4},
        }
        for _ in range(2):
            assert vton_hf.load("easy", **options)["key"][:] == ["easy/male/000"]
        with pytest.raises(vton_hf.EmptyPoolError, match=r"all 1 of its triplets were left out .* refused"):
            vton_hf.load("easy", exclude=["easy/male/000"], **options)


def test_what_no_dataset_uses_is_known_and_can_be_removed(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.fill(2)
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache")}
    vton_hf.load("hard", **options)
    bucket.put(triplet_keys("hard", "male", "001")["cloth_image"], png("new"))
    vton_hf.load("hard", **options)
    before = {path.name.rsplit("-", 2)[0] for path in finished_chunks(tmp_path / "cache")}
    assert main(["cache", "--cache-dir", str(tmp_path / "cache"), "--prune", "--list"]) == 0
    pruned = [line.split()[-1] for line in capsys.readouterr().out.splitlines() if "original-" in line]
    assert [name.rsplit("-", 2)[0] for name in pruned] == ["original-hard-male"]
    assert {path.name.rsplit("-", 2)[0] for path in finished_chunks(tmp_path / "cache")} == before
    assert len(vton_hf.load("hard", **options)) == 12


@pytest.mark.parametrize(
    ("kind", "magic"), [(None, b"\x89PNG"), ("png-fast", b"\x89PNG"), ("jpeg", b"\xff\xd8"), ("webp", b"RIFF")]
)
def test_images_are_stored_in_the_size_and_format_asked_for(
    bucket: Bucket, tmp_path: Path, kind: str | None, magic: bytes
) -> None:
    bucket.fill(2)
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path), "image_size": (8, 6), "image_format": kind}
    rows = vton_hf.load("easy", **options)
    assert {image.size for row in rows for image in (row["initial_image"], row["cloth_image"])} == {(6, 8)}
    raw = rows.cast_column("try_on_image", datasets.Image(decode=False))
    assert all(row["try_on_image"]["bytes"].startswith(magic) for row in raw)
    assert [row["cloth_image"] for row in vton_hf.load("easy", streaming=True, **options)] == rows["cloth_image"][:]


def test_sizes_lie_side_by_side_in_one_cache(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(2)
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path)}
    assert vton_hf.load("easy", **options)[0]["cloth_image"].size == (12, 16)
    assert vton_hf.load("easy", image_size=(4, 4), **options)[0]["cloth_image"].size == (4, 4)
    assert vton_hf.load("easy", **options)[0]["cloth_image"].size == (12, 16)
    with pytest.raises(vton_hf.ConfigError, match="embed_images=False stores none"):
        vton_hf.load("easy", image_size=(4, 4), embed_images=False, **options)


def test_prepared_images_are_not_taken_over_from_a_chunk_that_checked_less(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(1)
    key = triplet_keys("easy", "female", "000")["initial_image"]
    good = png(key)
    bucket.put(key, good[:45] + bytes([good[45] ^ 1]) + good[46:])
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path), "image_size": (8, 6)}
    before = len(vton_hf.load("easy", verify="none", **options))
    assert len(vton_hf.load("easy", verify="structure", **options)) == 1
    assert before <= 2


def test_an_image_that_its_format_cannot_hold_is_left_out(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(1)
    bucket.put(triplet_keys("easy", "female", "000")["cloth_image"], encoded(Image.new("RGB", (17_000, 2))))
    rows = vton_hf.load("easy", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path), image_format="webp")
    assert rows["key"][:] == ["easy/male/000"]


@pytest.mark.parametrize("name", ["data.arrow", "sources.json"])
def test_what_a_machine_lost_with_its_power_is_built_again(bucket: Bucket, tmp_path: Path, name: str) -> None:
    bucket.fill(1)
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path)}
    expected = vton_hf.load("easy", **options)[:]
    files = {path: path.read_bytes() for path in tmp_path.rglob(name)}
    for path, data in files.items():
        path.write_bytes(data[:-10])
    assert vton_hf.load("easy", **options)[:] == expected
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.parametrize("options", [{}, {"image_size": (8, 6), "image_format": "jpeg"}])
def test_a_chunk_does_not_depend_on_threads_or_processes(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    bucket.fill({"easy": 40}, genders=("female",))
    built = []
    for name, threads, num_proc in (("one", 1, None), ("nine", 9, None), ("workers", 4, 2)):
        monkeypatch.setattr(work, "FETCHING", threads)
        vton_hf.load("easy", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / name), num_proc=num_proc, **options)
        built.append({path.parent.name: path.read_bytes() for path in (tmp_path / name).rglob("data.arrow")})
    assert len(built[0]) == 1
    assert built[0] == built[1] == built[2]
    with pa.ipc.open_stream(next(iter(built[0].values()))) as stream:
        assert [batch.num_rows for batch in stream] == [32, 8]


def test_a_torn_report_is_a_chunk_to_build_again(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(1)
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path)}
    vton_hf.load("easy", **options)
    for path in [*tmp_path.rglob("report.json"), *tmp_path.rglob("vton_hf-*.json")]:
        path.write_bytes(b"")
    assert len(vton_hf.load("easy", **options)) == 2


def test_after_an_update_originals_cost_nothing_and_resized_images_say_why_they_are_made_again(
    s3: MotoS3, load: Load, tmp_path: Path, caplog: Any
) -> None:
    count = s3.fill(1) // 3
    chunks = tmp_path / "cache/vton_hf/chunks"
    resized = load("easy", image_size=(8, 6))
    load("easy", image_format="jpeg")
    load("easy")
    for path in [path for path in chunks.iterdir() if path.name.startswith("8x6-")]:
        path.rename(path.with_name(path.name.replace("-r2-", "-")))
    s3.reset_counts()
    caplog.clear()
    load("easy")
    load("easy", image_format="jpeg")
    assert not s3.gets()
    assert not [line for line in caplog.messages if "prepared again" in line]
    again = load("easy", image_size=(8, 6))
    assert sum(s3.gets().values()) == count
    (line,) = [line for line in caplog.messages if "prepared again" in line]
    assert line.startswith(
        "2 of 2 chunks are prepared again, from objects that are fetched again: how an earlier version"
    )
    assert again[0] == resized[0]
    load("easy", image_size=(8, 6))
    assert len([line for line in caplog.messages if "prepared again" in line]) == 1
