"""Several processes build one dataset, each its share, by whatever clock; any of them may be killed at any moment."""

import contextlib
import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import vton_hf
from tests.bucket import ROOT, Bucket, png, triplet_keys
from tests.faults import BUCKET as FAULTY
from tests.faults import Body, Status, serve_faults
from tests.s3 import BUCKET, MotoS3
from vton_hf.cache import leases
from vton_hf.cache.chunks import write
from vton_hf.cli import main
from vton_hf.naming import DIFFICULTIES, GENDERS

PROCESSES = multiprocessing.get_context("forkserver")
SHARES = 4


class Build:
    """A bucket of 12 triplets in 6 chunks, and where its shares meet: a folder that all see, or a shared cache."""

    def __init__(self, folder: Path, s3: MotoS3, shared: str | None) -> None:
        self.folder, self.s3, self.shared = folder, s3, shared

    def options(self, machine: str) -> dict[str, Any]:
        where = {"cache_dir": str(self.folder / ("cache" if self.shared is None else machine))}
        more = {"storage_options": self.s3.storage_options, "shared_cache": self.shared}
        return {"s3_prefixes": [f"s3://{BUCKET}/{ROOT}"]} | where | more

    def share(self, index: int, count: int = SHARES, **more: Any) -> vton_hf.BuildStatus:
        return vton_hf.build("hard", shard=(index, count), **self.options(f"share-{index}"), **more)

    def source_gets(self) -> Counter[str]:
        return Counter({key: count for key, count in self.s3.gets().items() if key.startswith(ROOT)})


@pytest.fixture(params=["folder", "s3"])
def build(request: pytest.FixtureRequest, s3: MotoS3, tmp_path: Path) -> Build:
    """What shares build together."""
    s3.fill(2)
    s3.reset_counts()
    return Build(tmp_path, s3, f"s3://{BUCKET}/vton-cache/" if request.param == "s3" else None)


def chunks(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in folder.rglob("data.arrow")}


def alone(build: Build) -> tuple[list[str], dict[str, bytes]]:
    """What one process builds."""
    folder = build.folder / "alone"
    options = build.options("x") | {"cache_dir": str(folder), "shared_cache": None}
    return vton_hf.load("hard", **options)["key"][:], chunks(folder)


def test_shares_in_any_order_build_all_and_fetch_each_object_once(build: Build) -> None:
    done = [build.share(index).done for index in (2, 0, 3, 1)]
    assert done == sorted(done)
    assert done[0] in {1, 2}
    assert done[-1] == 6
    assert set(build.source_gets().values()) == {1}
    assert len(build.source_gets()) == 36
    build.s3.reset_counts()
    rows = vton_hf.load("hard", **build.options("reader"))
    assert not build.source_gets()
    keys, files = alone(build)
    assert rows["key"][:] == keys
    assert chunks(build.folder / ("cache" if build.shared is None else "reader")) == files


@pytest.mark.parametrize("build", ["s3"], indirect=True)
def test_a_share_leaves_nothing_on_its_machine_but_in_the_shared_cache(build: Build) -> None:
    build.share(0, 1)
    assert bool(chunks(build.folder)) == (build.shared is None)


@pytest.mark.parametrize("build", ["s3"], indirect=True)
def test_a_share_that_is_done_fetches_nothing(build: Build) -> None:
    build.share(1)
    build.s3.reset_counts()
    build.share(1)
    assert not build.source_gets()


def grow(build: Build) -> None:
    for key in triplet_keys("hard", "male", "new").values():
        build.s3.put(BUCKET, key, png(key))


@pytest.mark.parametrize("build", ["s3"], indirect=True)
def test_another_bucket_is_refused_until_all_is_built(build: Build) -> None:
    build.share(0)
    grow(build)
    with pytest.raises(
        vton_hf.BuildError, match=r"12 triplets, frozen by .* but this process found \w{16} \(13 "
    ) as refused:
        build.share(1)
    assert "--listing cached" in str(refused.value)
    for index in (1, 2, 3):
        status = build.share(index, listing="cached")
    assert (status.chunks, status.done) == (6, 6)
    status = build.share(0)
    assert status.chunks == 6
    for index in (1, 2, 3):
        status = build.share(index)
    assert status.done == 6
    assert "hard/male/new" in vton_hf.load("hard", epoch_size="max", **build.options("reader"))["key"][:]


