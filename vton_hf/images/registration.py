"""How well two pictures fit on each other, and where: by their gradients, which brightness leaves alone."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.complex64]
"""Gradients: across as the real part, down as the imaginary."""


class Correlation(NamedTuple):
    """Of pairs of pictures.

    Attributes:
        height: float64 [N], -1 to 1: how well they fit where they fit best, by up to a quarter of their edges.
        shift: float64 [N, 2]: pixels across and down by which the second lies off the first.
    """

    height: NDArray[np.float64]
    shift: NDArray[np.float64]


_LARGEST: Final = 4
"""The part of an edge that is looked at for a shift."""

_LEAST: Final = 1e3
"""The energy of pictures without an edge: their noise is to fit nothing."""

_CLIPPED: Final = 60.0
"""Of 255 a pixel: one hard edge, such as a letterbox bar, is not to outvote all others."""


def gradients(planes: NDArray[np.float32]) -> Field:
    """Of pictures [N, H, W, 3], the gradients of their brightness, complex64 [N, H, W]."""
    grey = planes @ np.array([0.299, 0.587, 0.114], np.float32)
    field = np.zeros(grey.shape, np.complex64)
    field.real[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    field.imag[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    length = np.abs(field)
    return field * (np.minimum(length, _CLIPPED) / np.maximum(length, 1e-6))


def in_place(one: Field, other: Field) -> NDArray[np.float64]:
    """The normalised correlation of gradients as they lie: float64 [N], -1 to 1."""
    shared = np.einsum("nij,nij->n", np.conj(one), other).real
    height: NDArray[np.float64] = np.divide(shared, np.maximum(_energy(one, other), _LEAST), dtype=np.float64)
    return height


def correlate(one: Field, other: Field) -> Correlation:
    """Fit pictures on each other.

    The normalised cross-correlation of their gradients, by FFT.
    """
    count, tall, wide = one.shape
    spectrum = np.conj(np.fft.fft2(one)) * np.fft.fft2(other)
    plane = np.fft.ifft2(spectrum).real
    plane = plane / np.maximum(_energy(one, other), _LEAST)[:, None, None]
    near = np.zeros((tall, wide), bool)
    down, across = tall // _LARGEST, wide // _LARGEST
    near[np.ix_(np.arange(-down, down + 1), np.arange(-across, across + 1))] = True
    peak = np.where(near, plane, -np.inf).reshape(count, -1).argmax(axis=1)
    y, x = peak // wide, peak % wide
    rows = np.arange(count)
    shift = np.stack([_offset(plane, rows, y, x, axis=2), _offset(plane, rows, y, x, axis=1)], axis=1)
    return Correlation(plane[rows, y, x].astype(np.float64), shift)


def _energy(one: Field, other: Field) -> NDArray[np.float32]:
    energies = [
        np.einsum("nij,nij->n", field.real, field.real) + np.einsum("nij,nij->n", field.imag, field.imag)
        for field in (one, other)
    ]
    energy: NDArray[np.float32] = np.sqrt(energies[0] * energies[1])
    return energy


def _offset(
    plane: NDArray[np.float64], rows: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp], *, axis: int
) -> NDArray[np.float64]:
    """The peak's place on an axis, between pixels: the top of the parabola through it and its neighbours."""
    length = plane.shape[axis]
    step = (0, 1) if axis == 2 else (1, 0)  # noqa: PLR2004 - across
    before = plane[rows, (y - step[0]) % plane.shape[1], (x - step[1]) % plane.shape[2]]
    after = plane[rows, (y + step[0]) % plane.shape[1], (x + step[1]) % plane.shape[2]]
    top = plane[rows, y, x]
    bend = before - 2 * top + after
    between = np.where(bend < 0, 0.5 * (before - after) / np.minimum(bend, -1e-9), 0.0)
    whole = (x if axis == 2 else y).astype(np.float64)  # noqa: PLR2004
    offset: NDArray[np.float64] = np.where(whole > length / 2, whole - length, whole) + np.clip(between, -0.5, 0.5)
    return offset


def mirror(field: Field) -> Field:
    """The gradients of the mirrored pictures."""
    return -np.conj(field[:, :, ::-1])


def turn(field: Field) -> Field:
    """The gradients of the pictures turned by 180 degrees."""
    return -field[:, ::-1, ::-1]


def scaled(planes: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Pictures enlarged about their centre, by linear interpolation; what lies outside repeats their edge."""
    side = planes.shape[1]
    at = np.clip((np.arange(side) - (side - 1) / 2) / factor + (side - 1) / 2, 0, side - 1)
    low = np.minimum(at.astype(int), side - 2)
    part = (at - low).astype(np.float32)
    rows = planes[:, low] * (1 - part)[:, None, None] + planes[:, low + 1] * part[:, None, None]
    result: NDArray[np.float32] = rows[:, :, low] * (1 - part)[:, None] + rows[:, :, low + 1] * part[:, None]
    return result
