"""Lightning's Trainer with our sampler, stopped and resumed."""

import json
import logging
import sys
import warnings

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
        max_steps=steps,
        max_epochs=-1,
        accelerator="cpu",
        devices=DEVICES,
        use_distributed_sampler=False,
        strategy="ddp_fork" if DEVICES > 1 else "auto",
        logger=False,
        callbacks=[saved],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Model(), Triplets(), ckpt_path=resume)


if __name__ == "__main__":
    FOLDER, DEVICES, WORKERS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    fit(16, every=2)  # two epochs of six steps, and more
    for stop in (4, 8):
        fit(stop + 5, f"{FOLDER}/step={stop}.ckpt", every=stop + 3)
        fit(16, f"{FOLDER}/step={stop + 3}.ckpt")
