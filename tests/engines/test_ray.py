"""Ray, as it is: three nodes on this machine; lost workers and nodes cost a try, and its processes end with the command."""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import vton_hf
from tests.bucket import Bucket
from tests.engines.units import Unit, run
from tests.python import TRAINERS, program
from vton_hf.engines import RayEngine, run_units

pytestmark = pytest.mark.slow

COMMAND = program("vton_hf_command")


@dataclass(frozen=True)
class Waits:
    """Says on which node it runs, waits for a file, and gives the number back."""

    folder: Path

    def __call__(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, Any]]:
        for unit in units:
            node = os.environ.get("VTON_HF_TEST_NODE", "")
            (self.folder / f"at-{unit.number}-{node}-{os.getpid()}").touch()
            while not (self.folder / "go").exists():
                time.sleep(0.02)
            yield unit, unit.number


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 90
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def chunks(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in folder.rglob("data.arrow")}


def test_three_nodes_build_what_one_process_builds_and_may_be_lost(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ray_environment: dict[str, str]
) -> None:
    """One test, since a cluster takes ten seconds to start; and one session, each of which has workers of its own."""
    for name, value in ray_environment.items():
        monkeypatch.setenv(name, value)
    ray, cluster_utils = pytest.importorskip("ray"), pytest.importorskip("ray.cluster_utils")
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        others = [cluster.add_node(num_cpus=1) for _ in range(2)]
        ray.init(address=cluster.address, logging_level=logging.ERROR)
        engine = RayEngine(cluster.address)
        builds_alike(bucket, tmp_path, engine)
        validates_alike(bucket, tmp_path, engine)
        for name in ("workers", "nodes"):
            (tmp_path / name).mkdir()
        assert run(engine, tmp_path / "workers", 6, deadly={3: 1}) == {number: number**2 for number in range(6)}
        loses_a_node(engine, cluster, others[0], tmp_path / "nodes")
        loses_its_driver(bucket, cluster.address, tmp_path)
    finally:
        ray.shutdown()
        cluster.shutdown()


def builds_alike(bucket: Bucket, tmp_path: Path, engine: RayEngine) -> None:
    bucket.fill(2)
    options = {"s3_prefixes": [bucket.prefix]}
    alone = vton_hf.load("hard", cache_dir=str(tmp_path / "alone"), **options)
    folder = vton_hf.load("hard", cache_dir=str(tmp_path / "folder"), engine=engine, **options)
    assert folder["key"][:] == alone["key"][:]
    assert chunks(tmp_path / "folder") == chunks(tmp_path / "alone")
    shared = options | {"cache_dir": str(tmp_path / "driver"), "shared_cache": str(tmp_path / "shared")}
    status = vton_hf.build("hard", engine=engine, **shared)
    assert (status.chunks, status.done) == (6, 6)
    assert chunks(tmp_path / "driver") == {}, "what a cluster builds is published"
    assert vton_hf.load("hard", engine=engine, **shared)["key"][:] == alone["key"][:]
    assert chunks(tmp_path / "driver") == chunks(tmp_path / "alone")
    broken = bucket.folder / "dataset_ultimate/hard/male/initial_image"
    next(broken.iterdir()).write_bytes(b"no image")
    with pytest.raises(vton_hf.ImageError, match="hard/male"):
        vton_hf.load("hard", cache_dir=str(tmp_path / "raised"), engine=engine, on_error="raise", **options)


def validates_alike(bucket: Bucket, tmp_path: Path, engine: RayEngine) -> None:
    alone = vton_hf.validate(bucket.prefix, cache_dir=tmp_path / "one")
    assert alone.images == 36
    shared = tmp_path / "measured"
    found = vton_hf.validate(bucket.prefix, cache_dir=tmp_path / "several", engine=engine, shared_cache=shared)
    assert found.findings.equals(alone.findings)
    assert len(list(shared.rglob("*.images.parquet"))) == 6


def loses_a_node(engine: RayEngine, cluster: Any, node: Any, folder: Path) -> None:
    units = [Unit(number) for number in range(5)]
    outcomes = run_units(engine, Waits(folder), units, may_pass=lambda _: True)
    import threading

    done: list[tuple[Unit, Any]] = []
    reader = threading.Thread(target=lambda: done.extend(outcomes))
    reader.start()
    wait_for(lambda: len(list(folder.glob("at-*"))) >= 3)
    cluster.remove_node(node, allow_graceful=False)
    (folder / "go").touch()
    reader.join(90)
    assert sorted((unit.number, outcome) for unit, outcome in done) == [(number, number) for number in range(5)]
    assert len(list(folder.glob("at-*"))) > 5, "the unit that was lost ran once more"
    assert all(any(unit is given for given in units) for unit, _ in done)


def loses_its_driver(bucket: Bucket, address: str, tmp_path: Path) -> None:
    """Whoever starts it again goes on."""
    arguments = ["build", "hard", bucket.prefix, "--engine", "ray", "--image-size", "900x900", "--on-error", "skip"]
    arguments += ["--ray-address", address, "--cache-dir", str(tmp_path / "lost")]
    arguments += ["--shared-cache", str(tmp_path / "goes-on")]
    with TRAINERS.start(COMMAND, os.environ, *arguments) as driver:
        archives = tmp_path / "goes-on/chunks"
        wait_for(lambda: any(archives.glob("*.tar")))
        driver.kill()
    before = {path.name: path.stat().st_mtime_ns for path in archives.glob("*.tar")}
    again = TRAINERS.run(COMMAND, os.environ, *arguments)
    assert again.returncode == 0, again.stderr
    assert "done       6, " in again.stdout
    assert {name: (archives / name).stat().st_mtime_ns for name in before} == before


def descendants(pid: int) -> set[int]:
    """Of a process, those in other sessions included."""
    found = {pid}
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(fields[1])
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("when", ["/raylet/raylet", "ray::IDLE"], ids=["while Ray starts", "when it is there"])
def test_rays_processes_end_with_the_command_also_after_ctrl_c(
    bucket: Bucket, tmp_path: Path, ray_environment: dict[str, str], when: str
) -> None:
    bucket.fill(2)
    arguments = ["build", "hard", bucket.prefix, "--engine", "ray", "--cache-dir", str(tmp_path / "cache")]
    with (tmp_path / "stderr").open("w+") as err:
        process = TRAINERS.start(COMMAND, os.environ | ray_environment, *arguments, stderr=err)
    seen: set[int] = set()

    def is_time() -> bool:
        seen.update(descendants(process.pid))
        return any(when in (Path(f"/proc/{pid}/cmdline").read_text()) for pid in seen if runs(pid))

    wait_for(is_time)
    process.send_signal(signal.SIGINT)
    code, text = process.wait(timeout=90), (tmp_path / "stderr").read_text()
    assert code == 130, text
    assert "Stopped. Finished chunks are kept" in text
    wait_for(lambda: not any(map(runs, seen)))
