"""What a triplet's images say of each other: what changed from person to target, where, and whether it is the garment.

All is measured on thumbnails of 64x64 (`thumbnail_pixels`), many triplets at once, so that it follows from what is kept
of single images and never needs the images again.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vton_hf.images.palettes import worn_share
from vton_hf.images.registration import Field, correlate, gradients, in_place, mirror, scaled, turn

Thumbnails = NDArray[np.uint8]
Planes = NDArray[np.float32]
Masks = NDArray[np.bool_]
Columns = dict[str, NDArray[np.float64]]

SIDE: Final = 64

_LEVELS: Final = 20.0
"""Of 255: what differs less has not changed, a generator's noise and JPEG's included."""

_SLOPE: Final = 0.75
"""Pixels of a thumbnail by which an edge may be off before it counts as changed: a pixel or two of the images."""

_FRAME: Final = 8
"""Pixels of the frame in which clothes are rarely seen: left and right down to the middle, and the top."""

_DOUBTFUL: Final = 0.6
"""Below this correlation of person and target it is looked whether they fit better otherwise: one triplet in twenty."""

_WELL: Final = 0.75
"""From this correlation on they lie where they should: of 50 that were shifted by 1.5 % of an edge none was above."""

_CLOSE: Final = 0.4
"""From this correlation on a garment's image and another may be the same: of different ones it stays below 0.35."""

SCALES: Final = (0.86, 0.9, 0.94, 0.97, 1.03, 1.06, 1.1, 1.15)


def compare(persons: Thumbnails, garments: Thumbnails, targets: Thumbnails) -> Columns:
    """Compare the images of triplets.

    Args:
        persons: uint8 [N, 64, 64, 3], as the next two.
        garments: The same of the garments.
        targets: The same of the targets.

    Returns:
        The columns of the triplets' statistics that follow from pixels, float64 [N] each.
    """
    person, garment, target = (images.astype(np.float32) for images in (persons, garments, targets))
    fields = {name: gradients(images) for name, images in (("p", person), ("g", garment), ("t", target))}
    cast = _cast(person, target)
    changed = _changed(person, target - cast[:, None, None])
    inner = _hanging_together(changed)
    outer = changed & ~inner
    worn, worn_before = worn_share(garment, target, person, changed)
    return {
        **_fitted(target, fields["p"], fields["t"]),
        **_alike("garment_target", garment, target, fields["g"], fields["t"]),
        **_alike("garment_person", garment, person, fields["g"], fields["p"]),
        "changed": _mean(changed),
        "changed_elsewhere": _mean(outer),
        "changed_top": changed[:, :_FRAME].mean(axis=(1, 2), dtype=np.float64),
        "changed_frame": changed[:, _FRAME_MASK].mean(axis=1, dtype=np.float64),
        **_boxes(inner),
        **{
            f"cast_{name}": cast[:, index].astype(np.float64) / 255
            for index, name in enumerate(("red", "green", "blue"))
        },
        "worn": worn,
        "worn_before": worn_before,
    }


def _mean(masks: Masks) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.mean(masks, axis=(1, 2), dtype=np.float64)
    return shares


