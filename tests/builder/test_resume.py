"""The state of a stream goes on in the stream that it was taken from, and in no other."""

import itertools
import json
import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets.distributed import split_dataset_by_node
from torchdata.stateful_dataloader import StatefulDataLoader

import vton_hf
from tests.bucket import Bucket, Load, loader, png, triplet_keys
from tests.loader.samplers.sources import VITALS

OLD = json.loads((Path(__file__).parent / "states/streams-0.1.0.json").read_text(encoding="utf-8"))
"""Of 29 rows, or of 5 batches of 4 in 2 workers, from the bucket below; they hold positions alone."""

Build = Callable[[Any], Any]


def streams(bucket: Bucket, cache: Path) -> Load:
    """Makes streams of 20 x 2 triplets a difficulty."""
    return loader(bucket.fill(20).prefix, cache, streaming=True, embed_images=False)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """From a bucket that stays as it is."""
    return streams(Bucket(tmp_path_factory.mktemp("bucket")), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def own_stream(bucket: Bucket, tmp_path: Path) -> Load:
    """From a bucket that the test may change."""
    return streams(bucket, tmp_path / "cache")


def keys(rows: Any) -> list[str]:
    return [row["key"] for row in rows]


def state_after(rows: int, stream: Any) -> tuple[list[str], Any]:
    """The rows before, and the state as a checkpoint on disk holds it."""
    seen = keys(itertools.islice(iter(stream), rows))
    return seen, json.loads(json.dumps(stream.state_dict()))


def resumed(stream: Any, state: Any) -> Any:
    stream.load_state_dict(state)
    return stream


def in_workers(stream: Any, workers: int = 2) -> StatefulDataLoader[Any]:
    return StatefulDataLoader(stream.select_columns(["key"]), batch_size=4, num_workers=workers)


def of_loader(loader: Any) -> list[str]:
    return [key for batch in loader for key in batch["key"]]


WAYS: dict[str, Build] = {
    "plain": lambda stream: stream,
    "rank": lambda stream: split_dataset_by_node(stream, 1, 2),
    "columns": lambda stream: stream.select_columns(["key"]),
    "transform": lambda stream: vton_hf.with_transform(stream, image_size=(4, 4)),
    "map": lambda stream: stream.select_columns(["key"]).map(lambda row: {"length": len(row["key"])}),
    "filter": lambda stream: stream.filter(lambda row: row["gender"] == "male"),
    "part": lambda stream: stream.skip(2).take(100),
    "repeat": lambda stream: stream.repeat(2),
    "interleave": lambda stream: datasets.interleave_datasets([stream, stream.select_columns(["key"])]),
    "concatenate": lambda stream: datasets.concatenate_datasets([stream, stream]),
    "pickle": lambda stream: pickle.loads(pickle.dumps(stream)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_state_comes_down_through_whatever_is_built_on_a_stream(own_stream: Load, bucket: Bucket, way: str) -> None:
    build = WAYS[way]
    seen, state = state_after(29, build(own_stream()))
    assert seen + keys(resumed(build(own_stream()), state)) == keys(build(own_stream()))
    bucket.add_triplet("hard", "male", "020")
    with pytest.raises(
        vton_hf.ConfigError, match=r"triplets per difficulty: .*hard 40.* in the state, .*hard 41.* here"
    ):
        list(resumed(build(own_stream()), state))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.filterwarnings(VITALS)
def test_workers_of_a_stateful_loader_compare_too(own_stream: Load, bucket: Bucket, workers: int) -> None:
    whole = of_loader(in_workers(own_stream(), workers))
    loader = in_workers(own_stream(), workers)
    rows = iter(loader)
    seen = [key for _ in range(5) for key in next(rows)["key"]]
    state = loader.state_dict()
    assert seen + of_loader(resumed(in_workers(own_stream(), workers), state)) == whole
    bucket.drop(triplet_keys("easy", "female", "003")["cloth_image"])
    with pytest.raises(vton_hf.ConfigError, match="The state is of another stream"):
        of_loader(resumed(in_workers(own_stream(), workers), state))


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"seed": 1}, "the seed: '0' in the state, '1' here"),
        ({"name": "medium"}, "the weights: 'easy 0.25, medium 0.25, hard 0.5' in the state, 'easy 0.3, medium 0.7'"),
        ({"difficulty_weights": {"easy": 1, "medium": 1, "hard": 1}}, "the weights: "),
        ({"epoch_size": 119}, "rows in an epoch: '120' in the state, '119' here"),
        ({"epoch_size": "min"}, "rows in an epoch: "),
        ({"gender": "male"}, "triplets per difficulty: "),
        ({"limit": 30}, "triplets per difficulty: "),
        ({"exclude": ["hard/male/003"]}, "triplets per difficulty: "),
        ({"split": "train[:50%]"}, "split, ranks, workers and shuffle: '120 rows, 16 shards"),
    ],
)
def test_other_options_are_named(stream: Load, options: dict[str, Any], found: str) -> None:
    _, state = state_after(29, stream())
    with pytest.raises(vton_hf.ConfigError) as caught:
        next(iter(resumed(stream(**options), state)))
    assert found in str(caught.value)
    assert "with the options, ranks and workers" in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"seed": 1}, {"difficulty_weights": {"easy": 2, "medium": 1, "hard": 1}}, {"epoch_size": "max"}]
)
def test_other_options_of_an_interleaved_stream_are_named(stream: Load, options: dict[str, Any]) -> None:
    _, state = state_after(29, stream(mixing="interleave"))
    with pytest.raises(vton_hf.ConfigError, match="The state is of another stream"):
        list(resumed(stream(mixing="interleave", **options), state))


