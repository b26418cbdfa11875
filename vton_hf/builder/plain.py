"""Options as values of Python's own types, whatever they were given as."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

import numpy as np

from vton_hf._core.checks import as_int, as_size
from vton_hf.storage import path_text

_INTS: Final = ("seed", "limit", "epoch_size", "image_quality")


def listed(prefixes: str | PurePath | Iterable[str | PurePath] | None) -> list[str | PurePath]:
    """Prefixes as a list: one may stand without."""
    return [prefixes] if isinstance(prefixes, str | PurePath) else list(prefixes or ())


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as the same values of Python's own types: the hash of a config, which names its cache, is then the same.

    What makes no sense stays as it is, for `VTONConfig.check` to refuse.
    """
    return {name: _plain(name, value) for name, value in options.items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Iterator):
        # It is looked at more than once: for its hash, its sense and its use.
        value = list(value)
    if name == "s3_prefixes":
        paths = isinstance(value, Sequence) and any(isinstance(each, PurePath) for each in value)
        return [path_text(each) for each in value] if paths else path_text(value)
    if name in ("layout", "metadata", "splits") and isinstance(value, PurePath):
        return str(value)
    if name in ("difficulty_weights", "splits", "epoch_size") and isinstance(value, Mapping):
        return {each: _plain_number(number) for each, number in value.items()}
    if name in _INTS:
        return _plain_number(value)
    if name == "image_size" and not (type(value) in (list, tuple) and all(type(edge) is int for edge in value)):
        return as_size(value) or value
    return value


def _plain_number(value: Any) -> Any:
    if isinstance(value, np.floating):
        # A float32 of 0.3 means 3/10, and not the double beside it.
        return float(str(value))
    number = as_int(value)
    return value if number is None else number
