"""Values as people have them: an int of Python, NumPy or torch is an int, and a name may be misspelt."""

import difflib
import operator
from collections.abc import Iterable, Sequence
from typing import Any


def as_int(value: Any) -> int | None:
    """The int that a value is; None for anything else, booleans and floats included.

    >>> as_int(7), as_int(True), as_int(7.0), as_int("7")
    (7, None, None, None)
    """
    if isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool"):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def as_size(value: Any) -> tuple[int, int] | None:
    """(height, width) of a pair of ints >= 1: a tuple, a list, a `torch.Size`, an array; None for anything else.

    >>> as_size([512, 384]), as_size((512, 0)), as_size("12")
    ((512, 384), None, None)
    """
    edges = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(edges, Sequence) or isinstance(edges, str):
        return None
    height, width = [as_int(edge) for edge in edges] if len(edges) == 2 else (None, None)  # noqa: PLR2004
    return (height, width) if height and width and min(height, width) > 0 else None


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """A hint for a message, with a space before it; empty if no allowed name is close.

    >>> did_you_mean("colth", ["cloth", "gender"])
    " Did you mean 'cloth'?"
    """
    near = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""
