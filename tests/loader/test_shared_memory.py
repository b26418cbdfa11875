"""Batches reach the training process as they were made, in memory that is used again once nobody holds it."""

import contextlib
import copy
import errno
import fcntl
import gc
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, default_collate
from torch.utils.data._utils.collate import collate_tensor_fn, default_collate_fn_map

import vton_hf
from tests.bucket import Bucket
from tests.loader.holders import ROLE, WAYS, Keeping, files, torchs_own, wrong
from tests.python import TRAINERS, program

ROLES = vton_hf.naming.ROLES
ROWS, BATCH = 18, 2
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch shares the memory")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> str:
    return Bucket(tmp_path_factory.mktemp("bucket")).fill(ROWS // 6).prefix


@pytest.fixture(scope="module")
def rows(prefix: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    cache = str(tmp_path_factory.mktemp("cache"))

    def make(**options: Any) -> Any:
        return vton_hf.S3VTONDataset([prefix], image_size=(64, 48), cache_dir=cache, **options)

    return make


def batches(rows: Any, workers: int = 2, **options: Any) -> DataLoader[Any]:
    return DataLoader(rows, BATCH, num_workers=workers, **({"timeout": 60 if workers else 0} | options))


def same(found: list[Any], expected: list[Any]) -> bool:
    return len(found) == len(expected) and all(
        one[role].dtype == other[role].dtype and torch.equal(one[role], other[role])
        for one, other in zip(found, expected, strict=True)
        for role in ROLES
    )


def counted(samples: Any) -> Any:
    return vton_hf.collate_triplets(samples) | {"files": files()}


def counted_by_torch(samples: Any) -> Any:
    return default_collate(samples) | {"files": files()}


def halved(samples: Any) -> Any:
    batch = vton_hf.collate_triplets(samples)
    return batch | {role: batch[role].half() for role in ROLES} | {"files": files()}


@pytest.mark.parametrize("collate", [None, vton_hf.collate_triplets])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.uint8])
def test_batches_that_are_kept_stay_as_they_are(rows: Any, collate: Any, dtype: torch.dtype) -> None:
    dataset = rows(dtype=dtype)
    expected = list(batches(dataset, workers=0))
    loader = batches(dataset, persistent_workers=True, collate_fn=collate)
    kept = [list(loader) for _ in range(3)]
    assert all(same(epoch, expected) for epoch in kept)
    del loader
    gc.collect()
    assert all(same(epoch, expected) for epoch in kept), "also when the workers are gone"
    assert {type(batch[role]) for batch in kept[0] for role in ROLES} == {torch.Tensor}


@pytest.mark.parametrize(
    ("start", "collate"),
    [
        ("fork", torchs_own),
        ("fork", default_collate),
        ("fork", vton_hf.collate_triplets),
        ("forkserver", default_collate),
        ("forkserver", vton_hf.collate_triplets),
    ],
)
def test_what_a_worker_keeps_in_any_way_arrives_as_it_was(rows: Any, start: str, collate: Any) -> None:
    loader = batches(
        rows(), workers=1, multiprocessing_context=start, persistent_workers=True, collate_fn=Keeping(collate)
    )
    seen, used, late = set(), list[int](), list[Any]()
    for _ in range(3):
        for batch in loader:
            assert wrong(batch) == []
            late = [*late, batch][-4:]
            assert [wrong(each) for each in late] == [[]] * len(late), "also after the next ones came"
            seen.add(batch.get("way"))
            used += batch["files"]
    assert seen == {*WAYS, None}
    assert collate is torchs_own or len(used) > len(set(used)), "and memory was used again beside"


@pytest.mark.parametrize(
    "way", ["the tensor", "slices", "a storage", "numpy", "dlpack", "a pickle beside the tensor", "a deep copy"]
)
def test_what_the_training_process_keeps_in_any_way_stays(rows: Any, way: str) -> None:
    dataset = rows()
    expected = [batch[ROLE] for batch in batches(dataset, workers=0)]
    keep, back = WAYS[way]
    loader = batches(dataset, persistent_workers=True, collate_fn=vton_hf.collate_triplets)
    kept = [keep(batch[ROLE]) for _ in range(3) for batch in loader]
    for held, pixels in zip(kept, 3 * expected, strict=True):
        assert torch.equal(back(held, pixels), pixels)


