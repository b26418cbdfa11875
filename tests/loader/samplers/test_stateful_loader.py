"""torchdata's `StatefulDataLoader` saves and restores the sampler, and nothing is skipped twice."""

import pickle
from typing import Any

import pytest
from torchdata.stateful_dataloader import StatefulDataLoader

from tests.loader.samplers.sources import MANY_WORKERS, VITALS, loader, rows, seen
from vton_hf.loader.samplers import TripletSampler

pytestmark = pytest.mark.filterwarnings(VITALS)
DATA = rows(12, 12, 24)
STEPS = 6


def fresh(workers: int, **options: Any) -> tuple[TripletSampler, Any]:
    sampler = TripletSampler(DATA, 8)
    return sampler, loader(DATA, sampler, workers, StatefulDataLoader, **options)


def whole(epoch: int) -> list[Any]:
    sampler = TripletSampler(DATA, 8)
    sampler.set_epoch(epoch)
    return list(seen(loader(DATA, sampler)))


def stopped(workers: int, epoch: int, stop: int, **options: Any) -> Any:
    """The loader's state after `stop` steps."""
    sampler, loaded = fresh(workers, **options)
    sampler.set_epoch(epoch)
    iterator = seen(loaded)
    assert [next(iterator) for _ in range(stop)] == whole(epoch)[:stop]
    return pickle.loads(pickle.dumps(loaded.state_dict()))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [0, 1, 4, STEPS])
def test_the_loaders_own_state_goes_on_with_the_next_row(workers: int, stop: int) -> None:
    sampler, loaded = fresh(workers)
    loaded.load_state_dict(stopped(workers, 2, stop))
    assert list(seen(loaded)) == whole(2)[stop:]
    sampler.set_epoch(3)
    assert list(seen(loaded)) == whole(3)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_that_went_on_can_stop_again(workers: int) -> None:
    _, loaded = fresh(workers)
    loaded.load_state_dict(stopped(workers, 1, 2))
    iterator = seen(loaded)
    assert [next(iterator) for _ in range(3)] == whole(1)[2:5]
    _, last = fresh(workers)
    last.load_state_dict(loaded.state_dict())
    assert list(seen(last)) == whole(1)[5:]


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_finished_epoch_is_followed_by_the_next(workers: int, told: bool) -> None:
    sampler, loaded = fresh(workers)
    sampler.set_epoch(4)
    assert len(list(loaded)) == STEPS
    state = loaded.state_dict()
    sampler, loaded = fresh(workers)
    loaded.load_state_dict(state)
    if told:
        sampler.set_epoch(5)
    assert list(seen(loaded)) == whole(5)


@pytest.mark.filterwarnings(MANY_WORKERS)
@pytest.mark.parametrize(("before", "after"), [(0, 2), (2, 0), (2, 3)])
@pytest.mark.parametrize("stop", [0, 1, 4, STEPS])
def test_another_number_of_workers_resumes_through_the_sampler(before: int, after: int, stop: int) -> None:
    for state in (stopped(before, 1, stop), stopped(before, 1, stop, snapshot_every_n_steps=3)):
        sampler, loaded = fresh(after)
        sampler.load_state_dict(state)
        assert list(seen(loaded)) == whole(1)[stop:]


@pytest.mark.parametrize("workers", [0, 2])
def test_the_sampler_reads_the_state_of_a_finished_loader(workers: int) -> None:
    _, loaded = fresh(workers)
    list(loaded)
    sampler = TripletSampler(DATA, 8)
    sampler.load_state_dict(loaded.state_dict())
    assert (sampler.epoch, sampler.state_dict()["position"]) == (1, 0)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loop_that_was_broken_off_starts_anew(workers: int) -> None:
    _, loaded = fresh(workers)
    next(iter(loaded))
    again = iter(loaded)
    state = loaded.state_dict()
    assert list(seen(again)) == whole(0)
    sampler = TripletSampler(DATA, 8)
    sampler.load_state_dict(state)
    assert sampler.state_dict()["position"] == 0


def test_persistent_workers_go_through_epochs() -> None:
    sampler, loaded = fresh(2, persistent_workers=True)
    for epoch in (0, 1, 2):
        sampler.set_epoch(epoch)
        assert list(seen(loaded)) == whole(epoch)
