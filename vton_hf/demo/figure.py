"""The mannequin's measures, poses and key points, in heights of the picture; (0, 0) lies between the shoulders."""

import math
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np

from vton_hf.demo.canvas import CIRCLE, Floats, Locate

NECK_TO_BOTTOM: Final = 0.63
"""How far below the shoulders the picture's lower edge cuts the legs."""

_BEND: Final = 0.42  # below this height a leaning figure stands straight


@dataclass(frozen=True, slots=True)
class Build:
    """Half widths of a body, and the radii of its limbs from the trunk outwards."""

    neck: float
    shoulder: float
    chest: float
    waist: float
    hip: float
    arm: tuple[float, float, float]
    leg: tuple[float, float, float]


BUILDS: Final = {
    "female": Build(0.023, 0.092, 0.077, 0.063, 0.090, (0.024, 0.018, 0.013), (0.049, 0.032, 0.024)),
    "male": Build(0.032, 0.117, 0.100, 0.085, 0.087, (0.032, 0.025, 0.018), (0.045, 0.035, 0.027)),
}
WAIST, HIP, CROTCH = 0.195, 0.295, 0.345
UPPER_ARM, FORE_ARM = 0.155, 0.140

Pose = tuple[float, float, float, float]
"""Degrees from hanging straight down, outwards positive: left upper arm, left fore-arm, right, right."""

POSES: Final[dict[str, tuple[Pose, ...]]] = {
    "easy": ((14, 6, 14, 6), (17, 8, 17, 8), (12, 10, 12, 10)),
    "medium": (
        (44, -36, 44, -36),
        (10, 4, 44, -36),
        (44, -36, 9, 5),
        (104, 156, 10, 5),
        (10, 5, 108, 164),
        (100, 152, 100, 152),
        (38, 30, 38, 30),
        (18, 75, 12, 5),
    ),
    "hard": (
        (12, -80, 10, 5),
        (10, 5, 12, -80),
        (14, -72, 14, -96),
        (16, -120, 9, 4),
        (44, -36, 13, -86),
        (104, 156, 13, -78),
        (18, -58, 18, -58),
    ),
}


@dataclass(frozen=True, slots=True)
class Body:
    """Where a body stands in a picture, and how.

    Attributes:
        build: Its measures.
        pose: Its arms.
        lean: How far the shoulders stand beside the hips; right is positive.
        scale: Pixels per unit.
        origin: The point between the shoulders of the upright body, in pixels.
    """

    build: Build
    pose: Pose
    lean: float = 0.0
    scale: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)

    def place(self, points: Floats) -> Floats:
        """From the upright body to pixels."""
        moved = np.asarray(points, dtype=np.float64) + 0.0
        moved[:, 0] += self._offset(moved[:, 1])
        return moved * self.scale + self.origin

    def locate(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """From pixels to the upright body."""
        v = (y - self.origin[1]) / self.scale
        return (x - self.origin[0]) / self.scale - self._offset(v), v + 0 * x

    def _offset(self, v: Floats) -> Floats:
        return self.lean * np.maximum(0.0, (_BEND - v) / _BEND) ** 2

    def arm(self, side: int) -> Floats:
        """Shoulder, elbow and wrist in pixels; side -1 is the picture's left, 1 its right."""
        upper, fore = (math.radians(angle) for angle in (self.pose[:2] if side < 0 else self.pose[2:]))
        joints = np.zeros((3, 2))
        radius = self.build.arm[0]
        joints[0] = self.place(np.array([[side * (self.build.shoulder - radius), 0.013 + radius * 1.1]]))[0]
        joints[1] = joints[0] + self.scale * UPPER_ARM * np.array([side * math.sin(upper), math.cos(upper)])
        joints[2] = joints[1] + self.scale * FORE_ARM * np.array([side * math.sin(fore), math.cos(fore)])
        return joints

    def leg(self, side: int) -> Floats:
        """Hip, knee and ankle in pixels."""
        spread = self.build.hip - self.build.leg[0]
        joints = [(side * spread, 0.335), (side * (spread + 0.006), 0.575), (side * (spread + 0.010), 0.90)]
        return self.place(np.array(joints))


def standing(rng: Random, difficulty: str, gender: str, canvas: tuple[int, int]) -> Body:
    """A body of this gender in one of the difficulty's poses; `canvas` is width and height in pixels."""
    pose = rng.choice(POSES[difficulty])
    jitter = [angle + rng.uniform(-3, 3) for angle in pose]
    lean = {"easy": 0.0, "medium": rng.uniform(-0.03, 0.03), "hard": rng.uniform(-0.03, 0.03)}[difficulty]
    aside = {"easy": 0.0, "medium": rng.uniform(-0.02, 0.02), "hard": rng.choice((-1, 1)) * rng.uniform(0.04, 0.09)}
    width, height = canvas
    scale = min(height, width / 0.75) * rng.uniform(1.13, 1.17)
    origin = (width / 2 + aside[difficulty] * scale, height - NECK_TO_BOTTOM * scale)
    return Body(BUILDS[gender], (jitter[0], jitter[1], jitter[2], jitter[3]), lean, scale, origin)


def limb(joints: Floats, radii: Floats) -> list[Floats]:
    """A tapering limb through its joints, round where it starts and bends and cut straight where it ends."""
    outlines = []
    for index in range(len(joints) - 1):
        start, end = joints[index], joints[index + 1]
        along = end - start
        across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
        near, far = across * radii[index], across * radii[index + 1]
        outlines.append(np.array([start + near, end + far, end - far, start - near]))
        outlines.append(start + radii[index] * CIRCLE)
    return outlines


def along_limb(joints: Floats, scale: float) -> Locate:
    """Pixels to (across, along) of a limb, measured from its first joint; each pixel belongs to its nearer bone."""

    def locate(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        u, v, reach = np.zeros(()), np.zeros(()), 0.0
        for index in range(len(joints) - 1):
            start, bone = joints[index], joints[index + 1] - joints[index]
            length = max(float(np.hypot(*bone)), 1e-9)
            unit = bone / length
            along = (x - start[0]) * unit[0] + (y - start[1]) * unit[1]
            across = (y - start[1]) * unit[0] - (x - start[0]) * unit[1]
            if index == 0:
                u, v, last = across, along, unit
            else:
                beyond = (x - start[0]) * (unit + last)[0] + (y - start[1]) * (unit + last)[1] > 0
                u, v = np.where(beyond, across, u), np.where(beyond, along + reach, v)
            reach += length
        return u / scale, v / scale

    return locate
