"""Data sources for samplers: rows that know their number, and the loaders that read them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import datasets
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from vton_hf.loader.samplers import TripletSampler
from vton_hf.mixing import Plan, plan
from vton_hf.naming import DIFFICULTIES

MANY_WORKERS = "ignore:This DataLoader will create .* worker processes:UserWarning"
"""Torch warns of more workers than cores; on a box of two, three are too many."""

VITALS = "ignore:'set_vital' is deprecated:UserWarning"
"""torchdata 0.11 calls it; torch 2.15 warns."""


def names(*counts: int, seed: int = 0) -> list[str]:
    """So many easy, medium and hard, shuffled."""
    everything = np.repeat(DIFFICULTIES, counts)
    return [str(name) for name in np.random.default_rng(seed).permutation(everything)]


def rows(*counts: int, seed: int = 0) -> datasets.Dataset:
    """Rows with a difficulty, a number and some pixels of their own."""
    difficulty = names(*counts, seed=seed)
    pixels = [[float(index), float(index) / 7] for index in range(len(difficulty))]
    table = {"difficulty": difficulty, "number": list(range(len(difficulty))), "pixels": pixels}
    return datasets.Dataset.from_dict(table).with_format("torch")


class Planned(Dataset[tuple[int, int]]):
    """As `S3VTONDataset` does it: row i is position i of the plan of the epoch."""

    def __init__(self, sizes: Mapping[str, int], weights: Mapping[str, float], seed: int = 0) -> None:
        self._arguments: Any = (sizes, weights)
        self._seed = seed
        self.told: list[int] = []

    def plan_of(self, epoch: int) -> Plan:
        return plan(*self._arguments, seed=self._seed, epoch=epoch)

    def set_epoch(self, epoch: int) -> None:
        self.told.append(epoch)

    def __len__(self) -> int:
        return len(self.plan_of(0))

    def __getitem__(self, index: int) -> tuple[int, int]:
        return self.told[-1], index


def batches(drawn: Iterable[int], size: int) -> list[list[int]]:
    flat = list(drawn)
    assert len(flat) % size == 0
    return [flat[start : start + size] for start in range(0, len(flat), size)]


def counted(data: datasets.Dataset, batch: Sequence[int]) -> tuple[int, ...]:
    """Rows of each difficulty."""
    counts = Counter(data.with_format(None).select(batch)["difficulty"])
    return tuple(counts[name] for name in DIFFICULTIES)


def loader(data: Any, sampler: TripletSampler, workers: int = 0, kind: Any = DataLoader, **options: Any) -> Any:
    return kind(data, batch_size=sampler.batch_size, sampler=sampler, num_workers=workers, **options)


def seen(loaded: Iterable[Mapping[str, torch.Tensor]]) -> Iterator[list[tuple[int, list[float]]]]:
    """Number and pixels of each row, batch by batch."""
    for batch in loaded:
        yield list(zip(batch["number"].tolist(), batch["pixels"].tolist(), strict=True))
