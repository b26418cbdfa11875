"""accelerate shares out the sampler's batches, and tells it the epoch."""

import json
import multiprocessing
import os
import socket
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.data_loader import BatchSamplerShard
from accelerate.state import AcceleratorState, GradientState, PartialState
from accelerate.utils import DataLoaderConfiguration
from torch.utils.data import BatchSampler, DataLoader

from tests.loader.samplers.sources import VITALS, Planned, batches, loader, rows, seen
from vton_hf.errors import ConfigError
from vton_hf.loader.samplers import TripletSampler
from vton_hf.mixing import RECIPES

pytestmark = pytest.mark.filterwarnings(VITALS)
DATA = rows(12, 12, 24)


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """No state of accelerate outlives a test."""
    yield
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()


def whole(epoch: int) -> list[Any]:
    sampler = TripletSampler(DATA, 8)
    sampler.set_epoch(epoch)
    return list(seen(loader(DATA, sampler)))


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("ranks", [2, 4])
def test_its_shards_put_together_are_the_global_batches(split: bool, ranks: int) -> None:
    sampler = TripletSampler(DATA, 8, rank=0, num_replicas=1)
    shards = [
        list(BatchSamplerShard(BatchSampler(sampler, 8 if split else 8 // ranks, False), ranks, rank, split))
        for rank in range(ranks)
    ]
    assert [[row for part in step for row in part] for step in zip(*shards, strict=True)] == batches(sampler, 8)


def test_two_processes_get_the_parts_of_each_global_batch() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    said = fork.SimpleQueue()
    processes = [fork.Process(target=one_of_two, args=(rank, port, said), daemon=True) for rank in range(2)]
    for process in processes:
        process.start()
    (_, refused, first), (_, _, second) = sorted(json.loads(said.get()) for _ in processes)
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    expected = [[number for number, _ in batch] for batch in whole(1)]
    for name in ("split=False", "split=True", "plain"):
        assert [a + b for a, b in zip(first[name], second[name], strict=True)] == expected
    assert refused.startswith("2 processes train together")
    assert "num_replicas=torch.distributed.get_world_size(); where accelerate" in refused


def one_of_two(rank: int, port: int, said: Any) -> None:
    """In a process of its own: join the other, and say which rows come by each way."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "ACCELERATE_USE_CPU": "true"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    found = {}
    for split in (False, True):
        accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(split_batches=split))
        sampler = TripletSampler(DATA, 8, rank=0, num_replicas=1)
        prepared = accelerator.prepare(DataLoader(DATA, batch_size=8 if split else 4, sampler=sampler))
        prepared.set_epoch(1)
        found[f"split={split}"] = numbers(prepared)
    group = torch.distributed
    sampler = TripletSampler(DATA, 8, rank=group.get_rank(), num_replicas=group.get_world_size())
    sampler.set_epoch(1)
    found["plain"] = numbers(loader(DATA, sampler))
    with pytest.raises(ConfigError) as refused:
        TripletSampler(DATA, 8)
    said.put(json.dumps([rank, str(refused.value), found]))
    group.destroy_process_group()


def numbers(loaded: Any) -> list[list[int]]:
    return [batch["number"].tolist() for batch in loaded]


@pytest.mark.parametrize("stateful", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_prepared_loader_goes_through_epochs(workers: int, stateful: bool) -> None:
    config = DataLoaderConfiguration(use_stateful_dataloader=stateful)
    sampler = TripletSampler(DATA, 8)
    prepared = Accelerator(cpu=True, dataloader_config=config).prepare(loader(DATA, sampler, workers))
    for epoch in range(3):
        assert list(seen(prepared)) == whole(epoch)
        assert sampler.epoch == epoch


def test_the_data_source_hears_of_the_epoch() -> None:
    source = Planned({"easy": 10, "hard": 10}, RECIPES["easy"])
    prepared = Accelerator(cpu=True).prepare(loader(source, TripletSampler(source, 5)))
    told = [epoch for _ in range(3) for batch in prepared for epoch in batch[0].tolist()]
    assert told == [0] * 10 + [1] * 10 + [2] * 10


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [1, 3, 6])
def test_steps_say_where_a_prepared_loader_goes_on(workers: int, stop: int) -> None:
    sampler = TripletSampler(DATA, 8)
    prepared = Accelerator(cpu=True).prepare(loader(DATA, sampler, workers))
    prepared.set_epoch(2)
    iterator = seen(prepared)
    assert [next(iterator) for _ in range(stop)] == whole(2)[:stop]
    state = sampler.state_dict(steps=stop)
    iterator.close()

    sampler = TripletSampler(DATA, 8)
    sampler.load_state_dict(state)
    prepared = Accelerator(cpu=True).prepare(loader(DATA, sampler, workers))
    prepared.set_epoch(sampler.epoch)
    assert list(seen(prepared)) == whole(2)[stop:]
    prepared.set_epoch(3)
    assert list(seen(prepared)) == whole(3)


@pytest.mark.parametrize("workers", [0, 2])
def test_its_own_checkpoint_of_a_stateful_loader_goes_on_too(workers: int) -> None:
    accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(use_stateful_dataloader=True))
    prepared = accelerator.prepare(loader(DATA, TripletSampler(DATA, 8), workers))
    list(prepared)
    iterator = seen(prepared)
    assert [next(iterator) for _ in range(2)] == whole(1)[:2]
    state = prepared.state_dict()
    iterator.close()

    prepared = accelerator.prepare(loader(DATA, TripletSampler(DATA, 8), workers))
    prepared.load_state_dict(state)
    prepared.set_epoch(1)
    assert list(seen(prepared)) == whole(1)[2:]


def test_an_epoch_set_after_a_stateful_loader_has_begun_is_refused() -> None:
    accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(use_stateful_dataloader=True))
    prepared = accelerator.prepare(loader(DATA, TripletSampler(DATA, 8), workers=2))
    prepared.set_epoch(1)
    with pytest.raises(ConfigError, match="which accelerate takes in prepare"):
        list(prepared)