def _frame() -> NDArray[np.bool_]:
    frame = np.zeros((SIDE, SIDE), bool)
    frame[:_FRAME] = True
    frame[: SIDE // 2, :_FRAME] = frame[: SIDE // 2, -_FRAME:] = True
    return frame


_FRAME_MASK: Final = _frame()


def _cast(one: Planes, other: Planes) -> Planes:
    """By how much all of `other` is brighter or more coloured: float32 [N, 3], the median over the frame."""
    cast: Planes = np.median((other - one)[:, _FRAME_MASK], axis=1).astype(np.float32)
    return cast


def _changed(one: Planes, other: Planes) -> Masks:
    """Where they differ by more than noise, softness and a small shift explain: bool [N, 64, 64]."""
    one, other = _soft(one), _soft(other)
    rough = _strongest(other - one) > _LEVELS + _SLOPE * np.maximum(_slope(one), _slope(other))
    return rough & (_neighbours(rough) >= 4)  # noqa: PLR2004 - alone it is noise


def _soft(planes: Planes) -> Planes:
    """Means of 3x3; at the border of what there is."""
    sums = planes.copy()
    sums[:, 1:] += planes[:, :-1]
    sums[:, :-1] += planes[:, 1:]
    sums[:, 0] += planes[:, 0]
    sums[:, -1] += planes[:, -1]
    means = sums.copy()
    means[:, :, 1:] += sums[:, :, :-1]
    means[:, :, :-1] += sums[:, :, 1:]
    means[:, :, 0] += sums[:, :, 0]
    means[:, :, -1] += sums[:, :, -1]
    means /= 9
    return means


def _slope(planes: Planes) -> Planes:
    """The steepest channel's change a pixel, up to its border."""
    slope = np.zeros(planes.shape[:3], np.float32)
    slope[:, 1:-1] = _strongest(planes[:, 2:] - planes[:, :-2])
    slope[:, :, 1:-1] = np.maximum(slope[:, :, 1:-1], _strongest(planes[:, :, 2:] - planes[:, :, :-2]))
    slope[:, 0], slope[:, -1] = slope[:, 1], slope[:, -2]
    slope[:, :, 0], slope[:, :, -1] = slope[:, :, 1], slope[:, :, -2]
    slope /= 2
    return slope


def _strongest(planes: Planes) -> Planes:
    """Of the channels the largest absolute value; a tenth of the time of `max(axis=3)`."""
    size = np.abs(planes)
    return np.maximum(np.maximum(size[..., 0], size[..., 1]), size[..., 2])


def _neighbours(masks: Masks) -> NDArray[np.uint8]:
    """How many of the 3x3 around a pixel are set, itself included."""
    padded = np.pad(masks, ((0, 0), (1, 1), (1, 1))).astype(np.uint8)
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    counts: NDArray[np.uint8] = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    return counts


def _hanging_together(changed: Masks) -> Masks:
    """What of a change hangs together with its middle, where clothes are."""
    inner, middle = np.zeros_like(changed), np.s_[:, SIDE // 4 : -SIDE // 16, SIDE // 4 : -SIDE // 4]
    inner[middle] = changed[middle]
    while True:
        grown = (_neighbours(inner) > 0) & changed
        if (grown == inner).all():
            return inner
        inner = grown


def _boxes(masks: Masks) -> Columns:
    """The box around what changed, in shares of width and height; all 0 where nothing did."""
    box = {}
    for name, axis in (("x", 1), ("y", 2)):
        hit: NDArray[np.bool_] = np.any(masks, axis=axis)
        box[f"{name}0"] = np.where(hit.any(axis=1), hit.argmax(axis=1) / SIDE, 0.0)
        box[f"{name}1"] = np.where(hit.any(axis=1), 1 - hit[:, ::-1].argmax(axis=1) / SIDE, 0.0)
    return {f"changed_{name}": box[name] for name in ("x0", "y0", "x1", "y1")}


def _alike(name: str, garment: Planes, other: Planes, one_field: Field, other_field: Field) -> Columns:
    """How a garment's image correlates with another image, and, where it does, how much of the two differs."""
    similarity = in_place(one_field, other_field)
    change, close = np.ones(len(garment)), np.flatnonzero(similarity > _CLOSE)
    if len(close):
        one, two = garment[close], other[close]
        change[close] = _mean(_changed(one, two - _cast(one, two)[:, None, None]))
    return {name: similarity, f"{name}_change": change}


def _fitted(target: Planes, one: Field, other: Field) -> Columns:
    """How well a target fits its person as it lies and shifted; where that is not well, also turned and scaled."""
    similarity = in_place(one, other)
    height, shift = similarity.copy(), np.zeros((len(target), 2))
    rows = np.flatnonzero(similarity < _WELL)
    if len(rows):
        height[rows], shift[rows] = correlate(one[rows], other[rows])
    mirrored, turned = np.zeros(len(target)), np.zeros(len(target))
    best, scale = height.copy(), np.ones(len(target))
    rows = np.flatnonzero(height < _DOUBTFUL)
    if len(rows):
        one_, other_ = one[rows], other[rows]
        mirrored[rows] = correlate(one_, mirror(other_)).height
        upside_down = correlate(one_, turn(other_)).height, correlate(one_, turn(mirror(other_))).height
        turned[rows] = np.maximum(*upside_down)
        for factor in SCALES:
            found = correlate(one_, gradients(scaled(target[rows], factor))).height
            scale[rows[found > best[rows]]] = factor
            best[rows] = np.maximum(best[rows], found)
    return {
        "similarity": similarity,
        "similarity_shifted": height,
        "shift_x": shift[:, 0] / SIDE,
        "shift_y": shift[:, 1] / SIDE,
        "mirrored": mirrored,
        "turned": turned,
        "scale": scale,
        "similarity_scaled": best,
    }
