"""Files of an export and of a push by several processes or on Ray: the same bytes, one commit, whatever is lost."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import vton_hf
from tests.bucket import Bucket
from tests.fake_hub import Hub
from tests.pushing import REPO, Client
from tests.s3 import BUCKET, MotoS3
from vton_hf.engines import engine, processes

SMALL = {"max_shard_size": "14KB", "configs": "hard"}


def files(folder: Path) -> dict[str, bytes]:
    """All but the card, which names the folder."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != "README.md")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


class DieOnce:
    """Writes a file in a worker, but dies on one, once."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, work: Any, unit: Any) -> Any:
        if unit[1].rows.start and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return engine.do_one(work, unit)


@pytest.mark.parametrize(("kind", "embed_images"), [("parquet", True), ("webdataset", False)])
def test_processes_write_what_one_writes_also_where_one_dies(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, embed_images: bool
) -> None:
    bucket.fill(4)
    broken = bucket.folder / "dataset_ultimate/hard/male/initial_image"
    next(broken.iterdir()).write_bytes(b"no image")
    options: dict[str, Any] = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache"), "format": kind}
    options |= SMALL | {"embed_images": embed_images}
    one = vton_hf.export(tmp_path / "one", **options)
    if embed_images:
        monkeypatch.setattr(processes, "do_one", DieOnce(tmp_path / "died"))
    several = vton_hf.export(tmp_path / "several", num_proc=2, **options)
    assert (tmp_path / "died").exists() == embed_images
    assert files(tmp_path / "several") == files(tmp_path / "one")
    assert several.parts == one.parts
    assert len(files(tmp_path / "one")) > 5


def test_into_a_bucket_as_well(bucket: Bucket, s3: MotoS3, tmp_path: Path) -> None:
    bucket.fill(4)
    options: dict[str, Any] = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache")}
    options |= SMALL | {"storage_options": s3.storage_options}
    vton_hf.export(f"s3://{BUCKET}/one/", **options)
    vton_hf.export(f"s3://{BUCKET}/several/", num_proc=2, **options)
    one, several = s3.objects(BUCKET, "one/"), s3.objects(BUCKET, "several/")
    data = {key.partition("/")[2]: body for key, body in one.items() if key.endswith(".parquet")}
    assert data == {key.partition("/")[2]: body for key, body in several.items() if key.endswith(".parquet")}
    assert len(data) > 5


@pytest.fixture
def client(hub: Hub, bucket: Bucket, tmp_path: Path) -> Client:
    """Anna of the team, with 24 triplets."""
    return Client(hub, bucket.fill(4), hub.token("anna", orgs=("team",)), tmp_path)


def pushed(hub: Hub, repo_id: str) -> dict[str, bytes]:
    return {name: data for name, data in hub.files(repo_id).items() if name.endswith(".parquet")}


def test_a_push_by_processes_is_one_commit_of_the_same_files(client: Client, hub: Hub) -> None:
    client.push(**SMALL)
    client.push("team/several", num_proc=2, **SMALL)
    assert pushed(hub, "team/several") == pushed(hub, REPO)
    assert len(pushed(hub, REPO)) > 5
    assert len(hub.commits("team/several")) == 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Ray on the loopback")
def test_a_push_on_ray_is_the_same(
    client: Client, hub: Hub, monkeypatch: pytest.MonkeyPatch, ray_environment: dict[str, str]
) -> None:
    for name, value in ray_environment.items():
        monkeypatch.setenv(name, value)
    client.push(**SMALL)
    client.push("team/ray", engine="ray", **SMALL)
    assert pushed(hub, "team/ray") == pushed(hub, REPO)
    assert len(hub.commits("team/ray")) == 2
