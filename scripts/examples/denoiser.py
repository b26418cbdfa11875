"""Diffusion as CatVTON does it, without masks: what is noised, what the UNet sees, and how a prediction is sampled."""

from collections.abc import Mapping
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn
from torch.nn import functional

from vton_hf import ConfigError

BLOCK: Final = 4


class Blocks(nn.Module):
    """Stands in for a VAE: the 4 x 4 pixels of a block, 3 colours each, are the 48 channels of a latent."""

    channels = 3 * BLOCK**2

    def encode(self, images: Tensor) -> Tensor:
        """Float [B, 3, H, W] to [B, 48, H / 4, W / 4]."""
        return functional.pixel_unshuffle(images, BLOCK)

    def decode(self, latents: Tensor) -> Tensor:
        """The same backwards."""
        return functional.pixel_shuffle(latents, BLOCK)


class Latents(nn.Module):
    """The VAE of a checkpoint."""

    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        self.vae = vae.requires_grad_(False)
        self.channels = vae.config.latent_channels

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Float [B, 3, H, W] in [-1, 1] to, for Stable Diffusion, [B, 4, H / 8, W / 8]."""
        return self.vae.encode(images).latent_dist.mode() * self.vae.config.scaling_factor

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """The same backwards."""
        return self.vae.decode(latents / self.vae.config.scaling_factor).sample


class Denoiser:
    """A UNet with the codec and the noise schedule that it is made for."""

    def __init__(self, unet: nn.Module, codec: Blocks | Latents, schedule: DDPMScheduler) -> None:
        self.unet = unet
        self.codec = codec
        self.schedule = schedule

    def loss(self, batch: Mapping[str, Any], generator: torch.Generator) -> Tensor:
        """How far off the UNet is at a noise level drawn for each triplet.

        Args:
            batch: Triplets, images float32 [B, 3, H, W] in [-1, 1], on the generator's device.
            generator: Where noise and levels come from.
        """
        clean, condition = self._side_by_side(batch, "try_on_image"), self._side_by_side(batch, "initial_image")
        noise = torch.randn(clean.shape, generator=generator, device=clean.device)
        # Most levels are noisy ones: little noise shows the garment's colour, and there is nothing to carry over.
        levels = 1 - torch.rand(len(clean), generator=generator, device=clean.device).square()
        timesteps = (levels * self.schedule.config.num_train_timesteps).long().clamp(max=self._last)
        noisy = self.schedule.add_noise(clean, noise, timesteps)
        kind = self.schedule.config.prediction_type
        wanted = {"sample": clean, "epsilon": noise}.get(kind)
        if wanted is None:
            wanted = self.schedule.get_velocity(clean, noise, timesteps)
        return functional.mse_loss(self._predict(noisy, condition, timesteps).float(), wanted)

    @torch.no_grad()
    def sample(self, batch: Mapping[str, Any], steps: int) -> Tensor:
        """Start from noise, always the same, and remove it in so many steps of DDIM.

        Args:
            batch: Triplets, on the UNet's device; the targets are not looked at.
            steps: How often the UNet is asked.

        Returns:
            Float32 [B, 3, H, W], about in [-1, 1].
        """
        condition = self._side_by_side(batch, "initial_image")
        noise = torch.randn(condition.shape, generator=torch.Generator().manual_seed(0))
        noisy = noise.to(condition.device)
        sampler = DDIMScheduler.from_config(self.schedule.config, timestep_spacing="trailing")
        sampler.set_timesteps(steps)
        for timestep in sampler.timesteps:
            made = self._predict(noisy, condition, timestep.to(noisy.device)).float()
            noisy = sampler.step(made, timestep, noisy).prev_sample
        return self.codec.decode(noisy.chunk(2, dim=-1)[0])

    @property
    def _last(self) -> int:
        return self.schedule.config.num_train_timesteps - 1

    def _side_by_side(self, batch: Mapping[str, Any], left: str) -> Tensor:
        return torch.cat([self.codec.encode(batch[role]) for role in (left, "cloth_image")], dim=-1)

    def _predict(self, noisy: Tensor, condition: Tensor, timesteps: Tensor) -> Tensor:
        made = self.unet(torch.cat([noisy, condition], dim=1), timesteps, encoder_hidden_states=None).sample
        # A fresh UNet predicts the picture itself: as what changes, so that it begins as a copy of the person.
        return made + condition if self.schedule.config.prediction_type == "sample" else made


def fresh() -> Denoiser:
    """A small UNet, randomly initialised, on blocks of pixels."""
    unet = UNet2DConditionModel(
        in_channels=2 * Blocks.channels,
        out_channels=Blocks.channels,
        block_out_channels=(48, 96, 128),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=16,
        attention_head_dim=4,
        cross_attention_dim=8,
    )
    nn.init.zeros_(unet.conv_out.weight)
    nn.init.zeros_(unet.conv_out.bias)
    _drop_text(unet)
    schedule = DDPMScheduler(beta_schedule="scaled_linear", prediction_type="sample", rescale_betas_zero_snr=True)
    return Denoiser(unet, Blocks(), schedule)


def pretrained(name: str) -> Denoiser:
    """UNet, VAE and noise schedule of a checkpoint; of the UNet, the self-attention is to be trained.

    Args:
        name: A diffusers folder or a Hub name. A UNet whose input is latents alone gets further input channels for
            the condition, which are trained too; one with twice the latents' channels (InstructPix2Pix) fits as it is.

    Raises:
        ConfigError: If the UNet takes another number of channels.
    """
    unet = UNet2DConditionModel.from_pretrained(name, subfolder="unet")
    codec = Latents(AutoencoderKL.from_pretrained(name, subfolder="vae"))
    unet.requires_grad_(False)
    if unet.config.in_channels == codec.channels:
        _widen(unet)
    if unet.config.in_channels != 2 * codec.channels:
        raise ConfigError(
            f"The UNet of {name} takes {unet.config.in_channels} channels. Allowed: {codec.channels} (text to image) "
            f"and {2 * codec.channels} (InstructPix2Pix)."
        )
    for block in _drop_text(unet):
        block.attn1.requires_grad_(True)
    return Denoiser(unet, codec, DDPMScheduler.from_pretrained(name, subfolder="scheduler"))


def _drop_text(unet: UNet2DConditionModel) -> list[BasicTransformerBlock]:
    """Take the attention to a text out of each transformer block."""
    blocks = [module for module in unet.modules() if isinstance(module, BasicTransformerBlock)]
    for block in blocks:
        block.attn2 = None
    return blocks


def _widen(unet: UNet2DConditionModel) -> None:
    """Let the UNet see as many channels again; at first they change nothing."""
    narrow = unet.conv_in
    wide = nn.Conv2d(2 * narrow.in_channels, narrow.out_channels, narrow.kernel_size, padding=narrow.padding)
    with torch.no_grad():
        wide.weight.zero_()
        wide.weight[:, : narrow.in_channels] = narrow.weight
        wide.bias.copy_(narrow.bias)
    unet.conv_in = wide
    unet.register_to_config(in_channels=wide.in_channels)
