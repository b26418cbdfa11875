"""A second start believes the listing of the first, as far as pages of it are as they were."""

import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

import vton_hf
from tests.bucket import ROOT, Bucket, Load, loader, png, triplet_keys
from tests.s3 import BUCKET, MotoS3
from vton_hf.cli import main
from vton_hf.errors import ConfigError, LayoutError, StorageError
from vton_hf.naming import DIFFICULTIES, GENDERS

PREFIX = f"s3://{BUCKET}/{ROOT}"
LISTINGS = "cache/vton_hf/listings"


def put(s3: MotoS3, difficulty: str, gender: str, stem: str, garment: str = "dress") -> None:
    for key in triplet_keys(difficulty, gender, stem, garment).values():
        s3.put(BUCKET, key, png(key))


@pytest.fixture
def filled(s3: MotoS3, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> MotoS3:
    """A triplet in each folder: 18 keys, and a listing that is worth keeping."""
    monkeypatch.setattr("vton_hf.cache.listings.refresh.MIN_CACHED_KEYS", 15)
    caplog.set_level(logging.INFO, "vton_hf")
    for difficulty in DIFFICULTIES:
        for gender in GENDERS:
            put(s3, difficulty, gender, "003")
    return s3


@pytest.fixture
def stream(filled: MotoS3, tmp_path: Path) -> Callable[..., list[str]]:
    """Starts anew, and gives the keys of the triplets that it sees."""
    load = loader(PREFIX, tmp_path / "cache", storage_options=filled.storage_options, streaming=True)
    weights = dict.fromkeys(DIFFICULTIES, 1)
    return lambda **options: sorted(
        row["key"] for row in load(difficulty_weights=weights, epoch_size="max", embed_images=False, **options)
    )


@pytest.fixture
def reused(stream: Callable[..., list[str]], caplog: pytest.LogCaptureFixture) -> Callable[..., bool]:
    """Whether a start does without a listing of its own."""

    def reused(**options: Any) -> bool:
        caplog.clear()
        stream(**options)
        return "reused: 1 of 1 pages compared, none changed." in caplog.text

    return reused


def test_a_second_start_compares_instead_of_listing(
    stream: Callable[..., list[str]], reused: Callable[..., bool], caplog: pytest.LogCaptureFixture
) -> None:
    first = stream()
    assert "reused" not in caplog.text
    assert reused()
    assert "Listing of 18 keys from 0 min ago reused" in caplog.text
    assert stream() == first


@pytest.mark.parametrize(
    "change",
    [
        lambda s3: put(s3, "hard", "male", "009"),
        lambda s3: put(s3, "hard", "male", "001"),
        lambda s3: put(s3, "medium", "", "003"),
        lambda s3: put(s3, "easy/a", "", "003"),
        lambda s3: s3.delete(BUCKET, triplet_keys("easy", "male", "003")["try_on_image"]),
        lambda s3: s3.put(BUCKET, triplet_keys("medium", "male", "003")["cloth_image"], png("another")),
    ],
    ids=["appended", "prepended", "a folder", "a folder within", "gone", "replaced"],
)
def test_a_change_shows(
    filled: MotoS3,
    stream: Callable[..., list[str]],
    change: Callable[[MotoS3], None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stream()
    change(filled)
    changed = stream()
    assert "came, went or was replaced: listing again." in caplog.text
    assert changed == stream(cache_dir=str(tmp_path / "another"))
    caplog.clear()
    assert stream() == changed
    assert "reused" in caplog.text, "the new listing is kept in its turn"


def test_what_is_no_more_is_an_error_of_the_listing(filled: MotoS3, stream: Callable[..., list[str]]) -> None:
    stream()
    filled.reset()
    with pytest.raises(LayoutError, match=r"No object under"):
        stream()


def test_a_day_later_it_is_listed_again(reused: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    reused()
    now = time.time()
    for later, expected in [(23 * 3600, True), (25 * 3600, False), (25 * 3600, True), (-3600, False)]:
        monkeypatch.setattr("vton_hf.cache.listings.listing_cache.time.time", lambda later=later: now + later)
        assert reused() == expected


def test_a_fresh_listing_is_to_be_had(reused: Callable[..., bool]) -> None:
    reused()
    assert not reused(listing="fresh")
    assert reused()


def test_a_kept_listing_is_taken_as_it_is(filled: MotoS3, stream: Callable[..., list[str]]) -> None:
    with pytest.raises(StorageError, match=r"listing='cached', but no listing of s3://.* is kept in .*listings"):
        stream(listing="cached")
    before = stream()
    put(filled, "hard", "male", "009")
    filled.reset_counts()
    assert stream(listing="cached") == before
    assert not filled.counts()


@pytest.mark.parametrize("mode", ["reuse_cache_if_exists", "force_redownload"])
def test_a_download_mode_that_asks_for_the_bucket_lists_it(
    filled: MotoS3, tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    load = loader(PREFIX, tmp_path / "cache", storage_options=filled.storage_options, embed_images=False)
    for reused, options in [(False, {}), (True, {}), (False, {"download_mode": mode})]:
        caplog.clear()
        load(**options)
        assert ("reused" in caplog.text) == reused


def test_how_it_was_listed_names_no_other_dataset(filled: MotoS3, tmp_path: Path) -> None:
    options = {"s3_prefixes": [PREFIX], "cache_dir": str(tmp_path), "storage_options": filled.storage_options}
    builders = [vton_hf.VTON(config_name="hard", listing=mode, **options) for mode in ("auto", "fresh", "cached")]
    assert {builder.cache_dir for builder in builders} == {vton_hf.VTON(config_name="hard", **options).cache_dir}
    with pytest.raises(ConfigError, match=r"listing must be 'auto', 'fresh' or 'cached', got 'new'\."):
        vton_hf.VTON(config_name="hard", listing="new", **options)


def test_it_can_be_asked_of_torch_datasets_and_on_the_command_line(
    filled: MotoS3, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"s3_prefixes": [PREFIX], "storage_options": filled.storage_options, "cache_dir": str(tmp_path)}
    rows = len(vton_hf.get_vton_dataset("hard", **options))
    put(filled, "hard", "male", "009")
    assert len(vton_hf.get_vton_dataset("hard", **options, listing="cached")) == rows
    assert len(vton_hf.get_vton_dataset("hard", **options, listing="fresh")) == rows + 1

    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "S3_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    scan = ["scan", PREFIX, "--endpoint-url", filled.url, "--json", "--listing"]
    put(filled, "hard", "male", "010")
    found = []
    for mode in ("cached", "fresh"):
        assert main([*scan, mode]) == 0
        found.append(json.loads(capsys.readouterr().out)["triplets"])
    assert found == [7, 8]


def test_what_became_of_a_listing_is_kept_for_each_set_of_options(
    filled: MotoS3, stream: Callable[..., list[str]], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(filled, "easy", "male", "006")
    put(filled, "easy", "male", "009")
    filled.delete(BUCKET, triplet_keys("easy", "male", "006")["try_on_image"])
    asked = [{}, {"gender": "male"}, {"limit": 1}, {"exclude": ["hard/male/003", "nothing"]}]
    seen = [stream(**options) for options in asked]
    assert [len(set(keys)) for keys in seen] == [7, 4, 3, 6]

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("selected again")

    monkeypatch.setattr("vton_hf.cache.listings.manifest_cache.select_triplets", refuse)
    for options, keys in zip(asked, seen, strict=True):
        caplog.clear()
        assert stream(**options) == keys
        assert "Incomplete triplet for stem '006'" in caplog.text
        assert ("exclude= holds 1 name of no triplet (first: nothing)." in caplog.text) == ("exclude" in options)


def test_what_was_lost_or_broken_is_made_again(stream: Callable[..., list[str]], tmp_path: Path) -> None:
    first = stream()
    (kept,) = (tmp_path / LISTINGS).iterdir()
    for path in [*kept.iterdir(), *(tmp_path / "cache/vton_hf/manifests").iterdir()]:
        whole = path.read_bytes()
        path.write_bytes(b"not Arrow" if path.parent == kept else whole)
        assert stream() == first
        path.unlink(missing_ok=True)
        assert stream() == first


def test_short_listings_and_local_folders_are_listed_always(
    s3: MotoS3, bucket: Bucket, tmp_path: Path, load: Load
) -> None:
    put(s3, "easy", "male", "001")
    options: dict[str, Any] = {"streaming": True, "storage_options": s3.storage_options}
    bucket.add_triplet("easy", "male", "001")
    for prefix in (PREFIX, bucket.prefix):
        load("easy", s3_prefixes=[prefix], **options)
        with pytest.raises(StorageError, match=r"no listing of .* is kept"):
            load("easy", s3_prefixes=[prefix], listing="cached", **options)
    assert not (tmp_path / LISTINGS).exists()


def test_a_listing_that_became_short_is_forgotten(
    stream: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream()
    monkeypatch.setattr("vton_hf.cache.listings.refresh.MIN_CACHED_KEYS", 19)
    stream(listing="fresh")
    with pytest.raises(StorageError, match="is kept"):
        stream(listing="cached")


def test_pruning_spares_the_listings_of_a_day(
    stream: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream()
    (kept,) = (tmp_path / LISTINGS).iterdir()
    for claim in (tmp_path / "cache/vton_hf/claims").iterdir():
        claim.unlink()  # nothing but the listing refers to the manifest now
    prune = ["cache", "--cache-dir", str(tmp_path / "cache"), "--prune"]
    assert main(prune) == 0
    assert "Used by no dataset: 0" in capsys.readouterr().out
    yesterday = time.time() - 25 * 3600
    os.utime(kept, (yesterday, yesterday))
    assert main(prune) == 0
    assert "Deleted 2." in capsys.readouterr().out
    assert not kept.exists()
