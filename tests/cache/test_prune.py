"""`vton-hf cache --prune` beside others that build, stream and prune: what is in use stays, the rest goes."""

import json
import multiprocessing
import os
import random
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

import vton_hf
from tests.bucket import Bucket
from vton_hf.cache import reservations
from vton_hf.cache.chunks import read_report, write
from vton_hf.cli import main, tidying

PROCESSES = multiprocessing.get_context("forkserver")
WEEK = 7 * 24 * 3600


class Others:
    """Other processes that use the cache; each stops where it says `step()` until it is let go on."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self._running: list[BaseProcess] = []

    def start(self, work: Callable[..., None], **more: Any) -> "Other":
        here, there = PROCESSES.Pipe()
        process = PROCESSES.Process(target=work, args=(there, self.options | more))
        process.start()
        there.close()
        self._running.append(process)
        return Other(process, here)

    def end(self) -> None:
        for process in self._running:
            process.kill()
            process.join()


class Other:
    """One of them."""

    def __init__(self, process: BaseProcess, pipe: Any) -> None:
        self.process, self._pipe = process, pipe

    def reached(self) -> Any:
        """Wait until it has reached its next step; what it says there."""
        assert self._pipe.poll(60)
        return self._pipe.recv()

    @staticmethod
    def next_of(others: "list[Other]") -> "Other":
        """Whoever reaches the next step first."""
        ready = wait([other._pipe for other in others], 60)
        return next(other for other in others if other._pipe in ready)

    def go_on(self) -> None:
        self._pipe.send(None)

    def finish(self) -> None:
        self.process.join(60)
        assert self.process.exitcode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def build(pipe: Any, options: dict[str, Any]) -> None:
    """Build, and stop after each chunk, while the next is under way."""
    publish = write.publish

    def stopped(*paths: Path) -> None:
        publish(*paths)
        pipe.send(paths[1].name)
        pipe.recv()

    write.publish = stopped
    pipe.send(len(vton_hf.load("hard", **options)))


def stream(pipe: Any, options: dict[str, Any]) -> None:
    """Make a stream, and read it later."""
    rows = vton_hf.load("hard", streaming=True, **options)
    pipe.send(None)
    pipe.recv()
    pipe.send(len(list(rows)))


@pytest.fixture
def options(bucket: Bucket, tmp_path: Path) -> dict[str, Any]:
    """Of each `load`; the bucket holds 12 triplets, in 6 chunks."""
    bucket.fill(2)
    return {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache")}


@pytest.fixture
def others(options: dict[str, Any]) -> Iterator[Others]:
    others = Others(options)
    yield others
    others.end()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache/vton_hf"


@pytest.fixture
def prune(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], int]:
    """Prunes, and says how much went."""

    def prune() -> int:
        capsys.readouterr()
        assert main(["cache", "--cache-dir", str(tmp_path / "cache"), "--prune"]) == 0
        out = capsys.readouterr().out
        return int(out.split("Deleted ")[1].split(".")[0]) if "Deleted" in out else 0

    return prune


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} if directory.exists() else set()


def chunks(root: Path) -> set[str]:
    return {path.name for path in (root / "chunks").iterdir() if not path.suffix}


def test_a_build_under_way_keeps_what_it_has_finished_and_what_it_is_writing(
    others: Others, root: Path, prune: Callable[[], int]
) -> None:
    builder = others.start(build)
    finished = {builder.reached()}
    for _ in range(4):
        before = names(root / "chunks") | names(root / "manifests")
        assert prune() == 0
        assert names(root / "chunks") | names(root / "manifests") == before
        assert finished <= before
        builder.go_on()
        finished.add(builder.reached())
    builder.go_on()
    builder.reached()
    builder.go_on()
    assert builder.reached() == 12
    builder.finish()
    assert prune() == 0


def test_builds_and_streams_of_one_dataset_each_keep_their_own(
    others: Others, root: Path, bucket: Bucket, prune: Callable[[], int]
) -> None:
    """A stream, a build of the bucket as it was before, and one of the bucket as it is."""
    streamer = others.start(stream)
    streamer.reached()
    first = others.start(build)
    first.reached()
    bucket.add_triplet("hard", "male", "new")
    second = others.start(build)
    other_stream = others.start(stream)
    other_stream.reached()
    prune()  # of the second build that may take what it has not yet said it uses: it makes that anew
    assert len([name for name in names(root / "manifests") if name.endswith(".arrow")]) == 2
    streamer.go_on()
    assert streamer.reached() == 12
    first.go_on()
    building = [first, second]
    while building:  # in whatever order: each waits for the chunks that the other is at work on
        builder = Other.next_of(building)
        if builder.reached() == (12 if builder is first else 13):
            building.remove(builder)
        else:
            prune()
            builder.go_on()
    other_stream.go_on()
    assert other_stream.reached() == 13


def test_a_stream_keeps_its_manifest_as_long_as_its_process_lives(
    others: Others, root: Path, prune: Callable[[], int]
) -> None:
    streamer = others.start(stream)
    streamer.reached()
    assert prune() == 0
    streamer.go_on()
    assert streamer.reached() == 12
    streamer.finish()
    assert prune() == 1
    assert names(root / "manifests") == set()


def test_a_killed_build_keeps_what_it_finished_for_a_week_and_nothing_else(
    others: Others, root: Path, options: dict[str, Any], prune: Callable[[], int]
) -> None:
    builder = others.start(build)
    finished = {builder.reached()}
    builder.kill()
    left = names(root / "chunks")
    assert left > finished
    assert prune() >= len(left) - 1, "two halves of chunks, their leases, and the manifest"
    assert names(root / "chunks") == finished
    assert not names(root / "leases")
    for claim in (root / "claims").glob("*.json"):
        long_ago = time.time() - WEEK - 60
        os.utime(claim, (long_ago, long_ago))
    assert prune() == 2
    assert names(root / "chunks") == set()
    assert not list((root / "claims").glob("*.json"))
    assert len(vton_hf.load("hard", **options)) == 12


def test_a_build_that_goes_on_lets_go_of_what_the_killed_one_wanted(
    others: Others, root: Path, bucket: Bucket, options: dict[str, Any], prune: Callable[[], int]
) -> None:
    builder = others.start(build)
    builder.reached()
    builder.kill()
    for difficulty in ("easy", "medium", "hard"):
        for gender in ("female", "male"):
            bucket.add_triplet(difficulty, gender, "002")
    assert len(vton_hf.load("hard", **options)) == 18
    assert prune() >= 2
    assert len(chunks(root)) == 6


def test_a_killed_stream_keeps_nothing(others: Others, root: Path, prune: Callable[[], int]) -> None:
    streamer = others.start(stream)
    streamer.reached()
    streamer.kill()
    assert prune() == 1
    assert not list((root / "claims").glob("*.json"))


def claim_of_a_killed_stream(others: Others, root: Path, **owner: Any) -> Path:
    """What a stream that was killed left, as if its process had been another."""
    streamer = others.start(stream)
    streamer.reached()
    streamer.kill()
    (claim,) = (root / "claims").glob("*.json")
    said = json.loads(claim.read_text())
    said["owner"] |= owner
    claim.write_text(json.dumps(said))
    return claim


def test_a_process_of_another_machine_is_believed_for_a_week_since_its_manifest_was_opened(
    others: Others, root: Path, prune: Callable[[], int]
) -> None:
    claim = claim_of_a_killed_stream(others, root, machine="another")
    (manifest,) = (root / "manifests").iterdir()
    assert prune() == 0
    long_ago = time.time() - WEEK - 60
    os.utime(claim, (long_ago, long_ago))
    assert prune() == 0
    os.utime(manifest, (long_ago, long_ago))
    assert prune() == 1


def test_a_number_that_another_process_has_now_is_no_claim(
    others: Others, root: Path, prune: Callable[[], int]
) -> None:
    claim_of_a_killed_stream(others, root, pid=os.getpid())
    assert prune() == 1


def test_files_that_are_being_written_stay_with_their_process(
    root: Path, options: dict[str, Any], prune: Callable[[], int]
) -> None:
    vton_hf.load("easy", streaming=True, **options)
    (manifest,) = (root / "manifests").iterdir()
    own = manifest.with_name(f"{manifest.name}.{32 * 'a'}.incomplete")
    lost = manifest.with_name(f"0123456789abcdef.arrow.{32 * 'a'}.incomplete")
    for path in (own, lost):
        path.write_bytes(b"half")
    assert prune() == 1
    assert own.exists()


def test_who_begins_while_it_is_decided_finds_what_was_taken_made_anew(root: Path, options: dict[str, Any]) -> None:
    vton_hf.load("easy", streaming=True, **options)
    (manifest,) = (root / "manifests").iterdir()
    made: list[int] = []
    begins = threading.Thread(
        target=lambda: made.append(len(list(vton_hf.load("hard", streaming=True, gender="male", **options))))
    )
    with reservations.undisturbed(root / "claims"):
        begins.start()
        begins.join(0.5)
        assert names(root / "manifests") == {manifest.name}
    begins.join(60)
    assert made == [6]


def test_what_vanishes_meanwhile_is_no_error_and_not_counted(
    root: Path, bucket: Bucket, options: dict[str, Any], prune: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    vton_hf.load("easy", **options)
    shutil.rmtree(root / "claims")
    for record in root.rglob("vton_hf-*.json"):
        record.unlink()
    original = tidying.prune

    def late(unused: list[Any], *more: Any) -> int:
        shutil.rmtree(unused[0].path)
        unused[1].path.rename(unused[1].path.with_suffix(".elsewhere"))
        return original(unused, *more)

    monkeypatch.setattr(tidying, "prune", late)
    assert prune() == 1


def test_what_a_killed_prune_set_aside_is_deleted(
    root: Path, options: dict[str, Any], prune: Callable[[], int]
) -> None:
    vton_hf.load("easy", **options)
    (root / "removed/folder").mkdir(parents=True)
    (root / "removed/folder/data.arrow").write_bytes(b"x")
    (root / "removed/file").write_bytes(b"x")
    prune()
    assert names(root / "removed") == set()


def test_a_chunk_that_was_caught_between_two_names_is_found_again(
    root: Path, options: dict[str, Any], prune: Callable[[], int]
) -> None:
    vton_hf.load("easy", **options)
    chunk = next(iter((root / "chunks").iterdir()))
    data = (chunk / "data.arrow").stat()
    chunk.rename(chunk.with_name(f"{chunk.name}.replaced"))
    assert prune() == 0
    assert len(vton_hf.load("easy", **options)) == 4
    assert (chunk / "data.arrow").stat().st_mtime_ns == data.st_mtime_ns


@pytest.mark.skipif(sys.platform != "linux", reason="two directories change their names in one step on Linux alone")
def test_a_chunk_that_is_replaced_is_there_all_the_time(root: Path, options: dict[str, Any]) -> None:
    vton_hf.load("easy", **options)
    watched, over, seen = list((root / "chunks").iterdir()), threading.Event(), set[bool]()

    def watch() -> None:
        while not over.is_set():
            seen.update(read_report(chunk) is not None for chunk in watched)

    watcher = threading.Thread(target=watch)
    watcher.start()
    first = {chunk: chunk.stat().st_ino for chunk in watched}
    for _ in range(20):
        vton_hf.VTON(config_name="easy", **options).download_and_prepare(download_mode="force_redownload")
    over.set()
    watcher.join()
    assert seen == {True}
    assert all(chunk.stat().st_ino != inode for chunk, inode in first.items())


def test_a_dataset_is_remembered_beside_builders_that_remove_empty_directories(
    root: Path, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    touch, removed = Path.touch, list[Path]()

    def late(path: Path, *given: Any, **named: Any) -> None:
        if path.name.startswith("vton_hf-") and not removed:
            removed.append(path.parent)
            path.parent.rmdir()
        touch(path, *given, **named)

    monkeypatch.setattr(Path, "touch", late)
    vton_hf.load("easy", **options)
    assert removed
    assert list(removed[0].glob("vton_hf-*.json"))


def loading(pipe: Any, options: dict[str, Any]) -> None:
    """Load again and again, now without one triplet and now without another, while the bucket grows."""
    while not pipe.poll():
        garment = random.choice(["one", "two", "three"])
        same = {"exclude": [f"hard/male/{garment}"], "epoch_size": 12, **options}
        assert len(vton_hf.load("hard", **same)["key"]) == 12
        assert len(list(vton_hf.load("hard", streaming=True, **same))) == 12


def pruning(pipe: Any, options: dict[str, Any]) -> None:
    """Prune again and again, between two looks at what is there."""
    while not pipe.poll():
        assert main(["cache", "--cache-dir", options["cache_dir"]]) == 0
        assert main(["cache", "--cache-dir", options["cache_dir"], "--prune"]) == 0


def test_many_at_once(others: Others, bucket: Bucket) -> None:
    started = [others.start(work) for work in (loading, loading, loading, pruning, pruning)]
    for turn in range(12):
        bucket.add_triplet("hard", "male", f"turn-{turn}")
        time.sleep(0.25)
    for other in started:
        other.go_on()
    for other in started:
        other.finish()
