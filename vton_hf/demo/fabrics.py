"""Colours and patterns of the clothes: a motif says which of a fabric's colours stands at each point of the cloth."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np

from vton_hf.demo.canvas import Colour, Floats, Indices, darker

Motif = Callable[[Floats, Floats], Indices]

VIVID: Final[tuple[Colour, ...]] = (
    (200, 44, 52), (232, 108, 40), (240, 180, 48), (58, 142, 82), (24, 112, 122), (46, 104, 192), (40, 56, 122),
    (122, 66, 158), (216, 84, 138), (132, 36, 58), (108, 166, 216), (112, 124, 56), (238, 146, 132), (92, 184, 164),
)  # fmt: skip
QUIET: Final[tuple[Colour, ...]] = (
    (236, 232, 224), (150, 154, 160), (84, 90, 100), (196, 182, 160), (46, 50, 62), (172, 190, 178), (122, 104, 92),
)  # fmt: skip
PALE: Final[tuple[Colour, ...]] = ((246, 242, 232), (250, 250, 248), (244, 228, 204))

_CLEAR: Final = 170  # from this distance on, nobody takes one colour for another


@dataclass(frozen=True, slots=True)
class Fabric:
    """A cloth.

    Attributes:
        colours: The dominant one first.
        motif: Which colour stands where; None for a plain cloth.
        printed: The motif is one picture on the front, so the sleeves stay plain.
    """

    colours: tuple[Colour, ...]
    motif: Motif | None = None
    printed: bool = False


def distance(one: Colour, other: Colour) -> float:
    """How different two colours look, roughly: 0 to 765."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


def apart(rng: Random, choices: tuple[Colour, ...], *taken: Colour) -> Colour:
    """One of the choices, at random among those that differ clearly from all that are taken."""
    nearest = {colour: min(distance(colour, other) for other in taken) for colour in choices}
    return rng.choice(
        [colour for colour in choices if nearest[colour] >= _CLEAR] or [max(choices, key=nearest.__getitem__)]
    )


def fabric(rng: Random, difficulty: str, *taken: Colour, middle: float, front: bool) -> Fabric:
    """A cloth as hard as the difficulty says.

    Args:
        rng: Where chance comes from.
        difficulty: Plain for easy, patterned for medium, bold for hard.
        *taken: Colours that the cloth should differ from.
        middle: The height at which a print is centred.
        front: The garment has an unbroken front, so that a print may stand on it.
    """
    main = apart(rng, VIVID, *taken)
    if difficulty == "easy":
        return Fabric((main,))
    size = rng.uniform(0.85, 1.2)
    if difficulty == "medium":
        return rng.choice((_stripes, _bars, _gingham, _dots))(main, rng.choice(PALE), size)
    second = apart(rng, VIVID, main, *taken)
    colours = (main, second, rng.choice(PALE), darker(main, 0.45))
    if front and rng.random() < 0.4:
        return Fabric(colours, rng.choice((_sun, _star, _heart))(middle), printed=True)
    bold = rng.choice((_plaid, _argyle, _zigzag, _blocks, _flowers))
    return Fabric(_crossed(colours) if bold is _plaid else colours, bold(size))


def _crossed(threads: tuple[Colour, ...]) -> tuple[Colour, ...]:
    """The colours where two threads cross, as the eye mixes them."""
    return tuple(_mixed(across, down) for across in threads for down in threads)


