"""A cache that machines share: what one has built another takes from there, and asks the bucket for nothing."""

import json
import re
import shutil
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import vton_hf
from tests.bucket import ROOT, Bucket, png, triplet_keys
from tests.s3 import BUCKET, MotoS3
from vton_hf.cli import main

Load = Callable[..., Any]
CACHE = "vton-cache/"


class Machines:
    """Machines that load from one bucket and share a cache; each has a cache of its own."""

    def __init__(self, folder: Path, s3: MotoS3, shared: str) -> None:
        self.folder, self.s3, self.shared = folder, s3, shared

    def options(self, machine: str, **more: Any) -> dict[str, Any]:
        own = {"cache_dir": str(self.folder / machine), "storage_options": self.s3.storage_options}
        return {"s3_prefixes": [f"s3://{BUCKET}/{ROOT}"], "shared_cache": self.shared} | own | more

    def load(self, machine: str, name: Any = "hard", **more: Any) -> Any:
        return vton_hf.load(name, **self.options(machine, **more))

    def build(self, machine: str, **more: Any) -> Any:
        return vton_hf.build("hard", **self.options(machine, **more))

    def chunks(self, machine: str) -> dict[str, bytes]:
        return {path.parent.name: path.read_bytes() for path in (self.folder / machine).rglob("data.arrow")}

    def source_gets(self) -> int:
        return sum(count for key, count in self.s3.gets().items() if key.startswith(ROOT))

    def published(self) -> dict[str, bytes]:
        """Names and bytes of all that lies in the shared cache."""
        if "://" in self.shared:
            objects = self.s3.objects(BUCKET, CACHE)
            return {key.removeprefix(CACHE): body for key, body in objects.items()}
        root = Path(self.shared)
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def tamper(self, name: str, body: bytes) -> None:
        if "://" in self.shared:
            self.s3.put(BUCKET, CACHE + name, body)
        else:
            path = Path(self.shared) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(body)

    def archives(self) -> list[str]:
        return sorted(name for name in self.published() if name.endswith(".tar"))


BOTH = pytest.mark.parametrize("machines", ["s3", "folder"], indirect=True)


@pytest.fixture
def machines(request: pytest.FixtureRequest, s3: MotoS3, tmp_path: Path) -> Machines:
    """The bucket holds 12 triplets, in 6 chunks."""
    s3.fill(2)
    return Machines(
        tmp_path, s3, f"s3://{BUCKET}/{CACHE}" if getattr(request, "param", "s3") == "s3" else str(tmp_path / "nfs")
    )


@BOTH
def test_a_second_machine_asks_the_bucket_for_no_object(machines: Machines) -> None:
    first = machines.load("one")
    machines.s3.reset_counts()
    second = machines.load("two", num_proc=2)
    assert machines.source_gets() == 0
    assert second["key"][:] == first["key"][:]
    assert machines.chunks("two") == machines.chunks("one") != {}
    assert {name.partition("/")[0] for name in machines.published()} == {"chunks", "records"}


def test_what_was_built_before_is_published_too(machines: Machines) -> None:
    machines.load("one", shared_cache=None)
    machines.load("one")
    machines.s3.reset_counts()
    machines.load("two")
    assert machines.source_gets() == 0


