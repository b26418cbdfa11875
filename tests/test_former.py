"""What version 0.1.0 left on disk is read by this one: no image is fetched, no file sent again, no row lost."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import load_dataset

import vton_hf
from tests.bucket import Bucket
from tests.fake_hub import Hub
from tests.former import FOLDER, OPTIONS, PREFIX, PREPARED
from tests.pushing import REPO, Client
from tests.s3 import MotoS3
from vton_hf.cli import main
from vton_hf.naming import ROLES

HUB = {
    path.relative_to(FOLDER / "hub").as_posix(): path.read_bytes()
    for path in (FOLDER / "hub").rglob("*")
    if path.is_file()
}
STATES = json.loads((FOLDER / "states.json").read_text(encoding="utf-8"))
WAYS = {"originals": {}, "prepared": PREPARED, "keys": {"embed_images": False}}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A copy of the cache that was left."""
    return Path(shutil.copytree(FOLDER / "cache", tmp_path / "cache"))


@pytest.fixture
def options(s3: MotoS3, cache: Path) -> dict[str, Any]:
    """Of the bucket that it was built from."""
    for data in (cache / "vton_hf" / "chunks").glob("original-*/data.arrow"):
        table = pa.ipc.open_stream(pa.memory_map(str(data))).read_all()
        for role in ROLES:
            for cell in table[role].to_pylist():
                s3.put("photos", cell["path"].removeprefix("s3://photos/"), cell["bytes"])
    s3.reset_counts()
    return {"s3_prefixes": [PREFIX], "storage_options": s3.storage_options, "cache_dir": str(cache)}


@pytest.mark.parametrize("way", WAYS)
def test_a_cache_builds_without_a_get(s3: MotoS3, options: dict[str, Any], way: str) -> None:
    rows = vton_hf.load("hard", **options, **WAYS[way])
    assert len(rows) == 8
    assert s3.gets() == {}
    assert rows[0]["try_on_image"].size == ((3, 4) if way == "prepared" else (6, 8))


@pytest.mark.parametrize("way", ["originals", "prepared"])
def test_a_cache_opens_offline(cache: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    rows = vton_hf.load("hard", **OPTIONS, **WAYS[way], cache_dir=str(cache))
    assert sorted(set(rows["difficulty"])) == ["easy", "hard", "medium"]
    assert len(rows) == 8


def test_nothing_of_a_cache_is_pruned(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "--cache-dir", str(cache)]) == 0
    assert "Used by no dataset: 0, 0 B" in capsys.readouterr().out


def test_an_export_is_not_written_again(options: dict[str, Any], tmp_path: Path) -> None:
    place = tmp_path / "export"
    shutil.copytree(FOLDER / "hub", place)
    shutil.copy(FOLDER / "export.md", place / "README.md")
    card = (place / "README.md").read_bytes()
    again = vton_hf.export(place, **options)
    assert [part.new_files for part in again.parts] == [0, 0, 0]
    # The code that it shows is that of today; all else stands as it stood.
    assert (place / "README.md").read_bytes().partition(b"<!-- vton-hf:load")[0] == card.partition(
        b"<!-- vton-hf:load"
    )[0]
    assert len(load_dataset(str(place), "hard", split="train", cache_dir=str(tmp_path / "read"))) == 8


def test_a_push_sends_nothing_again(hub: Hub, options: dict[str, Any], tmp_path: Path) -> None:
    token = hub.token("anna", orgs=("team",))
    hub.create(REPO)
    hub.write(REPO, HUB)
    again = Client(hub, Bucket(tmp_path), token, tmp_path).push(**options)
    assert again["new"] == [0, 0, 0]
    assert hub.puts == []
    assert hub.files(REPO) == HUB | {"README.md": hub.files(REPO)["README.md"]}


def test_states_go_on(options: dict[str, Any]) -> None:
    stream = vton_hf.load("hard", streaming=True, **options)
    stream.load_state_dict(STATES["stream"]["state"])
    assert [row["key"] for row in stream] == STATES["stream"]["next"]
    sampler = vton_hf.TripletSampler(vton_hf.load("hard", **options), 2)
    sampler.load_state_dict(STATES["sampler"]["state"])
    assert list(sampler) == STATES["sampler"]["next"]
