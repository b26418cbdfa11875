"""Lightning's Trainer: it tells the sampler its epochs, and a checkpoint holds the sampler's state."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import json, logging, sys, warnings

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
import pytorch_lightning as lightning
import torch
from torch.utils.data import DataLoader

from tests.loader.samplers.sources import rows
from vton_hf import TripletSampler


class Triplets(lightning.LightningDataModule):
    def setup(self, stage):
        ranks = {"rank": self.trainer.global_rank, "num_replicas": self.trainer.world_size}
        self.sampler = TripletSampler(rows(12, 12, 24), 8, **ranks)

    def train_dataloader(self):
        workers = {"num_workers": WORKERS, "persistent_workers": WORKERS > 0}
        return DataLoader(rows(12, 12, 24), batch_size=self.sampler.batch_size, sampler=self.sampler, **workers)

    def state_dict(self):
        done = self.trainer.fit_loop.epoch_loop.batch_progress.current.ready
        return self.sampler.state_dict(steps=done - self.sampler.first_step)

    def load_state_dict(self, state):
        self.sampler.load_state_dict(state)


class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.seen = torch.nn.Linear(2, 1), []

    def training_step(self, batch, batch_idx):
        self.seen.append((self.trainer.global_step, batch["number"].tolist()))
        return self.layer(batch["pixels"]).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)

    def on_train_end(self):
        everybody = [None] * self.trainer.world_size
        if self.trainer.world_size > 1:
            torch.distributed.all_gather_object(everybody, self.seen)
        else:
            everybody = [self.seen]
        if self.trainer.is_global_zero:
            together = [[of[0][0], [number for _, numbers in of for number in numbers]] for of in zip(*everybody)]
            print(json.dumps(together), flush=True)


def fit(steps, resume=None, every=None):
    saved = lightning.callbacks.ModelCheckpoint(FOLDER, every_n_train_steps=every, save_top_k=-1, filename="{step}")
    trainer = lightning.Trainer(
        max_steps=steps, max_epochs=-1, accelerator="cpu", devices=DEVICES, use_distributed_sampler=False,
        strategy="ddp_fork" if DEVICES > 1 else "auto", logger=False, callbacks=[saved],
        enable_progress_bar=False, enable_model_summary=False,
    )
    trainer.fit(Model(), Triplets(), ckpt_path=resume)


if __name__ == "__main__":
    FOLDER, DEVICES, WORKERS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    fit(16, every=2)  # two epochs of six steps, and more
    for stop in (4, 8):
        fit(stop + 5, f"{FOLDER}/step={stop}.ckpt", every=stop + 3)
        fit(16, f"{FOLDER}/step={stop + 3}.ckpt")
"""


@pytest.mark.parametrize(("devices", "workers"), [(1, 2), (2, 0)])
def test_a_run_goes_on_where_its_checkpoint_was_taken_and_again(devices: int, workers: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(devices), str(workers)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    whole, *resumed = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[[")]
    assert whole == expected(16)
    for stop, again in ((4, resumed[:2]), (8, resumed[2:])):
        assert again == [expected(16)[stop : stop + 5], expected(16)[stop + 3 :]]


def expected(steps: int) -> list[Any]:
    """The rows of each step, by the sampler alone."""
    from tests.loader.samplers.sources import batches, rows
    from vton_hf import TripletSampler

    sampler, drawn = TripletSampler(rows(12, 12, 24), 8), []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        drawn += batches(sampler, 8)
    return [[step, batch] for step, batch in enumerate(drawn[:steps])]
