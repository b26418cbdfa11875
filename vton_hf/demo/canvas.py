"""Paint for the demo's pictures: smooth outlines, masks, and soft shading, drawn at twice the final size."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Colour = tuple[int, int, int]
Layer = Callable[[Image.Image], None]
"""Draws itself onto the picture that it is handed."""

Locate = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""Pixels to cloth: from (x, y) in the picture to (u, v) in the cloth, in heights of the picture."""

SUPERSAMPLE: Final = 2
_CELL: Final = 4  # shading is soft, so it is worked out for blocks of 4 x 4 pixels
_NEUTRAL: Final = 128  # the shade that leaves a colour as it is
_LEVELS: Final = np.arange(256) / _NEUTRAL
_TURN: Final = np.linspace(0, 2 * math.pi, 28, endpoint=False)
CIRCLE: Final = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
_STEPS: Final = 8
_WEIGHTS: Final = 0.5 * np.array(
    [
        (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
        for t in np.arange(_STEPS) / _STEPS
    ]
)


@dataclass(frozen=True, slots=True)
class Sprite:
    """Painted once, then pasted into every picture that shows it."""

    patch: Image.Image
    mask: Image.Image
    corner: tuple[int, int]

    def __call__(self, image: Image.Image) -> None:
        """Paste it."""
        image.paste(self.patch, self.corner, self.mask)


@dataclass(frozen=True, slots=True)
class Ink:
    """What fills a shape: its colours, which of them stands where, and how light falls on it."""

    colours: Sequence[Colour]
    motif: Callable[[Floats, Floats], Indices] | None = None
    folds: Callable[[Floats, Floats], Floats] | None = None
    depth: float = 0.22
    softness: float = 0.012


def curve(points: Sequence[tuple[float, float]] | Floats, *, closed: bool = False) -> Floats:
    """A smooth line (Catmull-Rom) through `points`."""
    knots = np.asarray(points, dtype=np.float64)
    ends = (knots[-1:], knots[:2]) if closed else (knots[:1], knots[-1:])
    padded = np.concatenate([ends[0], knots, ends[1]])
    windows = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)], axis=1)
    line = (_WEIGHTS @ windows).reshape(-1, 2)
    return line if closed else np.concatenate([line, knots[-1:]])


def mirrored(half: Floats) -> Floats:
    """A closed outline from its right half, given from top to bottom."""
    return np.concatenate([half, half[::-1] * (-1.0, 1.0)])


def disc(centre: tuple[float, float], radius: float, *, squash: float = 1.0) -> Floats:
    """The outline of a circle, or of an ellipse `squash` times as high as it is wide."""
    return CIRCLE * (radius, radius * squash) + centre


def darker(colour: Colour, factor: float) -> Colour:
    """The colour with its light scaled; a factor above 1 makes it lighter."""
    red, green, blue = (min(255, round(part * factor)) for part in colour)
    return red, green, blue


def line(points: Floats, colour: Colour, width: float) -> Layer:
    """A stroke; `width` in pixels of the supersampled picture."""
    flat = points.ravel().tolist()
    thickness = max(1, round(width))

    def draw(image: Image.Image) -> None:
        ImageDraw.Draw(image).line(flat, fill=colour, width=thickness, joint="curve")

    return draw


def fill(outline: Floats, colour: Colour) -> Layer:
    """A flat patch of one colour."""
    flat = outline.ravel().tolist()

    def draw(image: Image.Image) -> None:
        ImageDraw.Draw(image).polygon(flat, fill=colour)

    return draw


def paint(
    canvas: tuple[int, int], outlines: Sequence[Floats], ink: Ink, scale: float, locate: Locate | None = None
) -> Sprite:
    """Paint the union of `outlines`, shaded as one body.

    Args:
        canvas: Width and height of the picture in pixels.
        outlines: Polygons in pixels.
        ink: The colours and the light.
        scale: Pixels per unit of the cloth.
        locate: Where each pixel lies on the cloth; needed where the ink has a motif or folds.
    """
    corners = np.concatenate(outlines)
    low = np.clip(np.floor(corners.min(axis=0)), 0, canvas).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, canvas).astype(int)
    width, height = (int(side) for side in np.maximum(high - low, 1))
    radius = ink.softness * scale
    margin = _CELL * math.ceil(2 * radius / _CELL)
    mask = Image.new("L", (width + 2 * margin, height + 2 * margin))
    pen = ImageDraw.Draw(mask)
    for outline in outlines:
        pen.polygon((outline - low + margin).ravel().tolist(), fill=255)
    shade = _shade(mask, ink, (low - margin, margin, radius), (width, height), locate)
    table = (np.asarray(ink.colours)[:, None] * _LEVELS[None, :, None]).clip(0, 255).astype(np.uint8).reshape(-1, 3)
    index = np.asarray(shade)
    if ink.motif and locate:
        x, y = np.arange(width)[None, :] + low[0] + 0.5, np.arange(height)[:, None] + low[1] + 0.5
        index = index + ink.motif(*locate(x, y)) * 256
    patch = Image.fromarray(table.take(index, axis=0))
    return Sprite(patch, mask.crop((margin, margin, margin + width, margin + height)), (int(low[0]), int(low[1])))


def _shade(
    mask: Image.Image,
    ink: Ink,
    frame: tuple[npt.NDArray[np.int_], int, float],
    size: tuple[int, int],
    locate: Locate | None,
) -> Image.Image:
    """How light each pixel is: darker towards the lower right edges, and along the folds."""
    start, margin, radius = frame
    blurred = mask.reduce(_CELL).filter(ImageFilter.GaussianBlur(radius / _CELL))
    shift = margin + 0.45 * radius
    box = (shift / _CELL, shift / _CELL, (shift + size[0]) / _CELL, (shift + size[1]) / _CELL)
    light = (1.05 - 2 * ink.depth * (1 - np.arange(256) / 255)) * _NEUTRAL
    levels = light.take(np.asarray(blurred))
    if ink.folds and locate:
        rows, columns = levels.shape
        x = (np.arange(columns)[None, :] + 0.5) * _CELL + start[0]
        y = (np.arange(rows)[:, None] + 0.5) * _CELL + start[1]
        levels = levels + ink.folds(*locate(x, y)) * _NEUTRAL
    small = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    return small.resize(size, Image.Resampling.BILINEAR, box=box)
