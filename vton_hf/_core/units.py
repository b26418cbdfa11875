"""Amounts as people read them."""

from typing import Final

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def amount(size: float) -> str:
    """Bytes as people read them, in powers of 1000.

    >>> amount(1_234_567)
    '1.2 MB'
    """
    for unit in _UNITS:
        if round(size, 1) < 1000 or unit == _UNITS[-1]:  # noqa: PLR2004 - the step between units
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def number(count: int, noun: str) -> str:
    """So many of something, whose plural ends in s.

    >>> number(1, "file"), number(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> [duration(seconds) for seconds in (0.2, 89, 5400, 200_000)]
    ['1 s', '89 s', '90 min', '56 h']
    """
    if seconds < 90:  # noqa: PLR2004 - from here on in minutes, and from there in hours
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"  # noqa: PLR2004
