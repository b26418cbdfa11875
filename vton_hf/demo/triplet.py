"""One triplet: a figure in its own clothes, a garment on a table, and the same figure in that garment."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

import numpy as np
from PIL import Image

from vton_hf.demo.canvas import SUPERSAMPLE, Colour, Ink, Layer, paint
from vton_hf.demo.fabrics import QUIET, Fabric, fabric
from vton_hf.demo.figure import Body, limb, standing
from vton_hf.demo.garments import OFFERED, Cut, outlines, tailored
from vton_hf.demo.mannequin import Mannequin, mannequin
from vton_hf.demo.scene import background, table
from vton_hf.demo.tailor import Clothing, sew
from vton_hf.errors import ConfigError
from vton_hf.naming import DIFFICULTIES, GENDERS

SIDES: Final = (32, 2048)
"""The shortest and the longest side that a picture may have, in pixels."""

_BARE_LEGS: Final = ("dress", "skirt")  # trousers would show below these
_PRINTABLE: Final = ("dress", "t-shirt", "sweater", "skirt")  # their fronts are unbroken


@dataclass(frozen=True, slots=True)
class DemoTriplet:
    """Three RGB pictures of one size, and the garment's name.

    Attributes:
        initial_image: The person in other clothes.
        cloth_image: The garment lying flat.
        try_on_image: The same person in the garment.
        garment: What it is: dress, shirt, coat ...
    """

    initial_image: Image.Image
    cloth_image: Image.Image
    try_on_image: Image.Image
    garment: str


def draw_triplet(
    difficulty: str, gender: str, index: int, *, size: tuple[int, int] = (256, 192), seed: int = 0
) -> DemoTriplet:
    """Draw one triplet; the same arguments give the same pixels, whatever was drawn before.

    Args:
        difficulty: easy (plain cloth, arms at the sides), medium (patterns, poses) or hard (bold patterns, arms,
            hair or a bag over the garment, a busy background).
        gender: female or male.
        index: Which triplet of this difficulty and gender, from 1.
        size: Height and width in pixels.
        seed: Another seed gives other pictures.

    Raises:
        ConfigError: If an argument is not one of these.
    """
    _check(difficulty, gender, index, size)
    key = f"{seed}/{difficulty}/{gender}/{index}"
    rng = Random(int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()))
    canvas = (size[1] * SUPERSAMPLE, size[0] * SUPERSAMPLE)
    garment = OFFERED[gender][(index - 1) % len(OFFERED[gender])]
    cut, quiet = tailored(rng, garment), rng.sample(QUIET, 2)
    middle = 0.36 if garment in _BARE_LEGS else 0.135
    cloth = fabric(rng, difficulty, *quiet, middle=middle, front=garment in _PRINTABLE)
    body = standing(rng, difficulty, gender, canvas)
    figure = mannequin(rng, body, canvas, gender=gender, covered=difficulty == "hard")
    scene = background(rng, difficulty, canvas)
    for layer in figure.behind:
        layer(scene)
    top = sew(rng, _own_cut(rng, garment), Fabric((quiet[0],)), body, canvas)
    legs = _legwear(rng, body, canvas, colour=quiet[1], gender=gender, short=garment in _BARE_LEGS)
    worn = sew(rng, cut, cloth, body, canvas)
    before = _dressed(scene, figure, legs, [top])
    after = _dressed(
        scene, figure, () if garment in _BARE_LEGS else legs, [top, worn] if cut.outer or cut.skirt else [worn]
    )
    flat = _flat(rng, cut, cloth, body, canvas)
    # The mean of each block: LANCZOS draws bright rims around dark hair, and takes three times as long.
    person, lying, target = (image.reduce(SUPERSAMPLE) for image in (before, flat, after))
    return DemoTriplet(person, lying, target, garment)


def _check(difficulty: str, gender: str, index: int, size: tuple[int, int]) -> None:
    if difficulty not in DIFFICULTIES or gender not in GENDERS:
        raise ConfigError(
            f"No demo triplet for difficulty {difficulty!r} and gender {gender!r}. "
            f"Difficulties: {', '.join(DIFFICULTIES)}; genders: {', '.join(GENDERS)}."
        )
    if type(index) is not int or index < 1:
        raise ConfigError(f"index={index!r}: triplets are counted 1, 2, 3 ...")
    check_size(size)


def check_size(size: tuple[int, int]) -> None:
    """Refuse a size that is not (height, width) in pixels within `SIDES`.

    Raises:
        ConfigError: If it is anything else.
    """
    low, high = SIDES
    pair = tuple(size) if isinstance(size, (tuple, list)) else ()
    if len(pair) != 2 or not all(type(side) is int and low <= side <= high for side in pair):
        raise ConfigError(
            f"size must be (height, width) in pixels, two whole numbers from {low} to {high}, such as (256, 192), got "
            f"{size!r}."
        )


def _own_cut(rng: Random, garment: str) -> Cut:
    """The plain top that the figure came in."""
    hem = 0.27 if garment == "skirt" else rng.uniform(0.285, 0.31)
    neck = rng.uniform(0.026, 0.04)
    return Cut(hem, rng.choice((0.30, 0.34, 1.0)), 0.005, 0.6, neck=neck, trims=("neckband",))


def _legwear(
    rng: Random, body: Body, canvas: tuple[int, int], *, colour: Colour, gender: str, short: bool
) -> tuple[Layer, ...]:
    """Trousers, shorts or a skirt."""
    if gender == "female" and rng.random() < 0.5:
        cut = Cut(0.42 if short else 0.50, ease=0.004, fit=1.0, flare=0.01, skirt=True)
        return sew(rng, cut, Fabric((colour,)), body, canvas).front
    short = short or rng.random() < 0.2
    legs: list[Layer] = []
    for side in (-1, 1):
        joints, radii = body.leg(side), np.array(body.build.leg) + np.array([0.002, 0.008, 0.012])
        if short:
            joints = np.array([joints[0], joints[0] + (joints[1] - joints[0]) * 0.38])
            radii = radii[0] * np.array([1.0, 0.95])
        legs.append(paint(canvas, limb(joints, radii * body.scale), Ink((colour,)), body.scale))
    seat = outlines(Cut(0.36, ease=0.003, fit=1.0, flare=-0.006, skirt=True), body).front
    return (*legs, paint(canvas, [seat], Ink((colour,), depth=0.1), body.scale))


def _dressed(scene: Image.Image, figure: Mannequin, legs: Sequence[Layer], clothes: Sequence[Clothing]) -> Image.Image:
    """The figure in these clothes, the innermost first."""
    image = scene.copy()
    layers: list[Layer] = [layer for piece in clothes for layer in piece.behind]
    layers += [*figure.trunk, *legs]
    layers += [layer for piece in clothes for layer in piece.front]
    layers += figure.head
    for index, arm in enumerate(figure.arms):
        layers += [arm, *[layer for piece in clothes for layer in piece.sleeves[index]]]
    for layer in [*layers, *figure.over]:
        layer(image)
    return image


def _flat(rng: Random, cut: Cut, cloth: Fabric, worn: Body, canvas: tuple[int, int]) -> Image.Image:
    """The garment on a table, its sleeves spread, as large as the picture allows."""
    pose = (52.0, 52.0, 52.0, 52.0) if cut.sleeve < 0.5 else (26.0, 18.0, 26.0, 18.0)
    lying = Body(worn.build, pose)
    low, high = outlines(cut, lying).bounds()
    scale = 0.84 * float((np.array(canvas) / (high - low)).min())
    x, y = (np.array(canvas) / 2 - (low + high) / 2 * scale).tolist()
    piece = sew(rng, cut, cloth, replace(lying, scale=scale, origin=(x, y)), canvas)
    image = table(canvas, piece.silhouette())
    for layer in [*piece.behind, *piece.sleeves[0], *piece.sleeves[1], *piece.front]:
        layer(image)
    return image
