"""Plain torch: `S3VTONDataset`, `DataLoader`, a curriculum from easy to hard, and a checkpoint that resumes exactly.

Images come from the bucket itself, a batch at a time, by worker processes; nothing is built first.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from asked import ASKED

# isort: split
import torch
from common import AUGMENT, Data, open_data, rate, run
from network import TryOnNet
from pictures import garment_error, save_picture
from progress import Progress, newest_state, save_state
from torch.nn import functional
from torch.utils.data import DataLoader

import vton_hf

ROLES: Final = ("initial_image", "cloth_image", "try_on_image")
DEVICE: Final = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def main() -> None:
    """Train, or go on training."""
    args = ASKED
    torch.manual_seed(args.seed)
    data = open_data(args)
    state = newest_state(args.output, resume=args.resume)
    saved = torch.load(state / "state.pt", map_location=DEVICE) if state else {}
    # A run that goes on for more steps than it was begun with keeps its curriculum.
    stage_length = saved.pop("stage_length", max(1, args.steps // 3))
    loader = bucket_loader(args, data, stage_length)
    model = TryOnNet().to(DEVICE)
    optimiser = torch.optim.AdamW(model.parameters(), lr=args.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(step, args.steps))
    progress = Progress(loader.sampler)
    parts = {"model": model, "optimiser": optimiser, "schedule": schedule, "progress": progress}

    def save(folder: Path) -> None:
        states = {name: part.state_dict() for name, part in parts.items()}
        torch.save(states | {"stage_length": stage_length}, folder / "state.pt")

    if state:
        for name, part in saved.items():
            parts[name].load_state_dict(part)
        print(f"Resumed at step {progress.step} from {state}")
    else:
        save_picture(args.output / "before.png", data.test, predict(model, data.test))
    for batch in progress.batches(loader, loader.sampler.set_epoch, args.steps):
        person, garment, target = (batch[role].to(DEVICE) for role in ROLES)
        loss = functional.mse_loss(model(person, garment), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        progress.note(loss.item(), args.log_every)
        if progress.step % args.save_every == 0 or progress.step == args.steps:
            with progress.clock.checking():
                save_state(args.output, progress.step, save)
                print(garment_error(data.test, predict(model, data.test)), flush=True)
    print(progress.clock)
    save_picture(args.output / "after.png", data.test, predict(model, data.test))


def bucket_loader(args: argparse.Namespace, data: Data, stage_length: int) -> DataLoader:
    """Batches of the mix, read from the bucket itself by worker processes."""
    dataset = vton_hf.get_vton_dataset(
        args.difficulty,
        transform=AUGMENT,
        image_size=args.size,
        exclude=data.held_out,
        epoch_size="min",
        seed=args.seed,
        **data.source,
    )
    # Easy triplets alone at first; then the mix turns, over two stages, into that of "hard".
    curriculum = vton_hf.Curriculum("linear", stage_length=stage_length) if args.difficulty == "hard" else None
    # Short epochs, so that the easy triplets do for one of nothing else.
    sampler = vton_hf.TripletSampler(
        dataset, args.batch_size, curriculum=curriculum, seed=args.seed, epoch_size=len(dataset) // 4
    )
    return DataLoader(
        dataset,
        batch_size=sampler.batch_size,
        sampler=sampler,
        num_workers=args.workers,
        persistent_workers=args.workers > 0,
        collate_fn=vton_hf.collate_triplets,
    )


@torch.no_grad()
def predict(model: TryOnNet, test: Mapping[str, Any]) -> torch.Tensor:
    """What the model makes of held-out triplets: float32 [N, 3, H, W], on the CPU."""
    pairs = zip(test["initial_image"].split(16), test["cloth_image"].split(16), strict=True)
    return torch.cat([model(person.to(DEVICE), garment.to(DEVICE)).cpu() for person, garment in pairs])


if __name__ == "__main__":
    run(main)