def test_the_environment_names_it_as_well(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VTON_HF_SHARED_CACHE", machines.shared)
    machines.load("one", shared_cache=None)
    assert len(machines.archives()) == 6


def test_other_options_take_nothing_from_it(machines: Machines) -> None:
    machines.load("one")
    names = set(machines.archives())
    machines.s3.reset_counts()
    small = machines.load("two", image_size=(8, 6))
    assert machines.source_gets() == 36
    assert small[0]["initial_image"].size == (6, 8)
    assert len(set(machines.archives()) - names) == 6


def test_a_grown_bucket_costs_what_has_changed(machines: Machines) -> None:
    machines.load("one")
    for key in triplet_keys("hard", "male", "new").values():
        machines.s3.put(BUCKET, key, png(key))
    machines.s3.reset_counts()
    assert "hard/male/new" in machines.load("two", epoch_size="max", listing="fresh")["key"][:]
    assert machines.source_gets() == 9, "the one chunk that is not there"


def flipped(body: bytes) -> bytes:
    middle = len(body) // 3
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


DAMAGE = {
    "cut off": lambda body, _: body[: len(body) // 2],
    "a flipped bit": lambda body, _: flipped(body),
    "nothing": lambda *_: b"",
    "a page": lambda *_: b"<html>503</html>" * 1000,
    "another chunk": lambda _, other: other,
}


@pytest.mark.parametrize(("machines", "damage"), [("s3", DAMAGE), ("folder", ["cut off"])], indirect=["machines"])
def test_what_is_damaged_there_is_told_built_anew_and_replaced(machines: Machines, damage: Any, caplog: Any) -> None:
    machines.load("one")
    sound = machines.published()
    *damaged, other = machines.archives()[: len(damage) + 1]
    for name, how in zip(damaged, damage, strict=True):
        machines.tamper(name, DAMAGE[how](sound[name], sound[other]))
    machines.s3.reset_counts()
    machines.load("two")
    assert machines.source_gets() == 6 * len(damage)
    assert machines.chunks("two") == machines.chunks("one")
    published = machines.published()
    for archive in damaged:
        assert published[archive] == sound[archive]
        assert re.search(rf"Chunk {Path(archive).stem} in .* is damaged", caplog.text)
    assert caplog.text.count("is damaged") == len(damage)


def test_a_chunk_is_a_tar_that_any_tool_checks(machines: Machines, tmp_path: Path) -> None:
    import hashlib

    machines.load("one")
    name = machines.archives()[0]
    (tmp_path / "chunk.tar").write_bytes(machines.published()[name])
    with tarfile.open(tmp_path / "chunk.tar") as archive:
        archive.extractall(tmp_path / "out", filter="data")
    (folder,) = (tmp_path / "out").iterdir()
    assert folder.name == name.removeprefix("chunks/").removesuffix(".tar")
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, file = line.split("  ")
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest


def test_a_cache_that_takes_nothing_is_told_once_and_the_dataset_is_there(
    tmp_path: Path, bucket: Bucket, caplog: Any
) -> None:
    bucket.fill(2)
    (tmp_path / "file").touch()
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache")}
    assert len(vton_hf.load("hard", shared_cache=tmp_path / "file/cache", **options)) == 12
    assert caplog.text.count("stay on this machine") == 1
    with pytest.raises(vton_hf.StorageError):
        vton_hf.build("hard", shared_cache=tmp_path / "file/cache", shard=(0, 1), **options)


@BOTH
def test_ranks_of_one_machine_fetch_once_between_them(machines: Machines) -> None:
    import threading

    machines.load("one")
    machines.s3.reset_counts()
    ranks = [threading.Thread(target=machines.load, args=("two",)) for _ in range(3)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join()
    assert machines.source_gets() == 0
    gets = {key: count for key, count in machines.s3.gets().items() if key.endswith(".tar")}
    assert set(gets.values()) <= {1}


def test_a_machine_that_asks_again_lets_others_have_it(machines: Machines, caplog: Any) -> None:
    """And none asks by itself: all are to hold the same rows."""
    broken = triplet_keys("hard", "male", "000")["cloth_image"]
    machines.s3.put(BUCKET, broken, b"no image")
    assert "hard/male/000" not in machines.load("one")["key"][:]
    machines.s3.put(BUCKET, broken, b"no image")
    machines.s3.reset_counts()
    machines.load("two")
    assert machines.source_gets() == 0


@pytest.fixture
def cache(
    capsys: pytest.CaptureFixture[str], machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """`vton-hf cache --shared-cache ... --json`."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def cache(*options: str) -> Any:
        capsys.readouterr()
        where = ("--shared-cache", machines.shared, "--endpoint-url", machines.s3.url, "--region", "us-east-1")
        assert main(["cache", *where, *options, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return cache


def aged(machines: Machines, name: str) -> None:
    """Let a record be two days old."""
    facts = json.loads(machines.published()[name])
    machines.tamper(name, json.dumps(facts | {"used": time.time() - 2 * 24 * 3600}).encode())


@BOTH
def test_what_no_dataset_uses_is_pruned_and_nothing_of_the_last_day(
    machines: Machines, cache: Callable[..., Any]
) -> None:
    machines.load("one")
    before = set(machines.archives())
    for key in triplet_keys("hard", "male", "new").values():
        machines.s3.put(BUCKET, key, png(key))
    machines.load("one", listing="fresh")
    assert [len(machines.archives()), len(cache()["datasets"])] == [7, 2]
    assert cache("--prune")["deleted"] == 0
    (old,) = [name for name in machines.published() if name.startswith("records/") and is_old(machines, name, before)]
    aged(machines, old)
    assert cache()["unused"]["entries"] == 2
    assert cache("--prune")["deleted"] == 2
    assert len(machines.archives()) == 6
    machines.s3.reset_counts()
    machines.load("two", listing="fresh")
    assert machines.source_gets() == 0


def is_old(machines: Machines, name: str, archives: set[str]) -> bool:
    return {f"chunks/{chunk}.tar" for chunk in json.loads(machines.published()[name])["chunks"]} == archives


def test_what_a_lease_refers_to_stays(machines: Machines, cache: Callable[..., Any]) -> None:
    machines.load("one")
    for name in machines.published():
        if name.startswith("records/"):
            aged(machines, name)
    chunk = machines.archives()[0].removeprefix("chunks/").removesuffix(".tar")
    other = {"id": "f" * 32, "host": "other", "time": time.time()}
    other["owner"] = {"machine": "another", "pid": 7, "started": "1"}
    machines.tamper(f"leases/{chunk}.lease", json.dumps(other).encode())
    for key in triplet_keys("hard", "male", "new").values():
        machines.s3.put(BUCKET, key, png(key))
    assert cache("--prune")["deleted"] == 0
    assert len(machines.archives()) == 6


def test_a_place_among_the_triplets_is_refused(machines: Machines) -> None:
    with pytest.raises(vton_hf.ConfigError, match="lies among the triplets"):
        machines.load("one", shared_cache=f"s3://{BUCKET}/{ROOT}cache/")


@pytest.mark.parametrize("within", ["", "chunks"])
def test_a_place_in_the_cache_of_the_machine_is_refused(bucket: Bucket, tmp_path: Path, within: str) -> None:
    options = {"s3_prefixes": [bucket.fill(1).prefix], "cache_dir": str(tmp_path)}
    with pytest.raises(vton_hf.ConfigError, match="lies in the cache of this machine"):
        vton_hf.load("easy", shared_cache=tmp_path / "vton_hf" / within, **options)


def test_files_of_others_are_never_pruned(machines: Machines, cache: Callable[..., Any]) -> None:
    own = ["chunks/weights.tar", "records/2024.json", "leases/contract.pdf", "plans/manifests/x.arrow", "notes.txt"]
    for name in own:
        machines.tamper(name, b"mine")
    machines.load("one")
    assert cache("--prune")["deleted"] == 0
    assert set(own) <= set(machines.published())


def test_a_warning_promises_no_asking_where_machines_must_agree(machines: Machines, caplog: Any) -> None:
    machines.s3.put(BUCKET, triplet_keys("hard", "male", "000")["cloth_image"], b"no image")
    builder = vton_hf.VTON(config_name="hard", **machines.options("one"))
    assert len(builder.triplets.manifest) == 12
    machines.s3.delete(BUCKET, triplet_keys("hard", "male", "001")["cloth_image"])
    builder.download_and_prepare()
    assert "left out while building" in caplog.text
    assert "The next build asks again" not in caplog.text


def test_a_folder_goes_by_its_bare_name(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.fill(1)
    monkeypatch.chdir(tmp_path)
    vton_hf.load("easy", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"), shared_cache="team/cache")
    assert len(list((tmp_path / "team/cache/chunks").glob("*.tar"))) == 2
    shutil.rmtree(tmp_path / "cache")
    shutil.rmtree(bucket.folder / "dataset_ultimate/easy")


@pytest.mark.parametrize("place", ["", "s3:///x", 7])
def test_a_place_that_is_none_is_refused(place: Any, bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(vton_hf.ConfigError):
        vton_hf.load("easy", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path), shared_cache=place)
