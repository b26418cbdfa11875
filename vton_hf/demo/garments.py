"""How garments are cut: their outlines as functions of a body's key points, for a worn and a flat one alike."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType
from typing import Final

import numpy as np

from vton_hf.demo.canvas import Floats, curve, mirrored
from vton_hf.demo.figure import FORE_ARM, HIP, UPPER_ARM, WAIST, Body, limb


@dataclass(frozen=True, slots=True)
class Cut:
    """The shape of a garment, in heights of the picture.

    Attributes:
        hem: How far below the shoulders it ends.
        sleeve: The share of the arm that it covers; 0 for none.
        ease: How far the cloth stands off the body.
        fit: 1 follows the waist, 0 hangs straight.
        flare: How much wider than the hips the hem is.
        neck: Depth of the neckline.
        trims: What is sewn on; `trimmings` draws each.
        outer: It goes over the figure's own clothes instead of replacing them.
        skirt: It starts at the waist.
    """

    hem: float
    sleeve: float = 0.0
    ease: float = 0.010
    fit: float = 0.4
    flare: float = 0.004
    neck: float = 0.030
    trims: tuple[str, ...] = ()
    outer: bool = False
    skirt: bool = False


CUTS: Final[Mapping[str, Cut]] = MappingProxyType({
    "dress": Cut(0.53, ease=0.004, fit=1.0, flare=0.045, neck=0.050, trims=("sash",)),
    "shirt": Cut(0.335, 1.0, 0.009, neck=0.044, trims=("placket", "collar", "cuffs")),
    "t-shirt": Cut(0.325, 0.34, 0.008, trims=("neckband",)),
    "sweater": Cut(0.320, 1.0, 0.014, 0.2, -0.006, 0.024, trims=("ribs", "cuffs", "neckband")),
    "hoodie": Cut(0.335, 1.0, 0.016, 0.15, -0.004, 0.040, trims=("hood", "pocket", "ribs", "cuffs", "strings")),
    "jacket": Cut(0.305, 1.0, 0.016, 0.2, -0.006, 0.052, trims=("zip", "ribs", "cuffs", "stand"), outer=True),
    "coat": Cut(0.520, 1.0, 0.017, 0.45, 0.020, 0.125, trims=("lapels", "opening", "belt", "cuffs"), outer=True),
    "polo": Cut(0.330, 0.34, 0.009, neck=0.044, trims=("tab", "collar", "cuffs")),
    "skirt": Cut(0.490, ease=0.006, fit=1.0, flare=0.055, trims=("waistband",), skirt=True),
})  # fmt: skip

OFFERED: Final = {
    "female": ("dress", "shirt", "jacket", "skirt", "sweater", "coat", "t-shirt", "hoodie"),
    "male": ("shirt", "t-shirt", "jacket", "hoodie", "coat", "polo", "sweater"),
}


@dataclass(frozen=True, slots=True)
class Outlines:
    """A garment's shapes in pixels.

    Attributes:
        behind: What shows behind the neck: a collar's back, a hood.
        front: The trunk of the garment.
        sleeves: The picture's left and right sleeve, each the union of its polygons; empty for none.
    """

    behind: tuple[Floats, ...]
    front: Floats
    sleeves: tuple[tuple[Floats, ...], tuple[Floats, ...]]

    def bounds(self) -> tuple[Floats, Floats]:
        """The lowest and the highest corner."""
        points = np.concatenate([*self.behind, self.front, *self.sleeves[0], *self.sleeves[1]])
        return points.min(axis=0), points.max(axis=0)


def tailored(rng: Random, garment: str) -> Cut:
    """One individual of this kind of garment: no two dresses are cut alike."""
    cut = CUTS[garment]
    if garment == "dress":
        return replace(cut, sleeve=rng.choice((0.0, 0.30, 0.0, 1.0)), flare=rng.uniform(0.025, 0.065),
                       hem=rng.uniform(0.50, 0.55), neck=rng.uniform(0.035, 0.065))  # fmt: skip
    if garment == "skirt":
        return replace(cut, flare=rng.uniform(0.02, 0.075), hem=rng.uniform(0.46, 0.53))
    if garment == "coat":
        return replace(cut, hem=rng.uniform(0.46, 0.56), flare=rng.uniform(0.01, 0.03))
    return replace(cut, hem=cut.hem + rng.uniform(-0.012, 0.012), neck=cut.neck * rng.uniform(0.9, 1.15))


def outlines(cut: Cut, body: Body) -> Outlines:
    """The garment's shapes on this body."""
    half = _skirt(cut, body) if cut.skirt else _bodice(cut, body)
    behind = [] if cut.skirt else [_back(cut, body)]
    left, right = (tuple(_sleeve(cut, body, side)) for side in (-1, 1))
    return Outlines(tuple(body.place(shape) for shape in behind), body.place(mirrored(half)), (left, right))


