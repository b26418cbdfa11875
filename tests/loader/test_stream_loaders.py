"""Streams in other people's loaders: torchdata's `StatefulDataLoader`, and accelerate."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from accelerate.data_loader import prepare_data_loader
from accelerate.state import AcceleratorState, GradientState, PartialState
from accelerate.utils import concatenate
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

import vton_hf
from tests.bucket import Bucket, Load
from tests.loader.samplers.sources import VITALS

pytestmark = pytest.mark.filterwarnings(VITALS)
EPOCHS = 3
ROWS = 32
"""Two in each of the stream's 16 shards, so that all ranks get the same number."""


@pytest.fixture
def stream(load: Load, bucket: Bucket) -> Any:
    """Makes the stream anew, as a run does that begins or goes on."""
    bucket.fill(8)
    return lambda: vton_hf.with_transform(load(streaming=True, epoch_size=ROWS), image_size=(8, 6))


def keys(batches: Iterable[Any]) -> list[str]:
    return [key for batch in batches for key in batch["key"]]


@pytest.mark.parametrize("workers", [{}, {"num_workers": 2}, {"num_workers": 2, "persistent_workers": True}], ids=str)
def test_a_stateful_loader_goes_on_with_the_next_row_and_again(stream: Any, workers: dict[str, Any]) -> None:
    options = {"batch_size": 4, "collate_fn": vton_hf.collate_triplets, "timeout": 60 if workers else 0} | workers
    rows = stream()
    loader = StatefulDataLoader(rows, **options)
    whole = []
    for epoch in range(EPOCHS):
        rows.set_epoch(epoch)
        whole.append(keys(loader))
    assert [len(set(epoch)) for epoch in whole] == [ROWS] * EPOCHS

    state, seen = None, []
    # A worker that has given nothing since a state was loaded has none of its own: `datasets` lets it begin anew.
    for stop in (3, 2, None):
        rows = stream()
        loader = StatefulDataLoader(rows, **options)
        rows.set_epoch(1)
        if state is not None:
            loader.load_state_dict(state)
        batches = iter(loader)
        seen += keys(itertools.islice(batches, stop))
        state = loader.state_dict()
        del batches
    assert seen == whole[1]
    rows.set_epoch(2)
    assert keys(loader) == whole[2], "what was skipped once is not skipped again"


@pytest.fixture
def _alone() -> Iterator[None]:
    """No state of accelerate outlives a test."""
    yield
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()


@pytest.mark.usefixtures("_alone")
def test_accelerate_shares_a_stream_out_by_its_shards(stream: Any) -> None:
    PartialState(cpu=True)
    loaders = [
        prepare_data_loader(
            DataLoader(stream(), batch_size=4, collate_fn=vton_hf.collate_triplets),
            num_processes=2,
            process_index=rank,
            dispatch_batches=False,
        )
        for rank in range(2)
    ]
    parts = [keys(loader) for loader in loaders]
    assert [len(part) for part in parts] == [ROWS // 2] * 2
    assert len({*parts[0], *parts[1]}) == ROWS


def test_without_that_it_cannot_send_texts_round(stream: Any) -> None:
    rows = vton_hf.collate_triplets(list(stream().take(2)))
    with pytest.raises(TypeError, match="Can only concatenate tensors but got <class 'str'>"):
        concatenate([rows, rows])
