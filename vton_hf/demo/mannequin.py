"""What stays the same in a triplet: skin, face, hair, and the bag that hangs over the clothes."""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

import numpy as np

from vton_hf.demo.canvas import Colour, Floats, Ink, Layer, curve, darker, disc, fill, line, mirrored, paint
from vton_hf.demo.figure import Body, limb

SKINS: Final[tuple[Colour, ...]] = (
    (246, 212, 188), (236, 193, 162), (222, 172, 136), (198, 142, 106), (160, 108, 78), (116, 76, 56), (86, 56, 44),
)  # fmt: skip
HAIRS: Final[tuple[Colour, ...]] = (
    (38, 30, 30), (62, 42, 34), (96, 62, 42), (138, 88, 50), (200, 156, 92), (150, 64, 40), (150, 148, 148),
)  # fmt: skip
_DARK: Final = 4  # from this tone on, hair is dark
STYLES: Final = {"female": ("long", "bob", "bun", "long"), "male": ("short", "quiff", "curls", "beard")}


@dataclass(frozen=True, slots=True)
class Mannequin:
    """The layers of one figure, from the back to the front; clothes go between them.

    Attributes:
        behind: Hair behind the shoulders, and the legs.
        trunk: The skin under the clothes, with the neck.
        head: Head and face.
        arms: Each arm with its hand, the picture's left one first.
        over: What lies over the clothes: hair, a bag.
    """

    behind: tuple[Layer, ...]
    trunk: tuple[Layer, ...]
    head: tuple[Layer, ...]
    arms: tuple[Layer, Layer]
    over: tuple[Layer, ...]


def mannequin(rng: Random, body: Body, canvas: tuple[int, int], *, gender: str, covered: bool) -> Mannequin:
    """Draw a figure; `covered` hangs hair or a bag over the clothes."""
    tone = rng.randrange(len(SKINS))
    skin, hair = Ink((SKINS[tone],)), Ink((rng.choice(HAIRS if tone < _DARK else HAIRS[:3]),), depth=0.3)
    style = rng.choice(STYLES[gender])
    loose = covered and gender == "female" and rng.random() < 0.6
    style = "long" if loose else style
    bag = covered and not loose and rng.random() < 0.5

    def shape(ink: Ink, *parts: Floats) -> Layer:
        return paint(canvas, [body.place(part) for part in parts], ink, body.scale)

    legs = [part for side in (-1, 1) for part in limb(body.leg(side), np.array(body.build.leg) * body.scale)]
    back, ears = _hair_behind(style), [disc((side * 0.049, -0.102), 0.011, squash=1.4) for side in (-1, 1)]
    return Mannequin(
        behind=(*([shape(hair, *back)] if back else ()), paint(canvas, legs, skin, body.scale)),
        trunk=(shape(skin, _trunk(body)), _chin_shadow(body, skin.colours[0])),
        head=(
            shape(skin, *ears, _face(gender)),
            *_features(body, skin.colours[0], hair.colours[0], gender),
            *([shape(hair, _BEARD), _mouth(body, skin.colours[0], gender)] if style == "beard" else ()),
            *[shape(hair, *part) for part in _hair_before(style)],
        ),
        arms=(_arm(body, -1, skin, canvas), _arm(body, 1, skin, canvas)),
        over=(*([shape(hair, *_locks())] if loose else ()), *(_bag(rng, body, canvas) if bag else ())),
    )


def _trunk(body: Body) -> Floats:
    build = body.build
    return mirrored(
        np.concatenate(
            [
                curve([(build.neck * 0.95, -0.075), (build.neck, -0.03), (build.neck + 0.012, -0.007),
                       (build.shoulder - 0.020, 0.015), (build.shoulder - 0.004, 0.038)]),
                curve([(build.chest, 0.08), (build.chest * 0.98, 0.11), (build.waist, 0.195), (build.hip, 0.295),
                       (build.hip, 0.345), (0.02, 0.372)]),
            ]
        )
    )  # fmt: skip


@cache
def _face(gender: str) -> Floats:
    jaw = [(0.036, -0.060), (0.019, -0.037)] if gender == "female" else [(0.041, -0.058), (0.025, -0.034)]
    half = [(0.0, -0.178), (0.030, -0.171), (0.046, -0.142), (0.048, -0.100), *jaw, (0.0, -0.030)]
    return mirrored(curve(half))


def _chin_shadow(body: Body, skin: Colour) -> Layer:
    reach = body.build.neck * 0.92
    points = [(-reach, -0.05), (reach, -0.05), (reach, -0.026), (0.0, -0.012), (-reach, -0.026)]
    return fill(body.place(curve(points, closed=True)), darker(skin, 0.8))


def _features(body: Body, skin: Colour, hair: Colour, gender: str) -> list[Layer]:
    """Brows, eyes, nose and mouth."""
    layers: list[Layer] = []
    thin = body.scale * 0.0045
    for side in (-1, 1):
        x = side * 0.0205
        brow = [(x - side * 0.010, -0.1235), (x + side * 0.002, -0.1275), (x + side * 0.013, -0.1225)]
        layers += [
            line(body.place(curve(brow)), darker(hair, 0.8), thin * (1.0 if gender == "female" else 1.5)),
            fill(body.place(disc((x, -0.1065), 0.0085, squash=0.6)), (250, 248, 244)),
            fill(body.place(disc((x, -0.1065), 0.0048)), (44, 34, 32)),
        ]
        if gender == "female":
            lash = [(x - side * 0.009, -0.108), (x, -0.1125), (x + side * 0.011, -0.109)]
            layers.append(line(body.place(curve(lash)), (44, 34, 32), thin * 0.8))
    nose = [(0.003, -0.098), (0.007, -0.080), (-0.003, -0.078)]
    return [*layers, line(body.place(curve(nose)), darker(skin, 0.78), thin), _mouth(body, skin, gender)]