def sleeve_joints(cut: Cut, body: Body, side: int) -> Floats:
    """The joints of an arm as far as the sleeve reaches, in pixels."""
    shoulder, elbow, wrist = body.arm(side)
    reach = cut.sleeve * (UPPER_ARM + FORE_ARM)
    if reach <= UPPER_ARM:
        return np.array([shoulder, shoulder + (elbow - shoulder) * reach / UPPER_ARM])
    return np.array([shoulder, elbow, elbow + (wrist - elbow) * (reach - UPPER_ARM) / FORE_ARM])


def sleeve_widths(cut: Cut, body: Body) -> list[float]:
    """Half the width of a sleeve at each of its joints."""
    arm, ease = body.build.arm, cut.ease * 0.75
    if cut.sleeve * (UPPER_ARM + FORE_ARM) <= UPPER_ARM:
        return [arm[0] + ease, arm[0] * 0.93 + ease + 0.003]
    return [arm[0] + ease, arm[1] + ease + 0.002, arm[2] + ease + 0.001]


def neckline(cut: Cut, body: Body) -> Floats:
    """The right half of the neckline, from the middle of the front to the side of the neck."""
    width = body.build.neck + 0.011 + (0.012 if not cut.sleeve else 0.0)
    if {"lapels", "collar", "stand", "placket"} & set(cut.trims):
        return np.array([(0.0, cut.neck), (width, -0.012)])
    return curve([(0.0, cut.neck), (width * 0.55, cut.neck * 0.82), (width * 0.93, cut.neck * 0.25), (width, -0.012)])


def _waist(cut: Cut, body: Body) -> float:
    build = body.build
    straight = max(build.chest, build.hip) * 0.97
    return build.waist * cut.fit + straight * (1 - cut.fit) + cut.ease


def _bodice(cut: Cut, body: Body) -> Floats:
    build, ease = body.build, cut.ease
    tip = (build.shoulder + ease * 0.4, 0.016) if cut.sleeve else (build.shoulder * 0.76, -0.002)
    armhole = [tip, (build.shoulder + ease * 0.5, 0.04), (build.chest + ease, 0.09)]
    if not cut.sleeve:
        armhole = [tip, (build.chest * 0.83, 0.045), (build.chest + ease, 0.088)]
    side = _side(cut, body)
    width, level = side[-1]
    hem = [(width, level), (width * 0.5, level + 0.007), (0.0, level + 0.009)]
    return np.concatenate([neckline(cut, body), curve(armhole), side, curve(hem)])


def _skirt(cut: Cut, body: Body) -> Floats:
    side = _side(cut, body)
    width, level = side[-1]
    hem = [(width, level), (width * 0.5, level + 0.008), (0.0, level + 0.010)]
    return np.concatenate([[(0.0, WAIST + 0.003)], side, curve(hem)])


def _side(cut: Cut, body: Body) -> Floats:
    """The right edge, from the armpit or the waist down to the hem."""
    build, ease = body.build, cut.ease
    knots = [(build.chest + ease, 0.09), (build.chest * 0.985 + ease, 0.118)]
    knots = [*([] if cut.skirt else knots), (_waist(cut, body), WAIST)]
    if cut.hem > HIP + 0.06:
        knots.append((build.hip + ease, HIP))
    knots.append((max(build.hip, build.waist) + ease + cut.flare, cut.hem))
    return curve(knots)


def half_widths(cut: Cut, body: Body, levels: Floats) -> Floats:
    """Half the width of the garment at these heights."""
    side = _side(cut, body)
    return np.interp(levels, side[:, 1], side[:, 0])


def _back(cut: Cut, body: Body) -> Floats:
    """What rises behind the neck, closed below by the front."""
    width = body.build.neck + 0.011 + (0.012 if not cut.sleeve else 0.0)
    depth = cut.neck + 0.004
    if "hood" in cut.trims:
        half = [(0.0, -0.088), (0.040, -0.080), (0.068, -0.045), (0.070, -0.008), (0.052, 0.020), (0.0, depth)]
    elif {"collar", "stand", "lapels"} & set(cut.trims):
        half = [(0.0, -0.036), (width * 0.75, -0.035), (width + 0.002, -0.012), (0.0, depth)]
    else:
        half = [
            (0.0, 0.004),
            (width * 0.6, -0.001),
            (width, -0.014),
            (width + 0.004, 0.010),
            (width * 0.6, depth),
            (0.0, depth),
        ]
    return mirrored(curve(half))


def _sleeve(cut: Cut, body: Body, side: int) -> list[Floats]:
    if not cut.sleeve:
        return []
    widths = np.array(sleeve_widths(cut, body))
    return limb(sleeve_joints(cut, body, side), widths * body.scale)
