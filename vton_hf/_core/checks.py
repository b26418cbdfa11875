"""Checks of options: an int of Python, NumPy or torch is an int, a name may be misspelt, all refusals read alike."""

import difflib
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from vton_hf.errors import ConfigError


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


def must_be(name: str, value: object, rule: str, advice: str = "") -> ConfigError:
    """The error to raise for a value that is not allowed.

    Args:
        name: The option's.
        value: What was found.
        rule: What is allowed.
        advice: What to do, as sentences.

    >>> print(must_be("image_size", 512, "(height, width) in pixels, or None", "Write image_size=(512, 384)."))
    image_size must be (height, width) in pixels, or None, got 512. Write image_size=(512, 384).
    """
    return ConfigError(f"{name} must be {rule}, got {value!r}.{' ' if advice else ''}{advice}")


def check_int(name: str, value: object, *, least: int = 0, or_else: str = "") -> int:
    """A whole number of Python, NumPy or torch, as an int.

    Args:
        name: The option's.
        value: What was found.
        least: The smallest that is allowed.
        or_else: What else the option takes, for the message: `"None"`.

    Raises:
        ConfigError: Unless it is an int (no bool) from `least` on.

    >>> check_int("seed", 7)
    7
    """
    number = as_int(value)
    if number is None or number < least:
        raise must_be(name, value, f"{or_else}{' or ' if or_else else ''}a whole number from {least}")
    return number


def check_bool(name: str, value: object) -> bool:
    """True or False.

    Raises:
        ConfigError: For anything else.
    """
    if not isinstance(value, bool):
        raise must_be(name, value, "True or False")
    return value


def check_choice(name: str, value: object, allowed: Iterable[object]) -> None:
    """Refuse what is none of a few values.

    Raises:
        ConfigError: With the nearest that is.

    >>> check_choice("cloth", "frist", ["first", "each", "error"])
    Traceback (most recent call last):
    vton_hf.errors.ConfigError: cloth must be 'first', 'each' or 'error', got 'frist'. Did you mean 'first'?
    """
    choices = list(allowed)
    if value not in choices:
        texts = [each for each in choices if isinstance(each, str)]
        hint = did_you_mean(value, texts).strip() if isinstance(value, str) else ""
        raise must_be(name, value, one_of(choices), hint)


def unknown_option(name: str, allowed: Iterable[str]) -> ConfigError:
    """The error to raise for an option that there is not."""
    names = sorted(allowed)
    return ConfigError(f"Unknown option {name!r}.{did_you_mean(name, names)} Allowed: {', '.join(names)}.")


def one_of(choices: Iterable[object]) -> str:
    """A choice in words.

    >>> one_of([None, "min", "max"])
    "None, 'min' or 'max'"
    """
    *others, last = map(repr, choices)
    return f"{', '.join(others)} or {last}" if others else last
