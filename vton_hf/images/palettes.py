"""How much of a garment's colours is found where a picture changed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]
Masks = NDArray[np.bool_]

_STANDS_OUT: Final = 28.0
"""Levels of 255 by which a garment differs from what it lies on."""

_GROUND_SPREAD: Final = 24.0
"""Levels within which a border is plain: only then is it told from the garment."""

_BINS: Final = 6
_SMALLEST: Final = 0.04
"""The share of a garment that a colour must have to count."""

_ALIKE: Final = 30.0
"""Levels of distance within which two colours are the same cloth in another light."""

_LIGHT: Final = 0.45
"""How much a difference of brightness counts beside one of colour: cloth that is worn lies in another light."""

_DOUBTFUL: Final = 0.5
"""Where a target shows less of a garment it is of interest whether the person did."""

_VISIBLE: Final = 0.25
"""Of a colour's share of the garment: the share of what changed that it has at least, where the garment is worn."""


def worn_share(
    garments: Planes, targets: Planes, persons: Planes, changed: Masks
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each triplet, which share of its garment has a colour that is found where the target changed.

    Args:
        garments: float32 [N, 64, 64, 3], as the next two.
        targets: What is looked at.
        persons: The same before.
        changed: bool [N, 64, 64].

    Returns:
        Of the targets, 0 to 1, NaN where nothing changed or there is no garment; and of the persons at the same place,
        NaN also where the targets show most of it.
    """
    worn, before = np.full(len(garments), np.nan), np.full(len(garments), np.nan)
    for index, (garment, target, person, mask) in enumerate(zip(garments, targets, persons, changed, strict=True)):
        # Every other pixel will do, in a third of the time.
        colours, shares = _palette(garment[::2, ::2])
        if mask.sum() >= 8 and len(colours):  # noqa: PLR2004
            worn[index] = _found(colours, shares, target[mask])
            if worn[index] < _DOUBTFUL:
                before[index] = _found(colours, shares, person[mask])
    return worn, before


def _palette(garment: Planes) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The colours of a garment, apart from what it lies on, and the share of each."""
    pixels = garment.reshape(-1, 3)
    border = np.concatenate([garment[0], garment[-1], garment[:, 0], garment[:, -1]])
    ground = np.median(border, axis=0)
    if np.abs(border - ground).max(axis=1).mean() < _GROUND_SPREAD:
        cloth = pixels[np.abs(pixels - ground).max(axis=1) > _STANDS_OUT]
        # A white garment on white is all there is.
        pixels = cloth if len(cloth) >= 0.02 * len(pixels) else pixels
    cells = (pixels * (_BINS / 256)).astype(np.int64) @ np.array([_BINS * _BINS, _BINS, 1])
    counts = np.bincount(cells, minlength=_BINS**3)
    kept = np.flatnonzero(counts >= _SMALLEST * len(pixels))
    sums = np.stack([np.bincount(cells, pixels[:, channel], _BINS**3)[kept] for channel in range(3)], axis=1)
    weights = counts[kept].astype(np.float64)
    return (sums / weights[:, None]).astype(np.float32), weights / max(weights.sum(), 1.0)


def _found(colours: NDArray[np.float32], shares: NDArray[np.float64], pixels: NDArray[np.float32]) -> float:
    distances = np.linalg.norm(_opponent(colours)[:, None] - _opponent(pixels)[None], axis=2)
    near = (distances < _ALIKE).mean(axis=1)
    return float(shares @ np.minimum(near / (_VISIBLE * shares), 1.0))


def _opponent(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Brightness, red against green, yellow against blue."""
    red, green, blue = colours[:, 0], colours[:, 1], colours[:, 2]
    return np.stack([_LIGHT * (red + green + blue) / 3, red - green, (red + green) / 2 - blue], axis=1)
