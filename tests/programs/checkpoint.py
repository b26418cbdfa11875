"""A diffusers pipeline of a few thousand weights, saved."""

import sys
from pathlib import Path
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel

folder, channels = Path(sys.argv[1]), int(sys.argv[2])
sides = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
AutoencoderKL(block_out_channels=(8, 8), norm_num_groups=4, **sides).save_pretrained(folder / "vae")
sides = {
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
}
shape = {"block_out_channels": (8, 8), "layers_per_block": 1, "attention_head_dim": 2, "cross_attention_dim": 8}
unet = UNet2DConditionModel(in_channels=channels, out_channels=4, norm_num_groups=4, **shape, **sides)
unet.save_pretrained(folder / "unet")
DDPMScheduler(clip_sample=False).save_pretrained(folder / "scheduler")
