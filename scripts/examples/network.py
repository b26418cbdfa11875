"""A small network that paints the garment onto the person in one pass: enough to see a loss fall."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class TryOnNet(nn.Module):
    """A U-Net on person and garment laid upon each other; untrained it gives the person back.

    Args:
        width: Channels at a quarter of the images' size; deeper levels have twice and four times as many.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.enter = _layer(2 * 48, width)
        self.down = nn.ModuleList([_layer(width, 2 * width, stride=2), _layer(2 * width, 4 * width, stride=2)])
        self.bottom = _layer(4 * width, 4 * width)
        self.up = nn.ModuleList([_layer(6 * width, 2 * width), _layer(3 * width, width)])
        self.leave = nn.Conv2d(width, 48, 1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, person: Tensor, garment: Tensor) -> Tensor:
        """Both float [B, 3, H, W] in [-1, 1], sides multiples of 4; so is the result, within about that range."""
        levels = [self.enter(functional.pixel_unshuffle(torch.cat([person, garment], dim=1), 4))]
        for layer in self.down:
            levels.append(layer(levels[-1]))
        made = self.bottom(levels.pop())
        for layer in self.up:
            beside = levels.pop()
            made = layer(torch.cat([functional.interpolate(made, beside.shape[-2:]), beside], dim=1))
        return person + functional.pixel_shuffle(self.leave(made), 4)


def _layer(channels: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride, 1),
        nn.GroupNorm(8, out),
        nn.SiLU(),
        nn.Conv2d(out, out, 3, 1, 1),
        nn.GroupNorm(8, out),
        nn.SiLU(),
    )
