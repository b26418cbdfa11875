"""Clothes as layers of paint: a cut and a fabric on a body, with soft folds."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final

import numpy as np

from vton_hf.demo.canvas import Floats, Ink, Layer, Sprite, curve, darker, mirrored, paint
from vton_hf.demo.fabrics import Fabric
from vton_hf.demo.figure import WAIST, Body, along_limb
from vton_hf.demo.garments import Cut, outlines, sleeve_joints, sleeve_widths
from vton_hf.demo.trimmings import FRONT_TRIMS, Needle

_HOOD_INSIDE: Final = mirrored(
    curve([(0.0, -0.072), (0.030, -0.066), (0.050, -0.040), (0.050, -0.010), (0.030, 0.020), (0.0, 0.044)])
)


@dataclass(frozen=True, slots=True)
class Clothing:
    """A garment, ready to be put on.

    Attributes:
        behind: What lies behind the neck.
        front: The trunk with its trims.
        sleeves: The picture's left and right sleeve.
    """

    behind: tuple[Layer, ...] = ()
    front: tuple[Layer, ...] = ()
    sleeves: tuple[tuple[Layer, ...], tuple[Layer, ...]] = ((), ())

    def silhouette(self) -> tuple[Sprite, ...]:
        """The parts that throw a shadow."""
        parts = (*self.behind, *self.front, *self.sleeves[0], *self.sleeves[1])
        return tuple(part for part in parts if isinstance(part, Sprite))


def sew(rng: Random, cut: Cut, cloth: Fabric, body: Body, canvas: tuple[int, int]) -> Clothing:
    """Paint a garment for this body; `canvas` is width and height in pixels, `rng` places the folds."""
    shapes = outlines(cut, body)
    ink = Ink(cloth.colours, cloth.motif, _folds(rng, cut))
    needle = Needle(cut, cloth.colours[0], body, canvas)
    inside = darker(cloth.colours[0], 0.62)
    hooded = "hood" in cut.trims
    back = Ink((cloth.colours[0] if hooded else inside,))
    behind: list[Layer] = [paint(canvas, [shape], back, body.scale) for shape in shapes.behind]
    if hooded:
        behind.append(needle.pieces(_HOOD_INSIDE, colour=inside))
    front = paint(canvas, [shapes.front], ink, body.scale, body.locate)
    trims = [layer for trim in cut.trims if trim in FRONT_TRIMS for layer in FRONT_TRIMS[trim](needle)]
    sleeve = replace(ink, depth=0.17, motif=None if cloth.printed else cloth.motif)
    left, right = (_sleeve(needle, shapes.sleeves[index], sleeve, 2 * index - 1) for index in (0, 1))
    return Clothing(tuple(behind), (front, *trims), (left, right))


def _folds(rng: Random, cut: Cut) -> Callable[[Floats, Floats], Floats]:
    """How much lighter or darker the cloth is at each point: soft creases, and pleats above a wide hem."""
    creases = [
        (
            rng.choice((-1, 1)) * rng.uniform(0.35, 1.1),
            rng.uniform(-0.05, 0.05),
            rng.uniform(0.1, 0.3),
            rng.uniform(0.008, 0.014),
        )
        for _ in range(3)
    ]
    pleats, phase = rng.uniform(150, 210), rng.uniform(0, 2 * math.pi)
    flared = cut.flare > 0.015

    def light(u: Floats, v: Floats) -> Floats:
        total = 0.10 * np.cos(u * pleats + phase) * np.clip((v - WAIST) / 0.25, 0, 1) if flared else 0 * u
        for angle, across, down, width in creases:
            away = ((u - across) * math.sin(angle) + (v - down) * math.cos(angle)) / width
            along = ((u - across) * math.cos(angle) - (v - down) * math.sin(angle)) / 0.05
            total = total - 0.07 * away * np.exp(0.5 - away**2 / 2 - along**2)
        return total

    return light


def _sleeve(needle: Needle, polygons: tuple[Floats, ...], ink: Ink, side: int) -> tuple[Layer, ...]:
    if not polygons:
        return ()
    body, cut = needle.body, needle.cut
    joints = sleeve_joints(cut, body, side)
    tube = paint(needle.canvas, polygons, ink, body.scale, along_limb(joints, body.scale))
    return (tube, _cuff(needle, joints)) if "cuffs" in cut.trims else (tube,)


def _cuff(needle: Needle, joints: Floats) -> Layer:
    """A band around the sleeve's end."""
    scale = needle.body.scale
    end, bone = joints[-1], joints[-1] - joints[-2]
    along = bone / np.hypot(*bone)
    wide = (sleeve_widths(needle.cut, needle.body)[-1] + 0.002) * scale * np.array([-along[1], along[0]])
    start = end - along * 0.018 * scale
    corners = np.array([start + wide, end + wide, end - wide, start - wide])
    return paint(needle.canvas, [corners], Ink((needle.trim,)), scale)
