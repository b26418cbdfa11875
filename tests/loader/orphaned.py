"""A training process that is to be killed: `main()`, with START MOMENT FOLDER as arguments."""

import os
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

import vton_hf


def wait_in(folder: Path, who: str) -> None:
    """Say which process is here, and wait until it may go on."""
    (folder / who).write_text(str(os.getpid()))
    (folder / who).rename(folder / f"{who}.pid")
    while not (folder / f"{who}.go").exists():
        time.sleep(0.02)


class Rows(Dataset[dict[str, Any]]):
    """A dataset whose worker waits when it is unpickled, when it begins, or when it is asked for a row."""

    def __init__(self, moment: str, folder: Path) -> None:
        self.moment = moment
        self.folder = folder

    def __len__(self) -> int:
        return 8

    def __getitem__(self, row: int) -> dict[str, Any]:
        if self.moment == "training":
            wait_in(self.folder, "worker")
        return {"cloth_image": torch.zeros(3, 2, 2)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        if self.moment == "unpickling":
            wait_in(self.folder, "worker")

    def begin(self, _: int) -> None:
        if self.moment == "beginning":
            wait_in(self.folder, "worker")


def main() -> None:
    start, moment, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    rows = Rows(moment, folder)
    loader = DataLoader(
        rows,
        num_workers=1,
        multiprocessing_context=start,
        collate_fn=vton_hf.collate_triplets,
        worker_init_fn=rows.begin,
    )
    iterator = iter(loader)
    # Forked after the worker, it holds all pipes that the trainer holds.
    get_context("fork").Process(target=wait_in, args=(folder, "bystander")).start()
    next(iterator)