def _mouth(body: Body, skin: Colour, gender: str) -> Layer:
    if gender == "female":
        lips = [(-0.015, -0.0605), (-0.005, -0.0635), (0.0, -0.062), (0.005, -0.0635), (0.015, -0.0605), (0.0, -0.053)]
        red, green, blue = darker(skin, 0.82)
        return fill(body.place(curve(lips, closed=True)), (min(255, red + 20), round(green * 0.72), round(blue * 0.8)))
    smile = [(-0.016, -0.0615), (0.0, -0.0575), (0.016, -0.0615)]
    return line(body.place(curve(smile)), darker(skin, 0.58), body.scale * 0.005)


_BEARD: Final = mirrored(
    curve(
        [
            (0.0, -0.052),
            (0.018, -0.050),
            (0.030, -0.070),
            (0.0475, -0.095),
            (0.046, -0.062),
            (0.027, -0.030),
            (0.0, -0.022),
        ]
    )
)


@cache
def _hair_before(style: str) -> list[list[Floats]]:
    """The cap over the skull, and curls on top of it."""
    rise = {"quiff": 0.012, "curls": 0.006}.get(style, 0.0)
    side = -0.070 if style == "bob" else -0.100
    outer = [(0.054, side), (0.056, -0.135), (0.042, -0.178), (0.0, -0.194 - rise)]
    parting = {"long": (0.012, -0.168), "bun": (0.0, -0.166), "bob": (0.0, -0.136), "quiff": (0.0, -0.158)}
    inner = [(0.0, -0.155), (0.034, -0.146), (0.0445, -0.120), (0.046, side)]
    inner[0] = parting.get(style, inner[0])
    right = np.concatenate([curve(inner), curve(outer)])
    cap = np.concatenate([right * (-1.0, 1.0), right[::-1]])
    if style == "curls":
        tufts = [(-0.046, -0.150), (-0.030, -0.178), (0.0, -0.188), (0.030, -0.178), (0.046, -0.150)]
        return [[cap], *[[disc(tuft, 0.0185) for tuft in tufts[start::2]] for start in (0, 1)]]
    return [[cap]]


@cache
def _hair_behind(style: str) -> list[Floats]:
    if style == "long":
        half = [
            (0.0, -0.19),
            (0.045, -0.175),
            (0.060, -0.12),
            (0.064, -0.05),
            (0.074, 0.02),
            (0.066, 0.09),
            (0.0, 0.11),
        ]
        return [mirrored(curve(half))]
    if style == "bob":
        half = [(0.0, -0.19), (0.050, -0.170), (0.062, -0.11), (0.064, -0.05), (0.052, -0.024), (0.0, -0.024)]
        return [mirrored(curve(half))]
    return [disc((0.0, -0.204), 0.025)] if style == "bun" else []


@cache
def _locks() -> list[Floats]:
    """Hair that falls over both shoulders onto the chest."""
    right = np.concatenate([
        curve([(0.050, -0.135), (0.062, -0.08), (0.066, -0.01), (0.080, 0.05), (0.074, 0.12), (0.052, 0.185)]),
        curve([(0.052, 0.185), (0.048, 0.12), (0.040, 0.05), (0.040, -0.01), (0.047, -0.07), (0.044, -0.12)]),
    ])  # fmt: skip
    return [right, right * (-1.0, 1.0)]


def _arm(body: Body, side: int, skin: Ink, canvas: tuple[int, int]) -> Layer:
    """An arm with its hand: a palm that goes on along the fore-arm, and a thumb."""
    joints, scale = body.arm(side), body.scale
    along = (joints[2] - joints[1]) / np.hypot(*(joints[2] - joints[1]))
    across = np.array([-along[1], along[0]]) * side
    wrist, width = joints[2], body.build.arm[2]
    span = [(-0.01, 0.8), (0.012, 1.15), (0.030, 1.1), (0.048, 0.55)]
    palm = [wrist + scale * (v * along + u * width * across) for v, u in span]
    back = [wrist + scale * (v * along - u * width * across) for v, u in reversed(span)]
    thumb = [(0.004, 0.7), (0.018, 1.5), (0.031, 1.75), (0.030, 1.2), (0.026, 0.4)]
    hand = [
        curve(np.array(palm + back), closed=True),
        curve(np.array([wrist + scale * (v * along + u * width * across) for v, u in thumb]), closed=True),
    ]
    return paint(canvas, [*limb(joints, np.array(body.build.arm) * scale), *hand], skin, scale)


def _bag(rng: Random, body: Body, canvas: tuple[int, int]) -> list[Layer]:
    """A shoulder bag, its strap across the chest."""
    leather = rng.choice([(92, 58, 38), (40, 40, 46), (150, 98, 56)])
    side = rng.choice((-1, 1))
    reach = side * (body.build.hip - 0.012)
    strap = body.place(curve([(-side * (body.build.neck + 0.030), -0.004), (0.0, 0.135), (reach * 0.9, 0.275)]))
    half = [(0.0, 0.262), (0.034, 0.262), (0.044, 0.275), (0.046, 0.325), (0.036, 0.340), (0.0, 0.341)]
    pouch = mirrored(curve(half)) + np.array([reach, 0.0])
    flap = curve([(reach - 0.043, 0.29), (reach, 0.312), (reach + 0.043, 0.29)])
    return [
        line(strap, leather, body.scale * 0.012),
        paint(canvas, [body.place(pouch)], Ink((leather,), depth=0.3), body.scale),
        line(body.place(flap), darker(leather, 0.65), body.scale * 0.004),
    ]