def _mixed(one: Colour, other: Colour) -> Colour:
    red, green, blue = ((a + b) // 2 for a, b in zip(one, other, strict=True))
    return red, green, blue


def _steps(values: Floats) -> Indices:
    return np.floor(values).astype(np.intp)


def _stripes(main: Colour, pale: Colour, size: float) -> Fabric:
    return Fabric((main, pale), lambda u, v: _steps(v / (0.019 * size) + 0 * u) % 2)


def _bars(main: Colour, pale: Colour, size: float) -> Fabric:
    return Fabric((main, pale), lambda u, v: _steps(u / (0.016 * size) + 0.5 + 0 * v) % 2)


def _gingham(main: Colour, pale: Colour, size: float) -> Fabric:
    step = 0.017 * size
    return Fabric((main, _mixed(main, pale), pale), lambda u, v: _steps(u / step + 0.5) % 2 + _steps(v / step) % 2)


def _dots(main: Colour, pale: Colour, size: float) -> Fabric:
    def motif(u: Floats, v: Floats) -> Indices:
        x, y = _grid(u, v, 0.034 * size)
        return (np.hypot(x, y) < 0.27).astype(np.intp)

    return Fabric((main, pale), motif)


def _grid(u: Floats, v: Floats, step: float) -> tuple[Floats, Floats]:
    """Distances from the middle of a cell, in cells; every other row is set off by half a cell."""
    row = np.floor(v / step)
    return (u / step + 0.5 * (row % 2)) % 1 - 0.5, (v / step) % 1 - 0.5


def _plaid(size: float) -> Motif:
    bands = np.array([0, 0, 0, 0, 1, 1, 3, 2, 3, 1, 1], dtype=np.intp)

    def motif(u: Floats, v: Floats) -> Indices:
        step = 0.0095 * size
        return 4 * bands[_steps(u / step + 7.5) % 11] + bands[_steps(v / step) % 11]

    return motif


def _argyle(size: float) -> Motif:
    def motif(u: Floats, v: Floats) -> Indices:
        x, y = u / (0.056 * size), v / (0.084 * size)
        column = _steps(x + 0.5)
        diamond = abs((x + 0.5) % 1 - 0.5) + abs((y + 0.5 * (column % 2)) % 1 - 0.5) < 0.44
        thread = abs((x + y) % 1 - 0.5) < 0.03
        thread |= abs((x - y) % 1 - 0.5) < 0.03
        return np.where(thread, 2, np.where(diamond, 1 + 2 * (column % 2), 0))

    return motif


def _zigzag(size: float) -> Motif:
    order = np.array([0, 2, 1, 2, 3, 2], dtype=np.intp)
    return lambda u, v: order[_steps((v + 0.5 * abs((u / 0.05 + 0.5) % 1 - 0.5) * 0.09) / (0.021 * size)) % 6]


def _blocks(size: float) -> Motif:
    def motif(u: Floats, v: Floats) -> Indices:
        slope = v + 0.25 * u
        return np.where(slope < 0.09 * size, 1, np.where(slope < 0.115 * size, 2, np.where(slope < 0.24 * size, 0, 3)))

    return motif


def _flowers(size: float) -> Motif:
    def motif(u: Floats, v: Floats) -> Indices:
        x, y = _grid(u, v, 0.052 * size)
        radius, turn = np.hypot(x, y), np.arctan2(y, x)
        petals = radius < 0.25 + 0.13 * np.cos(5 * turn)
        leaf = np.hypot((x - 0.36) / 1.6, y - 0.34) < 0.06
        return np.where(radius < 0.10, 1, np.where(petals, 2, np.where(leaf, 3, 0)))

    return motif


def _sun(middle: float) -> Motif:
    def motif(u: Floats, v: Floats) -> Indices:
        x, y = u / 0.052, (v - middle) / 0.052
        bands = np.where((y > 0.1) & ((y * 4) % 1 < 0.35), 0, 1)
        ring = np.hypot(x, y)
        return np.where(ring < 1, bands, np.where(ring < 1.16, 2, 0)).astype(np.intp)

    return motif


def _star(middle: float) -> Motif:
    def motif(u: Floats, v: Floats) -> Indices:
        x, y = u / 0.056, (v - middle) / 0.056
        ring, turn = np.hypot(x, y), np.arctan2(x, -y)
        sector = abs((turn / (2 * np.pi / 5) + 0.5) % 1 - 0.5) * 2 * np.pi / 5
        star = ring * (np.cos(sector) + 2.2 * np.sin(sector)) < 0.86
        return np.where(star, 2, np.where(ring < 1, 1, np.where(ring < 1.12, 3, 0)))

    return motif


def _heart(middle: float) -> Motif:
    def motif(u: Floats, v: Floats) -> Indices:
        x, y = u / 0.046, (middle + 0.008 - v) / 0.046
        inner, outer = ((x * k) ** 2 + (y * k) ** 2 - 1 for k in (1.22, 1.0))
        heart = inner**3 - (x * 1.22) ** 2 * (y * 1.22) ** 3 < 0
        border = outer**3 - x**2 * y**3 < 0
        return np.where(heart, 1, np.where(border, 2, 0)).astype(np.intp)

    return motif
