"""The columns of every dataset that this package hands out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from vton_hf._core.checks import did_you_mean, must_be
from vton_hf.errors import ConfigError
from vton_hf.naming import ROLES

if TYPE_CHECKING:
    import datasets

TEXT_COLUMNS: Final = ("difficulty", "stem", "gender", "garment", "key")


def features(*, decode: bool = True, roles: Sequence[str] = ROLES) -> "datasets.Features":
    """The images of a row and what the object's key says of them.

    Args:
        decode: Whether `datasets` decodes the images itself; False where rows hold URIs only.
        roles: Which images.
    """
    import datasets  # noqa: PLC0415 - not in workers

    images = {role: datasets.Image(decode=decode) for role in roles}
    return datasets.Features(images | dict.fromkeys(TEXT_COLUMNS, datasets.Value("string")))


def image_column(data: list[bytes] | None, uris: pa.ChunkedArray | pa.Array) -> pa.StructArray:
    """An Arrow column as `datasets.Image` stores it: `{"bytes": ..., "path": URI}`.

    The whole URI is kept as the path: `datasets` would drop the bytes if a local file of that name existed.

    Args:
        data: The images' bytes, or None for rows that only point to them.
        uris: As many URIs; null where a row has no such image.
    """
    paths = uris.combine_chunks() if isinstance(uris, pa.ChunkedArray) else uris
    return cells(pa.nulls(len(paths), pa.binary()) if data is None else pa.array(data, pa.binary()), paths)


def cells(data: pa.Array, paths: pa.Array) -> pa.StructArray:
    """Image cells; null, which `datasets.Image` decodes to None, where there is no path."""
    absent = paths.is_null() if paths.null_count else None
    return pa.StructArray.from_arrays([data, paths], names=["bytes", "path"], mask=absent)


def check_features(wanted: "datasets.Features | None", own: "datasets.Features", *, further: bool = False) -> None:
    """Refuse `features=` that would need another dataset than the one that is stored.

    Args:
        wanted: What was asked for.
        own: What is stored.
        further: Whether there may be more columns than that.

    Raises:
        ConfigError: If a column does not exist or is stored as another type.
    """
    import datasets  # noqa: PLC0415 - not in workers

    if wanted is not None and not isinstance(wanted, Mapping):
        raise must_be("features", wanted, "a datasets.Features, by column, or None")
    for name, feature in (wanted or {}).items():
        if name not in own and further:
            continue
        if name not in own:
            raise ConfigError(
                f"features= names the column {name!r}, which does not exist.{did_you_mean(name, own)} Allowed: "
                f"{', '.join(own)}."
            )
        if datasets.Features({name: feature}).type != datasets.Features({name: own[name]}).type:
            raise ConfigError(
                f"features= wants {name!r} as {feature}, but it is stored as {own[name]}. Load it without, "
                f"then use Dataset.cast_column({name!r}, ...)."
            )
