"""What is sewn onto the front of a garment: collars, buttons, pockets, zips, belts and bands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from vton_hf.demo.canvas import Colour, Floats, Ink, Layer, curve, darker, disc, fill, line, mirrored, paint
from vton_hf.demo.figure import WAIST, Body
from vton_hf.demo.garments import Cut, half_widths, neckline

_METAL: Final = (214, 214, 210)
_BRASS: Final = (222, 196, 140)
_CORD: Final = (244, 242, 236)
_FLIP: Final = (-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Needle:
    """Sews plain pieces and seams onto one garment.

    Attributes:
        cut: The garment's shape.
        colour: The dominant colour of its cloth.
        body: Whoever wears it, or the body that it lies there for.
        canvas: Width and height of the picture in pixels.
    """

    cut: Cut
    colour: Colour
    body: Body
    canvas: tuple[int, int]

    @property
    def trim(self) -> Colour:
        """The colour of bands and belts: the cloth's own, a shade deeper."""
        return darker(self.colour, 0.8)

    @property
    def seam(self) -> Colour:
        """The colour of stitches and buttons."""
        return darker(self.colour, 0.55)

    def stroke(self, points: Floats, width: float = 0.003, colour: Colour | None = None) -> Layer:
        """A line through these points of the body; `width` in heights of the picture."""
        return line(self.body.place(points), colour or self.seam, width * self.body.scale)

    def buttons(self, places: list[tuple[float, float]], radius: float = 0.0042) -> list[Layer]:
        """Buttons at these points of the body."""
        return [fill(self.body.place(disc(place, radius)), self.seam) for place in places]

    def pieces(self, *shapes: Floats, colour: Colour | None = None) -> Layer:
        """Pieces of plain cloth."""
        placed = [self.body.place(shape) for shape in shapes]
        return paint(self.canvas, placed, Ink((colour or self.trim,)), self.body.scale)

    def flaps(self, flap: Floats, colour: Colour | None = None) -> list[Layer]:
        """A piece and its mirror image, each stitched along its outer edge."""
        both = (flap, flap * _FLIP)
        return [self.pieces(*both, colour=colour), *[self.stroke(piece[:-1]) for piece in both]]

    def band(self, top: float, bottom: float, colour: Colour | None = None) -> Layer:
        """A band around the trunk between two heights."""
        levels = np.linspace(top, bottom, 4)
        edge = np.stack([half_widths(self.cut, self.body, levels) + 0.001, levels], axis=1)
        half = np.concatenate([[(0.0, top + 0.003)], edge, [(0.0, bottom + 0.003)]])
        return self.pieces(mirrored(half), colour=colour)


def _neckband(on: Needle) -> list[Layer]:
    half = neckline(on.cut, on.body)
    return [on.stroke(np.concatenate([(half * _FLIP)[::-1], half]), 0.010, on.trim)]


def _ribs(on: Needle) -> list[Layer]:
    return [on.band(on.cut.hem - 0.020, on.cut.hem + 0.006)]


def _placket(on: Needle) -> list[Layer]:
    top, bottom = on.cut.neck + 0.006, on.cut.hem + 0.006
    seams = [on.stroke(np.array([(x, top), (x, (top + bottom) / 2), (x, bottom)])) for x in (-0.010, 0.010)]
    levels = np.linspace(on.cut.neck + 0.026, on.cut.hem - 0.025, 6)
    return [*seams, *on.buttons([(0.0, level) for level in levels.tolist()])]


def _tab(on: Needle) -> list[Layer]:
    half = np.array([(0.0, on.cut.neck - 0.004), (0.010, on.cut.neck - 0.010), (0.010, 0.125), (0.0, 0.125)])
    return [on.pieces(mirrored(half)), *on.buttons([(0.0, 0.068), (0.0, 0.100)])]


def _collar(on: Needle) -> list[Layer]:
    width = on.body.build.neck + 0.012
    tip = [(0.0, on.cut.neck + 0.002), (0.030, 0.058), (width + 0.020, 0.020)]
    return on.flaps(np.array([*tip, (width, -0.026), (width * 0.7, -0.010)]), darker(on.colour, 1.12))


def _stand(on: Needle) -> list[Layer]:
    width = on.body.build.neck + 0.013
    tip = [(0.002, on.cut.neck + 0.004), (0.016, 0.028), (width + 0.004, -0.002)]
    return on.flaps(np.array([*tip, (width, -0.036), (width * 0.72, -0.014)]))


def _zip(on: Needle) -> list[Layer]:
    run = np.array([(0.0, on.cut.neck), (0.0, 0.2), (0.0, on.cut.hem + 0.006)])
    pull = fill(on.body.place(disc((0.0, on.cut.neck + 0.012), 0.005, squash=1.6)), _METAL)
    pockets = [on.stroke(np.array([(side * 0.062, 0.185), (side * 0.045, 0.245)])) for side in (-1, 1)]
    return [on.stroke(run, 0.010), on.stroke(run, 0.004, _METAL), pull, *pockets]


def _pocket(on: Needle) -> list[Layer]:
    outline = mirrored(np.array([(0.0, 0.215), (0.036, 0.215), (0.058, 0.262), (0.058, 0.300), (0.0, 0.303)]))
    return [on.pieces(outline, colour=darker(on.colour, 0.92)), on.stroke(outline)]


def _strings(on: Needle) -> list[Layer]:
    return [on.stroke(np.array([(side * 0.018, 0.034), (side * 0.022, 0.110)]), 0.006, _CORD) for side in (-1, 1)]


def _lapels(on: Needle) -> list[Layer]:
    width, depth = on.body.build.neck + 0.012, on.cut.neck
    notch = [(0.0, depth + 0.004), (0.048, 0.074), (0.046, 0.056), (width + 0.024, 0.036)]
    return on.flaps(np.array([*notch, (width + 0.004, -0.030), (width * 0.75, -0.012)]))


def _opening(on: Needle) -> list[Layer]:
    levels = (on.cut.neck + 0.030, WAIST + 0.045, WAIST + 0.085)
    edge = curve([(0.0, on.cut.neck + 0.004), (0.002, on.cut.hem + 0.008)])
    return [on.stroke(edge), *on.buttons([(x, level) for level in levels for x in (-0.022, 0.022)], 0.0062)]


def _belt(on: Needle) -> list[Layer]:
    half = np.array([(0.0, WAIST - 0.013), (0.014, WAIST - 0.013), (0.014, WAIST + 0.013), (0.0, WAIST + 0.013)])
    return [on.band(WAIST - 0.010, WAIST + 0.010), on.stroke(mirrored(half), 0.004, _BRASS)]


def _sash(on: Needle) -> list[Layer]:
    return [on.band(WAIST - 0.009, WAIST + 0.007, darker(on.colour, 0.7))]


def _waistband(on: Needle) -> list[Layer]:
    return [on.band(WAIST + 0.001, WAIST + 0.020)]


FRONT_TRIMS: Final[dict[str, Callable[[Needle], list[Layer]]]] = {
    "neckband": _neckband, "ribs": _ribs, "placket": _placket, "tab": _tab, "collar": _collar, "stand": _stand,
    "zip": _zip, "pocket": _pocket, "strings": _strings, "lapels": _lapels, "opening": _opening, "belt": _belt,
    "sash": _sash, "waistband": _waistband,
}  # fmt: skip
"""Each draws one of the trims that a cut names; cuffs and hoods belong to the sleeves and the back."""
