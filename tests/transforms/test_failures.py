"""Broken samples while training: replaced, raised or skipped; told, counted, and never too many in silence."""

import logging
import math
import shutil
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from torch.utils.data import DataLoader, DistributedSampler

import vton_hf
from tests.bucket import ROOT, Bucket, Load, encoded, png, triplet_keys
from tests.faults import BUCKET, Drop, FaultServer, Status, serve_faults
from vton_hf.naming import DIFFICULTIES, ROLES
from vton_hf.storage import retry

SMALL = {"image_size": (8, 8)}
BREAK = ("truncated", "html", "zero bytes", "vanished")


def damage(bucket: Bucket, key: str, how: str) -> None:
    data = png(key)
    if how == "vanished":
        bucket.drop(key)
    else:
        bucket.put(key, {"truncated": data[: len(data) // 2], "html": b"<html>503</html>", "zero bytes": b""}[how])


def dataset(bucket: Bucket, **options: Any) -> vton_hf.S3VTONDataset:
    options = {"columns": ["key"], **SMALL} | options
    return vton_hf.get_vton_dataset("hard", [bucket.prefix], cache_dir=str(bucket.folder.parent / "cache"), **options)


def ranks(rows: vton_hf.S3VTONDataset) -> list[tuple[str, str]]:
    """Difficulty and key of all samples of an epoch, as two ranks of two workers see them."""
    seen = []
    for rank in range(2):
        sampler = DistributedSampler(rows, num_replicas=2, rank=rank, shuffle=False)
        for batch in DataLoader(rows, batch_size=8, sampler=sampler, num_workers=2, timeout=60):
            assert batch["try_on_image"].shape == (len(batch["key"]), 3, 8, 8)
            seen += zip(batch["difficulty"], batch["key"], strict=True)
    return seen


def test_an_epoch_keeps_its_length_and_its_mix_on_two_ranks_of_two_workers(bucket: Bucket) -> None:
    """1 % of the objects break, in every way, once the bucket has been listed."""
    rows = dataset(bucket.fill({"easy": 50, "medium": 50, "hard": 100}))
    shown = [key for _, key in ranks(rows)]
    broken = dict(zip(shown[::100], BREAK, strict=True))
    for number, (key, how) in enumerate(broken.items()):
        damage(bucket, triplet_keys(*key.split("/"))[ROLES[number % 3]], how)
    first, second = ranks(rows), ranks(rows)
    assert first == second, "substitutes are the same in every run"
    assert Counter(difficulty for difficulty, _ in first) == {"easy": 100, "medium": 100, "hard": 200}
    assert all(key.startswith(difficulty) for difficulty, key in first)
    assert not set(broken) & {key for _, key in first}
    assert sum(old != new for old, (_, new) in zip(shown, first, strict=True)) == shown.count(shown[0]) * 4
    failures = rows.failures()
    assert {failure.key for failure in failures} == set(broken)
    changed = {broken[failure.key] for failure in failures if "changed since it was listed" in failure.reason}
    assert changed == {"truncated", "html", "zero bytes"}


@pytest.mark.parametrize("how", BREAK)
def test_raise_names_the_key(bucket: Bucket, how: str) -> None:
    bucket.fill(2)
    rows = dataset(bucket, on_error="raise")
    key = rows[5]["key"]
    damage(bucket, triplet_keys(*key.split("/"))["cloth_image"], how)
    kind = vton_hf.ObjectMissingError if how == "vanished" else vton_hf.StorageError
    with pytest.raises(kind, match=rf"{key}: .*{key.split('/')[2]}_cloth_dress\.png"):
        rows[:]
    if how in {"truncated", "html"}:
        with pytest.raises(vton_hf.ImageError, match=rf"{key}: .*{key.split('/')[2]}_cloth_dress\.png"):
            dataset(bucket, on_error="raise")[:]


@pytest.mark.parametrize("embed", [True, False])
def test_set_transform_replaces_within_the_difficulty(
    bucket: Bucket, load: Load, embed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.fill(6)
    bucket.put(triplet_keys("hard", "male", "002")["try_on_image"], broken_deflate())
    rows = load(embed_images=embed, epoch_size="min")
    assert "hard/male/002" in rows.with_format(None)["key"][:]
    vton_hf.set_transform(rows, **SMALL)
    keys = [row["key"] for row in rows]
    assert "hard/male/002" not in keys
    assert Counter(key.split("/")[0] for key in keys) == {"hard": 12, "easy": 6, "medium": 6}
    assert keys == [row["key"] for row in rows]
    (first, second) = vton_hf.transform_of(rows).failures()
    assert (first.key, first.epoch) == (second.key, second.epoch) == ("hard/male/002", 0)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert sum("hard/male/002 is broken" in line and "002_vton.png" in line for line in told) == 2
    with pytest.raises(vton_hf.ImageError, match="hard/male/002"):
        list(vton_hf.set_transform(rows, on_error="raise", **SMALL))


def broken_deflate() -> bytes:
    """A PNG whose chunks are whole and whose pixels are not, so that a build does not notice."""
    data = png("any")
    start = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[start - 4 : start])
    body = b"IDAT" + data[start + 4 : start + 4 + length // 2]
    return (
        data[: start - 4]
        + struct.pack(">I", length // 2)
        + body
        + struct.pack(">I", zlib.crc32(body))
        + data[start + 8 + length :]
    )


@pytest.mark.parametrize("on_error", ["skip", "replace", "raise"])
def test_a_stream_skips_replaces_or_raises(bucket: Bucket, load: Load, on_error: str) -> None:
    bucket.fill(6)
    bucket.put(triplet_keys("hard", "male", "002")["try_on_image"], broken_deflate())
    stream = load(streaming=True, epoch_size="min")
    plain = [row["key"] for row in stream.decode(False)]
    vton_stream = vton_hf.with_transform(stream, on_error=on_error, **SMALL)
    if on_error == "raise":
        with pytest.raises(vton_hf.ImageError, match="hard/male/002"):
            list(vton_stream)
        return
    keys = [row["key"] for row in vton_stream]
    assert "hard/male/002" in plain
    assert "hard/male/002" not in keys
    assert len(keys) == len(plain) - (on_error == "skip")
    assert [key for key in plain if key != "hard/male/002"] == [
        key for key, old in zip(keys, plain, strict=on_error == "replace") if key == old
    ] or on_error == "skip"
    assert [row["key"] for row in vton_stream] == keys


def test_too_many_stop_the_training(bucket: Bucket) -> None:
    bucket.fill(20)
    rows = dataset(bucket)
    for index in range(10):
        for difficulty in DIFFICULTIES:
            damage(bucket, triplet_keys(difficulty, "male", f"{index:03d}")["initial_image"], "html")
    with pytest.raises(vton_hf.ImageError, match=r"Broken: \d+ of \d+ samples, more than max_broken allows"):
        list(DataLoader(rows, batch_size=8))
    assert len(dataset(bucket, max_broken=1.0)[:]) == 120


def test_a_number_of_broken_samples_counts_over_all_workers(bucket: Bucket) -> None:
    bucket.fill(10)
    rows = dataset(bucket, max_broken=6)
    for index in range(8):
        damage(bucket, triplet_keys("hard", "female", f"{index:03d}")["cloth_image"], "zero bytes")
    with pytest.raises(vton_hf.ImageError, match=r"Broken: [78] triplets, more than max_broken allows"):
        list(DataLoader(rows, batch_size=2, num_workers=2, timeout=60))


def test_a_difficulty_of_which_nothing_is_left(bucket: Bucket) -> None:
    bucket.fill(3)
    rows = dataset(bucket, max_broken=1.0)
    shutil.rmtree(bucket.folder / ROOT / "medium")
    with pytest.raises(vton_hf.ImageError, match=r"medium/.* is broken .* and so are all triplets drawn to replace it"):
        rows[:]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    yield from serve_faults()


@pytest.mark.parametrize("answer", [Status(503, "SlowDown"), Drop()])
def test_an_outage_is_not_a_bad_sample(
    server: FaultServer, tmp_path: Path, answer: Status | Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(6):
        for key in triplet_keys("easy", "male", f"{index:03d}").values():
            server.objects[key] = png(key)
    vton_hf.configure(endpoint_url=server.url, region="us-east-1", access_key="a", secret_key="b")
    rows = vton_hf.get_vton_dataset(
        "easy", [ROOT], s3_bucket=BUCKET, cache_dir=str(tmp_path), max_broken=1.0, **SMALL
    )  # fmt: skip
    assert rows[0]["cloth_image"].shape == (3, 8, 8)
    server.always("*", answer)
    monkeypatch.setattr(retry, "backoff", lambda _: math.inf)  # nothing is tried again
    with pytest.raises(vton_hf.StorageError):
        rows[:]
    assert rows.failures() == []


def test_jpeg_and_odd_pictures_are_not_broken(bucket: Bucket) -> None:
    keys = bucket.add_triplet("hard", "male", "000")
    for name in ("easy", "medium"):
        bucket.add_triplet(name, "male", "000")
    bucket.put(keys["initial_image"], encoded(Image.new("I;16", (9, 9), 30_000)))
    bucket.put(keys["try_on_image"], encoded(Image.new("P", (9, 9))))
    rows = dataset(bucket)
    assert len(rows[:]) == 3
    assert rows.failures() == []