@pytest.mark.parametrize("build", ["s3"], indirect=True)
def test_a_plan_whose_manifest_was_pruned_gives_way(build: Build) -> None:
    build.share(0)
    grow(build)
    for key in build.s3.objects(BUCKET, "vton-cache/plans/manifests/"):
        build.s3.delete(BUCKET, key)
    assert vton_hf.build_status("hard", **build.options("looker")).chunks == 6
    for index in range(SHARES):
        status = build.share(index)
    assert status.done == 6
    assert "hard/male/new" in vton_hf.load("hard", epoch_size="max", **build.options("reader"))["key"][:]


@pytest.mark.parametrize("build", ["s3"], indirect=True)
def test_a_new_plan_is_frozen_on_demand(build: Build) -> None:
    build.share(0)
    grow(build)
    build.share(0, listing="fresh")
    build.share(1)
    with pytest.raises(vton_hf.BuildError, match="Nothing is built"):
        vton_hf.VTON(config_name="hard", shard=(2, 4), **build.options("share-2")).as_dataset("train")


@pytest.mark.parametrize("build", ["s3"], indirect=True)
def test_other_options_are_another_build(build: Build) -> None:
    build.share(0)
    assert build.share(0, image_size=(8, 6)).done <= 2


@pytest.mark.parametrize("shard", [(1, 1), (-1, 2), (0, 0), 3, "0/2", (0, 1, 2), (0.0, 2)])
def test_a_share_that_is_none_is_refused(shard: Any, bucket: Bucket) -> None:
    with pytest.raises(vton_hf.ConfigError, match=r"shard must be \(i, n\) with 0 <= i < n"):
        vton_hf.build("hard", s3_prefixes=[bucket.prefix], shard=shard)


def stopping(pipe: Any, options: dict[str, Any], index: int) -> None:
    """Build a share, and stop where a chunk is written but not there yet."""
    publish = write.publish

    def stopped(*paths: Any) -> None:
        pipe.send(None)
        pipe.recv()
        publish(*paths)

    write.publish = stopped  # type: ignore[assignment]
    vton_hf.build("hard", shard=(index, SHARES), **options)


def test_a_share_that_is_killed_costs_what_was_under_way_and_leaves_no_scratch(
    build: Build, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=stopping, args=(there, build.options("share-0"), 0))
    process.start()
    assert here.poll(60)
    status = vton_hf.build_status("hard", **build.options("looker"))
    assert sum(status.under_way.values()) >= 1
    process.kill()
    process.join()
    assert sum(vton_hf.build_status("hard", **build.options("looker")).under_way.values()) == 0
    for index in range(SHARES):
        status = build.share(index)
    assert status.done == 6
    assert sum(build.source_gets().values()) <= 36 + 2 * 6
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for folder in build.folder.iterdir():
        assert main(["cache", "--prune", "--cache-dir", str(folder)]) == 0
    if build.shared is not None:
        where = ["--shared-cache", build.shared, "--endpoint-url", build.s3.url, "--region", "us-east-1"]
        assert main(["cache", "--prune", *where]) == 0
        assert not [key for key in build.s3.objects(BUCKET, "vton-cache/") if "leases" in key or "incomplete" in key]
    left = [path for path in build.folder.rglob("*") if path.is_file()]
    assert not [path for path in left if "incomplete" in path.name or path.suffix in {".lease", ".alive"}]