def test_a_triplet_for_another_is_noticed_and_other_bytes_in_its_place_are_not(
    own_stream: Load, bucket: Bucket
) -> None:
    seen, state = state_after(29, own_stream())
    key = triplet_keys("hard", "male", "003")["try_on_image"]
    bucket.put(key, png("mended", (20, 20)))
    assert seen + keys(resumed(own_stream(), state)) == keys(own_stream())
    bucket.drop(key)
    bucket.add_triplet("hard", "male", "020")
    with pytest.raises(vton_hf.ConfigError, match=r"another stream \(the triplets and their order \(digest\): [^;]*\)"):
        list(resumed(own_stream(), state))


def test_the_same_rows_by_another_option_are_the_same(stream: Load) -> None:
    seen, state = state_after(29, stream(seed=0))
    again = stream(epoch_size=120, difficulty_weights={"easy": 1, "medium": 1, "hard": 2}, gender=["male", "female"])
    assert seen + keys(resumed(again, state)) == keys(stream())


def test_what_is_not_drawn_may_change(own_stream: Load, bucket: Bucket) -> None:
    seen, state = state_after(5, own_stream("easy"))
    bucket.add_triplet("hard", "male", "020")
    assert seen + keys(resumed(own_stream("easy"), state)) == keys(own_stream("easy"))


def test_another_number_of_ranks_and_another_shuffle_are_noticed(stream: Load) -> None:
    _, state = state_after(9, split_dataset_by_node(stream(), 0, 2))
    for other in (split_dataset_by_node(stream(), 0, 4), split_dataset_by_node(stream(), 1, 2), stream()):
        with pytest.raises(vton_hf.ConfigError, match="what is read here, which follows from split, ranks"):
            list(resumed(other, state))
    _, state = state_after(9, stream().shuffle(seed=1, buffer_size=1))
    assert next(iter(resumed(stream().shuffle(seed=1, buffer_size=1), state)))
    with pytest.raises(vton_hf.ConfigError, match="what is read here"):
        list(resumed(stream().shuffle(seed=2, buffer_size=1), state))


def test_an_epoch_has_its_own_order_of_shards(stream: Load) -> None:
    def third() -> Any:
        rows = stream()
        rows.set_epoch(3)
        return rows

    seen, state = state_after(29, third())
    assert seen + keys(resumed(third(), state)) == keys(third())


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("plain", lambda stream: stream()),
        ("transformed", lambda stream: vton_hf.with_transform(stream())),
        ("interleaved", lambda stream: stream("medium", mixing="interleave")),
    ],
)
def test_a_state_of_an_earlier_version_resumes_with_one_warning(
    stream: Load, caplog: Any, name: str, build: Build
) -> None:
    whole = keys(build(stream))
    caplog.clear()
    rows = resumed(build(stream), OLD[name])
    assert keys(rows) == whole[29:]
    assert [record.levelname for record in caplog.records if "earlier version" in record.message] == ["WARNING"]
    # From here on it is known what a state was taken from.
    seen, state = state_after(5, rows)
    assert seen + keys(resumed(build(stream), state)) == whole[29:]
    assert sum("earlier version" in record.message for record in caplog.records) == 1


@pytest.mark.filterwarnings(VITALS)
def test_a_loaders_state_of_an_earlier_version_resumes_with_one_warning(stream: Load, tmp_path: Path) -> None:
    whole = of_loader(in_workers(stream()))
    log = logging.FileHandler(tmp_path / "log")
    logging.getLogger("vton_hf").addHandler(log)
    try:
        assert of_loader(resumed(in_workers(stream()), OLD["loader"])) == whole[20:]
    finally:
        logging.getLogger("vton_hf").removeHandler(log)
        log.close()
    # Workers are forked, and have the handler too.
    assert (tmp_path / "log").read_text(encoding="utf-8").count("saved by an earlier version of vton_hf") == 1
