"""Which triplets are wanted, by what columns say: `where={"category": ["dresses"]}`."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.checks import must_be
from vton_hf.errors import ConfigError
from vton_hf.triplets.manifest import Manifest

_SHOWN: Final = 8


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
        hit = _hit(column, values)
        if not hit.any():
            raise ConfigError(f"where={{{name!r}: {values!r}}} fits no triplet: the column holds {_shown(column)}.")
        wanted &= hit
    return wanted


def _hit(column: pa.Array, values: list[Any]) -> NDArray[np.bool_]:
    try:
        known = pa.array([value for value in values if value is not None], column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        # Of another type: as people write it.
        column, known = column.cast(pa.string()), pa.array([str(value) for value in values if value is not None])
    hit: NDArray[np.bool_] = pc.is_in(column, value_set=known).to_numpy(zero_copy_only=False)
    return hit | column.is_null().to_numpy(zero_copy_only=False) if None in values else hit


def _shown(column: pa.Array) -> str:
    values = sorted(pc.unique(column).to_pylist(), key=str)
    shown = ", ".join(map(repr, values[:_SHOWN]))
    return f"{shown}{f' and {len(values) - _SHOWN:,} more values' if len(values) > _SHOWN else ''}"