@pytest.mark.parametrize("build", ["folder"], indirect=True)
def test_a_share_that_hangs_is_taken_over_and_goes_on_afterwards(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=stopping, args=(there, build.options("share-0"), 0))
    process.start()
    there.close()
    assert here.poll(60)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    monkeypatch.setattr(leases, "PATIENCE", 0.5)
    for index in range(SHARES):
        status = build.share(index)
    assert status.done == 6
    os.kill(process.pid, signal.SIGCONT)
    with contextlib.suppress(EOFError, ConnectionError):
        while process.is_alive():
            here.send(None)
            here.recv()
    process.join(60)
    assert process.exitcode == 0
    assert vton_hf.load("hard", **build.options("reader"))["key"][:] == alone(build)[0]


def test_a_chunk_that_fails_is_set_aside_and_seen_from_any_machine(tmp_path: Path) -> None:
    lost = triplet_keys("hard", "male", "000")["cloth_image"]
    for faults in serve_faults():
        for difficulty in DIFFICULTIES:
            for gender in GENDERS:
                faults.objects |= {key: png(key) for key in triplet_keys(difficulty, gender, "000").values()}
        faults.always(lost, Status(503, "SlowDown"))
        options: dict[str, Any] = {
            "s3_prefixes": [f"s3://{FAULTY}/{ROOT}"],
            "cache_dir": str(tmp_path),
            "storage_options": {"key": "k", "secret": "s", "endpoint_url": faults.url, "deadline": 3},
        }
        with pytest.raises(vton_hf.UnavailableError, match=r"1 of 6 chunks failed three times and are set aside"):
            vton_hf.build("hard", shard=(0, 1), **options)
        status = vton_hf.build_status("hard", **options)
        assert (status.done, len(status.failed), status.left) == (5, 1, 0)
        assert "SlowDown" in next(iter(status.failed.values()))
        rows = vton_hf.load("hard", allow_missing=True, **options)
        assert {key.rpartition("/")[0] for key in rows["key"][:] if key.startswith("hard")} == {"hard/female"}
        faults.always(lost, Body(png(lost)))
        assert vton_hf.build("hard", shard=(0, 1), **options).done == 6
        assert not vton_hf.build_status("hard", **options).failed
        assert "hard/male/000" in vton_hf.load("hard", **options)["key"][:]


@pytest.mark.parametrize("build", ["s3"], indirect=True)
def test_the_command_line_builds_a_share_and_says_how_far_all_are(
    build: Build, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    where = ["--endpoint-url", build.s3.url, "--region", "us-east-1", "--cache-dir", build.options("one")["cache_dir"]]
    where += ["--shared-cache", build.shared] if build.shared else []
    command = ["build", "hard", f"s3://{BUCKET}/{ROOT}", *where]
    assert main([*command, "--shard", "0/2"]) == 0
    assert "share 0 of 2 is done" in capsys.readouterr().out
    assert main([*command, "--status", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["chunks"], status["done"], status["left"]) == (6, 3, 3)
    assert main([*command, "--shard", "1/2"]) == 0
    assert main([*command, "--status"]) == 0
    assert "done       6, " in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main([*command, "--shard", "2"])
    assert ended.value.code == 2


def sharing(options: dict[str, Any], index: int, hours: int) -> None:
    """A share on a machine whose clock is so many hours off."""
    true = time.time
    time.time = lambda: true() + 3600 * hours
    vton_hf.build("hard", shard=(index, SHARES), **options)


@pytest.mark.slow
@pytest.mark.parametrize("build", ["folder"], indirect=True)
def test_shares_that_are_killed_at_random_with_clocks_hours_apart_build_the_same(build: Build) -> None:
    for killed in (2, 0):
        shares = [(build.options(f"share-{index}"), index, 5 * index - 10) for index in range(SHARES)]
        running = [PROCESSES.Process(target=sharing, args=share) for share in shares]
        for process in running:
            process.start()
        if killed:
            time.sleep(random.uniform(0.2, 1.0))
            for process in random.sample(running, killed):
                process.kill()
        for process in running:
            process.join(120)
    assert all(process.exitcode == 0 for process in running)
    assert sum(build.source_gets().values()) <= 36 + 2 * 2 * 6
    rows = vton_hf.load("hard", **build.options("reader"))
    assert rows["key"][:] == alone(build)[0]
