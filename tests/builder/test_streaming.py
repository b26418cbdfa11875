"""`streaming=True`: the rows of the map-style mix, in its order, for any number of ranks and workers."""

import itertools
from collections import Counter
from typing import Any

import datasets
import pytest
from datasets.distributed import split_dataset_by_node
from hypothesis import given
from hypothesis import strategies as st

import vton_hf
from tests.bucket import Bucket, Load, loader, png, triplet_keys
from tests.s3 import BUCKET, MotoS3
from vton_hf.builder.streaming import SHARD_ROWS, cut_shards


def test_a_stream_is_the_map_style_mix_row_by_row(load: Load, bucket: Bucket) -> None:
    bucket.fill(20)
    for streamed, stored in zip(load(streaming=True), load(), strict=True):
        assert streamed.keys() == stored.keys()
        for name, value in stored.items():
            assert streamed[name] == value


def test_a_stream_writes_no_image_to_disk(load: Load, bucket: Bucket, tmp_path: Any) -> None:
    bucket.fill(3)
    assert len(list(load(streaming=True))) == 18
    assert not list((tmp_path / "cache").rglob("data.arrow"))


@pytest.mark.parametrize("world", [2, 4, 8])
def test_ranks_are_disjoint_and_together_complete(load: Load, bucket: Bucket, world: int) -> None:
    bucket.fill(20)
    stream = load(streaming=True).select_columns(["key", "difficulty"])
    assert stream.num_shards % world == 0
    ranks = [[row["key"] for row in split_dataset_by_node(stream, rank, world)] for rank in range(world)]
    assert Counter(itertools.chain(*ranks)) == Counter(load()["key"])
    assert {len(rank) for rank in ranks} == {120 // world}
    hard = [sum(key.startswith("hard") for key in rank) / len(rank) for rank in ranks]
    assert all(abs(share - 0.5) <= 0.15 for share in hard)


@pytest.mark.parametrize("stop", [0, 1, 7, 64, 119])
def test_a_state_dict_resumes_at_the_next_row(load: Load, bucket: Bucket, stop: int) -> None:
    bucket.fill(20)
    stream = load(streaming=True)
    rows = iter(stream)
    seen = [row["key"] for row in itertools.islice(rows, stop)]
    state = stream.state_dict()
    del rows
    again = load(streaming=True)
    again.load_state_dict(state)
    assert seen + [row["key"] for row in again] == load()["key"][:]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_dataloader_sees_each_row_once(load: Load, bucket: Bucket, workers: int) -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    bucket.fill(10)
    stream = load(streaming=True).select_columns(["key", "stem"])
    loader = torch_data.DataLoader(stream, batch_size=4, num_workers=workers)
    assert Counter(key for batch in loader for key in batch["key"]) == Counter(load()["key"])


@pytest.mark.parametrize("start", ["fork", "forkserver"])
def test_workers_that_stay_stream_epoch_after_epoch(s3: MotoS3, tmp_path: Any, start: str) -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    for index in range(20):
        for key in triplet_keys("easy", "male", f"{index:03d}").values():
            s3.put(BUCKET, key, png(key))
    load = loader(f"s3://{BUCKET}/dataset_ultimate/", tmp_path, storage_options=s3.storage_options)
    stream = load("easy", streaming=True).select_columns(["key"])
    assert len(list(stream)) == 20
    batches = torch_data.DataLoader(
        stream, batch_size=5, num_workers=1, persistent_workers=True, multiprocessing_context=start, timeout=60
    )
    for _ in range(3):
        assert len({key for batch in batches for key in batch["key"]}) == 20


def test_slices_and_dictionaries_of_splits_stream_too(load: Load, bucket: Bucket) -> None:
    bucket.fill(10)
    whole = load()["key"][:]
    assert [row["key"] for row in load(split="train[10:30]", streaming=True)] == whole[10:30]
    parts = load(split=None, streaming=True)
    assert isinstance(parts, datasets.IterableDatasetDict)
    assert [row["key"] for row in parts["train"]] == whole


def test_interleaved_streams_draw_from_the_recipes_pools(load: Load, bucket: Bucket) -> None:
    bucket.fill(30)
    keys = [row["key"] for row in load("medium", mixing="interleave", streaming=True)]
    assert len(set(keys)) == len(keys)
    assert {key.split("/")[0] for key in keys} == {"easy", "medium"}
    with pytest.raises(vton_hf.ConfigError, match="needs mixing='exact' when streaming"):
        load("medium", mixing="interleave", streaming=True, split="train[:10%]")


def test_a_broken_triplet_is_replaced_by_the_same_other_one_of_its_difficulty(
    load: Load, bucket: Bucket, caplog: Any
) -> None:
    bucket.fill(10)
    bucket.put(triplet_keys("hard", "female", "004")["cloth_image"], b"<html>404</html>")
    first = [(row["difficulty"], row["key"]) for row in load(streaming=True)]
    second = [(row["difficulty"], row["key"]) for row in load(streaming=True)]
    assert first == second
    assert Counter(difficulty for difficulty, _ in first) == {"easy": 15, "medium": 15, "hard": 30}
    assert "hard/female/004" not in {key for _, key in first}
    assert "hard/female/004 is broken" in caplog.text
    assert "not a PNG, JPEG or WebP image" in caplog.text


def test_a_broken_triplet_stops_a_stream_that_is_told_to_raise(load: Load, bucket: Bucket) -> None:
    bucket.fill(3)
    key = triplet_keys("easy", "male", "001")["try_on_image"]
    bucket.put(key, png(key)[:-20])
    with pytest.raises(vton_hf.ImageError, match=r"easy/male/001: .*truncated PNG"):
        list(load("easy", streaming=True, on_error="raise"))


def test_a_pool_of_broken_triplets_is_an_error_and_no_endless_search(load: Load, bucket: Bucket) -> None:
    for index in range(3):
        for key in bucket.add_triplet("easy", "male", f"{index:03d}").values():
            bucket.put(key, b"nothing")
    with pytest.raises(vton_hf.BuildError, match=r"is broken .* and so are 8 triplets drawn to replace it"):
        list(load("easy", streaming=True))


def test_a_stream_of_uris_fetches_nothing(load: Load, bucket: Bucket) -> None:
    keys = bucket.fill(2).add_triplet("easy", "male", "000")
    rows = {row["key"]: row for row in load("easy", streaming=True, embed_images=False)}
    path = bucket.uri(keys["cloth_image"])
    assert rows["easy/male/000"]["cloth_image"] == {"bytes": None, "path": path}


def test_features_narrow_a_stream(load: Load, bucket: Bucket) -> None:
    bucket.fill(2)
    wanted = datasets.Features({"stem": datasets.Value("string"), "cloth_image": datasets.Image(decode=False)})
    rows = load("easy", streaming=True, features=wanted)
    assert rows.features == wanted
    assert all(row["cloth_image"]["bytes"] for row in rows)


@given(start=st.integers(0, 1000), rows=st.integers(0, 300_000), world=st.sampled_from([1, 2, 4, 8, 16]))
def test_shards_cover_every_position_and_give_ranks_equal_parts(start: int, rows: int, world: int) -> None:
    shards = cut_shards(range(start, start + rows))
    assert [edge for shard in shards for edge in shard[:1]] + [start + rows] == [
        start,
        *(stop for _, stop in shards),
    ] or rows == 0
    lengths = [stop - first for first, stop in shards]
    assert sum(lengths) == rows
    assert max(lengths, default=0) - min(lengths, default=0) <= 1
    assert max(lengths, default=0) <= max(2 * 5 * SHARD_ROWS, rows // 16 + 1)
    if rows >= 16:
        assert len(shards) % world == 0
        ranks = [sum(lengths[rank::world]) for rank in range(world)]
        assert max(ranks) - min(ranks) <= 1
