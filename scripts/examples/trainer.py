"""transformers' Trainer on a small network that paints the garment onto the person in one pass.

The Trainer drops the columns that a model's forward does not name, unless it is told not to; the rows need theirs:
`key` says which random numbers a triplet's augmentation draws, `difficulty` what may replace a broken one.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from asked import ASKED

# isort: split
import torch
from common import load_training, open_data, run
from network import TryOnNet
from pictures import garment_error, save_picture
from progress import Clock, newest_state
from torch import Tensor
from torch.nn import functional
from transformers import PretrainedConfig, PreTrainedModel, Trainer, TrainingArguments

import vton_hf


class TryOnConfig(PretrainedConfig):
    """How wide the network is."""

    model_type = "try-on"

    def __init__(self, width: int = 48, **options: Any) -> None:
        super().__init__(**options)
        self.width = width


class TryOnModel(PreTrainedModel):
    """The network with a loss, as the Trainer takes it."""

    config_class = TryOnConfig
    main_input_name = "initial_image"

    def __init__(self, config: TryOnConfig) -> None:
        super().__init__(config)
        self.network = TryOnNet(config.width)
        self.post_init()

    def forward(
        self, initial_image: Tensor, cloth_image: Tensor, try_on_image: Tensor | None = None, **_columns: Any
    ) -> dict[str, Tensor]:
        """Images are float [B, 3, H, W] in [-1, 1]; the loss is there if the target is."""
        made = {"prediction": self.network(initial_image, cloth_image)}
        if try_on_image is not None:
            made["loss"] = functional.mse_loss(made["prediction"], try_on_image)
        return made

    def _init_weights(self, module: torch.nn.Module) -> None:
        """Leave them as the network drew them."""


class TripletTrainer(Trainer):
    """A Trainer whose batches have the exact mix, and which knows how long it waits for them."""

    def __init__(self, *args: Any, clock: Clock, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clock = clock

    def _get_train_sampler(self, train_dataset: Any = None) -> vton_hf.TripletSampler:
        """After a resume the Trainer itself skips what was seen: the order follows from seed and epoch."""
        rows = self.train_dataset if train_dataset is None else train_dataset
        size = self._train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        return vton_hf.TripletSampler(rows, size, seed=self.args.seed, rank=0, num_replicas=1)

    def get_batch_samples(self, *args: Any) -> Any:
        """Fetch the batches of a step."""
        with self._clock.waiting():
            return super().get_batch_samples(*args)

    def _save_checkpoint(self, *args: Any) -> None:
        with self._clock.checking():
            super()._save_checkpoint(*args)


def main() -> None:
    """Train, or go on training."""
    args = ASKED
    torch.manual_seed(args.seed)
    data = open_data(args)
    clock = Clock()
    model = TryOnModel(TryOnConfig())
    trainer = TripletTrainer(
        model,
        training_arguments(args),
        train_dataset=load_training(args, data),
        data_collator=vton_hf.collate_triplets,
        clock=clock,
    )
    state = newest_state(args.output, resume=args.resume, complete="checkpoint-*/trainer_state.json")
    if state is None:
        save_picture(args.output / "before.png", data.test, predict(model, data.test))
    trainer.train(resume_from_checkpoint=state and str(state))
    made = predict(model, data.test)
    print(garment_error(data.test, made))
    print(clock)
    save_picture(args.output / "after.png", data.test, made)


def training_arguments(args: argparse.Namespace) -> TrainingArguments:
    """Our options in the Trainer's words."""
    return TrainingArguments(
        output_dir=str(args.output),
        remove_unused_columns=False,
        max_steps=args.steps,
        per_device_train_batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=50,
        logging_steps=args.log_every,
        save_steps=args.save_every,
        save_total_limit=2,
        dataloader_num_workers=args.workers,
        dataloader_persistent_workers=args.workers > 0,
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to="none",
        disable_tqdm=True,
        seed=args.seed,
    )


@torch.no_grad()
def predict(model: TryOnModel, test: Mapping[str, Any]) -> Tensor:
    """What the model makes of held-out triplets: float32 [N, 3, H, W], on the CPU."""
    pairs = zip(test["initial_image"].split(16), test["cloth_image"].split(16), strict=True)
    return torch.cat([model(a.to(model.device), b.to(model.device))["prediction"].cpu() for a, b in pairs])


if __name__ == "__main__":
    run(main)
