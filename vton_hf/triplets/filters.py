"""Which triplets are wanted, by what columns say: `where={"category": ["dresses"]}`."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.checks import must_be
from vton_hf.errors import ConfigError
from vton_hf.triplets.manifest import Manifest

_SHOWN: Final = 8
_LONGEST: Final = 60


def check_where(where: object) -> dict[str, list[Any]]:
    """Columns with the values that are wanted.

    Raises:
        ConfigError: Unless names are mapped to a value or several.
    """
    if where is None:
        return {}
    if not isinstance(where, Mapping) or not all(isinstance(name, str) for name in where):
        raise must_be(
            "where", where, "{column: value, or a list of values}, such as {'category': ['dresses']}, or None"
        )
    wanted = {name: _values(value) for name, value in where.items()}
    for name, values in wanted.items():
        if not values:
            raise must_be(f"where[{name!r}]", where[name], "a value or a list of values")
    return wanted


def _values(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)


def wanted_rows(manifest: Manifest, where: Mapping[str, list[Any]]) -> NDArray[np.bool_]:
    """Which triplets have one of the values in every column; bool [n].

    Raises:
        ConfigError: If a column does not exist, or holds none of its values.
    """
    wanted = np.ones(len(manifest), bool)
    for name, values in where.items() if len(manifest) else ():
        column = manifest.column(name, "where=")
        if pa.types.is_nested(column.type):
            raise ConfigError(f"where= names {name!r}, a column of {column.type}; allowed are texts, numbers, truths.")
        hit = _hit(column, values)
        if not hit.any():
            raise ConfigError(f"where={{{name!r}: {values!r}}} fits no triplet: the column holds {_shown(column)}.")
        wanted &= hit
    return wanted


def _hit(column: pa.Array, values: list[Any]) -> NDArray[np.bool_]:
    present = [value for value in values if value is not None]
    try:
        known = pa.array(present, column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        known = _read_as(column.type, present)
    hit: NDArray[np.bool_] = pc.is_in(column, value_set=known).to_numpy(zero_copy_only=False)
    if None in values:
        hit |= column.is_null().to_numpy(zero_copy_only=False)
        if pa.types.is_string(column.type):
            hit |= pc.fill_null(pc.equal(column, ""), False).to_numpy(zero_copy_only=False)
    return hit


def _read_as(kind: pa.DataType, values: list[Any]) -> pa.Array:
    """Values of another type than the column's: what people write for one, such as on the command line."""
    read = []
    for value in values:
        with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            read.append(pa.scalar(str(value)).cast(kind).as_py())
    return pa.array(read, kind)


def _shown(column: pa.Array) -> str:
    values = sorted(pc.unique(column).to_pylist(), key=str)
    shown = ", ".join(_short(repr(value)) for value in values[:_SHOWN])
    return f"{shown}{f' and {len(values) - _SHOWN:,} more values' if len(values) > _SHOWN else ''}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
