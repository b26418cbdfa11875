"""CatVTON's way of training, with diffusers and accelerate, without masks.

Target and garment lie side by side in one picture of latents. The UNet removes noise from it and sees, as further
channels, the same picture with the person in the target's place; its self-attention carries the garment over.
Offline there are no pretrained weights: by default the UNet is small and fresh, and blocks of 4 x 4 pixels stand in
for a VAE's latents. With --checkpoint, UNet and VAE are those of Stable Diffusion, and self-attention is trained.
Several GPUs: accelerate launch scripts/examples/catvton.py [options]
"""

import argparse
from typing import Final

from asked import ASKED

# isort: split
import torch
from accelerate import Accelerator
from common import Data, load_training, open_data, rate, run
from denoiser import Denoiser, fresh, pretrained
from pictures import garment_error, save_picture
from progress import Progress, newest_state, save_state
from torch.utils.data import DataLoader

import vton_hf

CONDITIONS: Final = ("initial_image", "cloth_image")


def main() -> None:
    """Train, or go on training."""
    args = ASKED
    torch.manual_seed(args.seed)
    accelerator = Accelerator()
    with accelerator.main_process_first():
        data = open_data(args)
        loader = cache_loader(args, data, accelerator.num_processes)
        state = newest_state(args.output, resume=args.resume)
    progress = Progress(loader.sampler)
    denoiser = pretrained(args.checkpoint) if args.checkpoint else fresh()
    weights = [weight for weight in denoiser.unet.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=args.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(step, args.steps))
    denoiser.codec.to(accelerator.device)
    denoiser.unet, optimiser, loader = accelerator.prepare(denoiser.unet, optimiser, loader)
    accelerator.register_for_checkpointing(schedule, progress)

    if state:
        accelerator.load_state(state)
        accelerator.print(f"Resumed at step {progress.step} from {state}")
    elif accelerator.is_main_process:
        save_picture(args.output / "before.png", data.test, predict(denoiser, data, args))
    # After a resume, accelerate's loader would count epochs from 0 and tell the sampler: so set its epoch, not ours.
    for batch in progress.batches(loader, loader.set_epoch, args.steps):
        loss = denoiser.loss(batch, noise_of(progress.step, args.seed, accelerator))
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        if accelerator.is_main_process:
            progress.note(loss.item(), args.log_every)
            if progress.step % args.save_every == 0 or progress.step == args.steps:
                with progress.clock.checking():
                    save_state(args.output, progress.step, accelerator.save_state)
                    print(garment_error(data.test, predict(denoiser, data, args)), flush=True)
    if accelerator.is_main_process:
        print(progress.clock)
        save_picture(args.output / "after.png", data.test, predict(denoiser, data, args))


def cache_loader(args: argparse.Namespace, data: Data, processes: int) -> DataLoader:
    """Batches of the mix from the Arrow cache; accelerate shares them out, so each process's sampler gives all rows."""
    rows = load_training(args, data)
    sampler = vton_hf.TripletSampler(rows, args.batch_size, seed=args.seed, rank=0, num_replicas=1)
    return DataLoader(
        rows,
        batch_size=sampler.batch_size // processes,
        sampler=sampler,
        num_workers=args.workers,
        persistent_workers=args.workers > 0,
        collate_fn=vton_hf.collate_triplets,
    )


def noise_of(step: int, seed: int, accelerator: Accelerator) -> torch.Generator:
    """The step's own random numbers, on each process others: a resumed run draws what an uninterrupted one would."""
    number = (seed * 1_000_000 + step) * accelerator.num_processes + accelerator.process_index
    return torch.Generator(accelerator.device).manual_seed(number)


def predict(denoiser: Denoiser, data: Data, args: argparse.Namespace) -> torch.Tensor:
    """What the model makes of the held-out triplets: float32 [N, 3, H, W], on the CPU."""
    device = next(denoiser.unet.parameters()).device
    denoiser.unet.eval()
    made = []
    for first in range(0, len(data.held_out), args.batch_size):
        part = {role: data.test[role][first : first + args.batch_size].to(device) for role in CONDITIONS}
        made.append(denoiser.sample(part, args.sampling_steps).cpu())
    denoiser.unet.train()
    return torch.cat(made)


if __name__ == "__main__":
    run(main)