def forwarded(orders: Any, results: Any) -> None:
    kept = []
    while (batch := orders.get()) is not None:
        kept.append(batch)
        results.put(len(kept))
    results.put([[image.tolist() for image in batch] for batch in kept])


def test_a_second_process_keeps_what_it_is_handed_on(rows: Any) -> None:
    dataset = rows()
    context = torch.multiprocessing.get_context("fork")
    orders, results = context.Queue(), context.Queue()
    process = context.Process(target=forwarded, args=(orders, results), daemon=True)
    process.start()
    loader = batches(dataset, workers=1, persistent_workers=True, collate_fn=vton_hf.collate_triplets)
    for _ in range(2):
        for batch in loader:
            # A tensor and a part of another; dropped here as soon as they are there.
            orders.put([batch[ROLE], batch["initial_image"][1:]])
            results.get(timeout=60)
    orders.put(None)
    found = results.get(timeout=60)
    process.join()
    assert found == 2 * [
        [batch[ROLE].tolist(), batch["initial_image"][1:].tolist()] for batch in batches(dataset, workers=0)
    ]


def test_a_forked_child_keeps_what_its_parent_drops(rows: Any) -> None:
    dataset = rows()
    loader = batches(dataset, workers=1, persistent_workers=True, collate_fn=vton_hf.collate_triplets)
    held = [batch for batch, _ in zip(loader, range(4), strict=False)]
    expected = [{role: batch[role].clone() for role in ROLES} for batch in held]
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(ready, 1)
        os._exit(not same(held, expected))
    held.clear()
    for _ in range(3):
        assert same(list(loader), list(batches(dataset, workers=0)))
    os.close(ready)
    os.close(go)
    assert os.waitpid(child, 0)[1] == 0


def test_a_forked_child_that_drops_a_batch_takes_it_from_nobody(rows: Any) -> None:
    dataset = rows()
    loader = iter(batches(dataset, workers=1, collate_fn=vton_hf.collate_triplets))
    first = [next(loader)]
    child = os.fork()
    if child == 0:
        first.clear()
        gc.collect()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    rest = list(loader)
    assert same([*first, *rest], list(batches(dataset, workers=0)))


class Shared:
    """A collation that gives the same batch again and again, and says what became of it meanwhile."""

    def __init__(self) -> None:
        self._batch: Any = None

    def __call__(self, samples: Any) -> Any:
        self._batch = self._batch or vton_hf.collate_triplets(samples)
        return {ROLE: self._batch[ROLE]}


def test_memory_is_shared_as_torch_shares_it(rows: Any) -> None:
    loader = iter(batches(rows(), workers=1, prefetch_factor=1, collate_fn=Shared()))
    first = next(loader)[ROLE]
    first.fill_(7)
    assert all(bool((batch[ROLE] == 7).all()) for batch in loader), "in place here is in place in the worker"


@linux
@pytest.mark.parametrize("collate", [counted, counted_by_torch])
def test_what_the_training_process_let_go_of_is_used_again(rows: Any, collate: Any) -> None:
    loader = batches(rows(), workers=1, persistent_workers=True, collate_fn=collate)
    used = set[int]()
    for _ in range(4):
        for batch in loader:
            used |= batch["files"]
    most = 3 * (2 + 2 + 2)
    assert 3 <= len(used) <= most, "two batches ahead, two in hand as one takes the other's place, two in between"


@linux
def test_what_never_leaves_the_worker_is_used_again(rows: Any) -> None:
    dataset = rows()
    found = list(batches(dataset, workers=1, collate_fn=halved))
    assert len(set.union(*(batch["files"] for batch in found))) <= 2 * 3
    for batch, plain in zip(found, batches(dataset, workers=0), strict=True):
        assert torch.equal(batch["cloth_image"], plain["cloth_image"].half())


def test_single_samples_travel_as_ordinary_tensors(rows: Any) -> None:
    dataset = rows()
    found = list(DataLoader(dataset, batch_size=None, num_workers=1))
    assert {type(sample[role]) for sample in found for role in ROLES} == {torch.Tensor}
    assert same(found, [dataset[row] for row in range(ROWS)])


