"""`embed_images=False`: rows hold URIs, a batch's images are fetched together when they are looked at."""

from pathlib import Path
from typing import Any

import datasets
import pytest

import vton_hf
from tests.bucket import Bucket, Load, encoded, loader, png, triplet_keys
from tests.s3 import BUCKET, MotoS3
from vton_hf.naming import ROLES


def test_rows_are_those_of_the_stored_mix(load: Load, bucket: Bucket, tmp_path: Any) -> None:
    bucket.fill(10)
    lazy = load(embed_images=False)
    assert not list((tmp_path / "cache").rglob("data.arrow"))
    stored = load()
    assert lazy["key"][:] == stored["key"][:]
    for one, other in zip(lazy, stored, strict=True):
        assert all(one[role] == other[role] for role in ROLES)


def test_without_the_format_rows_are_uris(load: Load, bucket: Bucket) -> None:
    bucket.fill(2)
    row = load("easy", embed_images=False).with_format(None)[0]
    keys = triplet_keys("easy", row["gender"], row["stem"])
    assert row["cloth_image"] == {"bytes": None, "path": bucket.uri(keys["cloth_image"])}


def test_a_broken_or_vanished_object_is_named_when_it_is_looked_at(load: Load, bucket: Bucket) -> None:
    bucket.fill(1)
    keys = triplet_keys("easy", "male", "000")
    load("easy", embed_images=False, gender="male")
    bucket.put(keys["cloth_image"], b"<html>")
    rows = load("easy", embed_images=False, gender="male")
    with pytest.raises(vton_hf.ImageError, match=r"000_cloth_dress\.png: not a PNG, JPEG or WebP image: .* HTML page"):
        rows[0]
    bucket.put(keys["cloth_image"], png("another"))
    with pytest.raises(vton_hf.StorageError, match=r"000_cloth_dress\.png: object changed since it was listed"):
        rows[0]
    bucket.drop(keys["cloth_image"])
    with pytest.raises(vton_hf.ObjectMissingError, match=r"000_cloth_dress\.png"):
        rows[0]


def rows_on_s3(s3: MotoS3, cache: Path, count: int) -> datasets.Dataset:
    """So many easy triplets on the server, as a dataset of URIs."""
    for index in range(count):
        for key in triplet_keys("easy", "male", f"{index:03d}").values():
            s3.put(BUCKET, key, png(key))
    load = loader(f"s3://{BUCKET}/dataset_ultimate/", cache, storage_options=s3.storage_options)
    return load("easy", embed_images=False)


def test_a_batch_is_fetched_at_once_and_only_what_is_asked_for(s3: MotoS3, tmp_path: Any) -> None:
    rows = rows_on_s3(s3, tmp_path, 8)
    assert not s3.gets()
    batch = rows[:4]
    assert sum(s3.gets().values()) == 12
    assert [encoded(image) for image in batch["cloth_image"]] == [
        png(triplet_keys("easy", "male", stem)["cloth_image"]) for stem in batch["stem"]
    ]
    assert rows.select_columns(["cloth_image"])[0]["cloth_image"].size == (12, 16)
    assert sum(s3.gets().values()) == 13


# A spawned worker differs in its imports alone, 6 s of one core: `tests/loader/test_dataset.py` has one.
@pytest.mark.parametrize("start", ["fork", "forkserver"])
def test_dataloader_workers_fetch_after_the_parent_did(s3: MotoS3, tmp_path: Any, start: str) -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    rows = rows_on_s3(s3, tmp_path, 6)
    assert rows[0]["cloth_image"].size == (12, 16)
    loader = torch_data.DataLoader(
        rows, batch_size=2, num_workers=2, collate_fn=stems_and_sizes, multiprocessing_context=start, timeout=60
    )
    assert sorted(item for batch in loader for item in batch) == [(f"{index:03d}", (12, 16)) for index in range(6)]


def stems_and_sizes(batch: list[dict[str, Any]]) -> list[tuple[str, tuple[int, int]]]:
    return [(row["stem"], row["try_on_image"].size) for row in batch]
