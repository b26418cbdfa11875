"""Kills nodes, workers, drivers and shares at random moments; what is built must be what one process builds."""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.s3 import BUCKET, MotoS3, serve_s3
from vton_hf.demo import write_demo_bucket

COUNT = 16
SHARES = 8
LATEST = 6.0
"""Seconds after the start until which something is killed; the build takes some 20."""

PROGRAM = """
import json, sys, time
order = json.loads(sys.argv[1])
true = time.time
time.time = lambda: true() + 3600 * order["hours"]
import vton_hf
import vton_hf.cache
partition = sys.modules["vton_hf.cache.chunks.partition"]
partition.TARGET_ROWS = 4  # so that there are many chunks
partition._LAYOUT = order["layout"]
options = order["options"]
if order["address"]:
    options["engine"] = vton_hf.RayEngine(order["address"])
if order["load"]:
    rows = vton_hf.load("hard", **options)
    print(json.dumps(rows["key"][:]))
else:
    vton_hf.build("hard", **options)
"""


class Bench:
    """A bucket, and the processes that build from it."""

    def __init__(self, s3: MotoS3, folder: Path) -> None:
        self.s3, self.folder = s3, folder

    def start(self, *, address: str = "", load: bool = False, hours: int = 0, layout: str = "1", **options: Any) -> Any:
        """Another process, in a session of its own."""
        options |= {"s3_prefixes": [f"s3://{BUCKET}/dataset_ultimate/"], "storage_options": self.s3.storage_options}
        options["image_size"] = (512, 512)
        order = {"address": address, "load": load, "hours": hours, "layout": layout, "options": options}
        command = [sys.executable, "-c", PROGRAM, json.dumps(order)]
        log = (self.folder / "log.txt").open("ab")
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)  # noqa: S603

    def loaded(self, **options: Any) -> tuple[list[str], dict[str, bytes]]:
        """Keys in order, and the bytes of each chunk, in a cache of its own."""
        cache = Path(tempfile.mkdtemp(dir=self.folder))
        process = self.start(load=True, cache_dir=str(cache), **options)
        out, _ = process.communicate()
        chunks = {path.parent.name: path.read_bytes() for path in cache.rglob("data.arrow")}
        shutil.rmtree(cache)
        return json.loads(out.splitlines()[-1]), chunks

    def fetched(self) -> int:
        """GETs of the images since the last call."""
        count = sum(count for key, count in self.s3.gets().items() if key.startswith("dataset_ultimate/"))
        self.s3.reset_counts()
        return count


def kill(process: Any) -> None:
    """With all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def ray_workers() -> list[int]:
    """Processes that work on a task of ours."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().startswith(b"ray::_do"):
                found.append(int(path.parent.name))
    return found


def on_ray(bench: Bench, kills: int, report: Callable[..., None], expected: Any) -> None:
    """Three nodes; each time one thing is killed."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    for number in range(kills):
        shared = f"s3://{BUCKET}/ray-{number}/"
        what = ("node", "worker", "driver")[number % 3]
        moment = random.uniform(1.0, LATEST)
        bench.fetched()
        options = {"shared_cache": shared, "cache_dir": str(bench.folder / f"driver-{number}")}
        driver = bench.start(address=cluster.address, **options)
        time.sleep(moment + 3)
        if what == "node":
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            nodes.append(cluster.add_node(num_cpus=1))
        elif what == "worker":
            for pid in ray_workers()[:1]:
                os.kill(pid, signal.SIGKILL)
        else:
            kill(driver)
            driver = bench.start(address=cluster.address, **options)
        code = driver.wait()
        gets = bench.fetched()
        same = bench.loaded(shared_cache=shared) == expected
        report("ray", what, f"{moment:.1f} s", code, gets, same and not bench.fetched())
    cluster.shutdown()


def in_shares(bench: Bench, kills: int, report: Callable[..., None], expected: Any, *, place: str) -> None:
    """Eight processes and one of another version, clocks hours apart; some are killed and started again."""
    if place == "s3":
        common = {"shared_cache": f"s3://{BUCKET}/shares/"}
        reader: dict[str, Any] = common
    else:
        common = {"cache_dir": str(bench.folder / "together")}
        reader = common

    def start(index: int) -> Any:
        own = {} if place == "folder" else {"cache_dir": str(bench.folder / f"share-{index}")}
        another = index == SHARES  # one more, of another version
        shard = (0, 4) if another else (index, SHARES)
        return bench.start(shard=shard, hours=index - 4, layout="0" if another else "1", **common, **own)

    bench.fetched()
    running = {index: start(index) for index in range(SHARES + 1)}
    for _ in range(kills):
        time.sleep(random.uniform(0.3, 2.0))
        index = random.randrange(SHARES)
        kill(running[index])
        running[index] = start(index)
    codes = [process.wait() for process in running.values()]
    gets = bench.fetched()
    if place == "folder":
        process = bench.start(load=True, **reader)
        keys = json.loads(process.communicate()[0].splitlines()[-1])
        folders = (bench.folder / "together").rglob("data.arrow")
        chunks = {path.parent.name: path.read_bytes() for path in folders if path.parent.name in expected[1]}
        same = (keys, chunks) == expected
    else:
        same = bench.loaded(**reader) == expected
    report(f"shares, {place}", f"{kills} of them", "random", max(codes), gets, same and not bench.fetched())
    left = pruned(bench, place, common)
    report(f"shares, {place}", "cache --prune", "", 0, 0, not left)


def pruned(bench: Bench, place: str, common: dict[str, Any]) -> list[str]:
    """What is left of scratch after a prune."""
    environment = os.environ | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    command = [sys.executable, "-m", "vton_hf.cli", "cache", "--prune"]
    where = ["--cache-dir", common["cache_dir"]] if place == "folder" else ["--shared-cache", common["shared_cache"]]
    store = ["--endpoint-url", bench.s3.url, "--region", "us-east-1"]
    subprocess.run([*command, *where, *store], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    if place == "folder":
        names = [path.as_posix() for path in Path(common["cache_dir"]).rglob("*") if path.is_file()]
    else:
        names = list(bench.s3.objects(BUCKET, "shares/"))
    return [name for name in names if "incomplete" in name or name.endswith((".lease", ".alive"))]


def main() -> None:
    """Run what is asked for, and print a table."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("what", nargs="*", default=["ray", "folder", "s3"], help="default: ray folder s3")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random.seed(args.seed)
    failures: list[Any] = []

    def report(*cells: Any) -> None:
        print("  ".join(f"{cell!s:>14}" for cell in cells), flush=True)
        if not cells[-1] or cells[3]:
            failures.append(cells)

    for s3, folder in _served():
        bench = Bench(s3, folder)
        expected = bench.loaded()
        objects = bench.fetched()
        print(f"{len(expected[0]):,} rows, {len(expected[1])} chunks, {objects:,} objects")
        report("where", "killed", "after", "", "GETs", "the same")
        failures.clear()
        if "ray" in args.what:
            on_ray(bench, args.kills, report, expected)
        for place in ("folder", "s3"):
            if place in args.what:
                in_shares(bench, args.kills, report, expected, place=place)
    sys.exit(1 if failures else 0)


def _served() -> Iterator[tuple[MotoS3, Path]]:
    for s3 in serve_s3():
        s3.reset()
        write_demo_bucket(partial(s3.put, BUCKET), count=COUNT, size=(96, 64))
        with tempfile.TemporaryDirectory(prefix="vton_hf-soak-") as folder:
            yield s3, Path(folder)


if __name__ == "__main__":
    main()