def as_they_are(samples: Any) -> Any:
    copied = copy.deepcopy(samples)
    return default_collate(copied) | {"types": {type(sample[role]) for sample in samples for role in ROLES}}


def test_a_workers_samples_are_ordinary_tensors(rows: Any) -> None:
    dataset = rows()
    found = list(batches(dataset, workers=1, collate_fn=as_they_are))
    assert same(found, list(batches(dataset, workers=0)))
    assert set.union(*(batch["types"] for batch in found)) == {torch.Tensor}


def ones(batch: Any, **_: Any) -> Any:
    return torch.ones(len(batch))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_users_own_collation_of_tensors_is_obeyed(rows: Any, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    assert default_collate_fn_map[torch.Tensor] is collate_tensor_fn
    monkeypatch.setitem(default_collate_fn_map, torch.Tensor, ones)
    assert {batch[ROLE].tolist()[0] for batch in batches(rows(), workers=workers)} == {1.0}


def fails(number: int) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return call


def opens(path: Any, *rest: Any, **named: Any) -> int:
    if str(path).startswith("/proc/self/fd/"):
        raise OSError(errno.EACCES, "closed")
    return os_open(path, *rest, **named)


os_open = os.open
FAULTS = [
    (os, "memfd_create", fails(errno.ENOSYS)),
    (os, "ftruncate", fails(errno.EPERM)),
    (os, "open", opens),
    (fcntl, "fcntl", fails(errno.EINVAL)),
]


def listening(folder: str) -> Callable[[int], None]:
    def start(_: int) -> None:
        log = logging.getLogger("vton_hf")
        log.setLevel(logging.INFO)
        log.addHandler(logging.FileHandler(Path(folder, f"{os.getpid()}.log")))

    return start


@linux
@pytest.mark.parametrize("collate", [counted, counted_by_torch])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[1])
def test_where_no_memory_can_be_kept_batches_go_torchs_way(
    rows: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: tuple[Any, str, Any], collate: Any
) -> None:
    dataset = rows()
    expected = list(batches(dataset, workers=0))
    loader = batches(dataset, workers=1, collate_fn=collate, worker_init_fn=listening(str(tmp_path)))
    with monkeypatch.context() as patch:
        patch.setattr(*fault)
        found = list(loader)
    assert same(found, expected)
    assert all(batch["files"] == set() for batch in found)
    (log,) = (path.read_text() for path in tmp_path.glob("*.log"))
    assert log.count("torch's own way") == 1


def by_file_system(_: int) -> None:
    torch.multiprocessing.set_sharing_strategy("file_system")


@linux
@pytest.mark.parametrize(("start", "collate"), [("fork", counted), ("fork", counted_by_torch), ("forkserver", counted)])
def test_the_sharing_strategy_is_obeyed(rows: Any, start: str, collate: Any) -> None:
    dataset = rows()
    loader = batches(
        dataset, workers=1, collate_fn=collate, worker_init_fn=by_file_system, multiprocessing_context=start
    )
    found = list(loader)
    assert same(found, list(batches(dataset, workers=0)))
    assert all(batch["files"] == set() for batch in found)


KEEP = program("keep_batches")


@linux
def test_batches_that_are_kept_take_no_more_descriptors_than_torchs(prefix: str, tmp_path: Path) -> None:
    ran = TRAINERS.run(KEEP, os.environ, prefix, str(tmp_path))
    assert ran.stdout.split() == ["70", str(ROWS), "120", str(ROWS)], ran.stderr


@pytest.mark.parametrize("start", ["fork", "forkserver"])
def test_a_killed_worker_is_told_as_torch_tells_it(rows: Any, start: str) -> None:
    loader = iter(
        batches(rows(), workers=1, multiprocessing_context=start, collate_fn=vton_hf.collate_triplets, timeout=0)
    )
    next(loader)
    (worker,) = loader._workers
    while not loader._worker_result_queue._reader.poll(0.1):
        assert worker.is_alive()
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid.* (exited unexpectedly|is killed)") as told:
        _ = os.kill(worker.pid, signal.SIGKILL), list(loader)
    report = "".join(traceback.format_exception(told.value))
    assert start == "fork" or "want of memory: lower num_workers" in report
    with contextlib.suppress(RuntimeError):
        loader._shutdown_workers()
