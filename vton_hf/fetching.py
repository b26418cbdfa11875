"""Rows that hold URIs only: their images are fetched when they are looked at, a whole batch at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import datasets

from vton_hf import lookahead
from vton_hf.errors import ImageError, StorageError
from vton_hf.images import is_sound, verify
from vton_hf.naming import ROLES
from vton_hf.notices import profile_notices, tell_once
from vton_hf.stopwatch import stage
from vton_hf.storage import Body, Source, Store, use_each

_T = TypeVar("_T")

Cell: TypeAlias = Mapping[str, Any]


class FetchImages:
    """The format of a dataset with `embed_images=False`: a batch of URIs in, a batch of PIL images out.

    `datasets` would fetch remote images one by one and without the `storage_options` it was given. The
    object can be pickled, so it travels to spawned workers; each process makes its own connection.

    Args:
        store: Where the URIs lead.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self, batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Fetch and decode.

        Args:
            batch: Columns; those of the three images hold `{"bytes": None, "path": URI}`.

        Returns:
            The same columns, each image a `PIL.Image.Image` just as `datasets.Image` decodes it.

        Raises:
            StorageError: If an object cannot be read.
            ImageError: If it is no image.
        """
        roles = [role for role in ROLES if role in batch]
        cells = [(role, cell) for role in roles for cell in batch[role]]

        def decoded(number: int, bodies: list[Body]) -> Any:
            role, cell = cells[number]
            return _decode(role, cell["path"], bodies[0])

        images = iter(use_cells([[cell] for _, cell in cells], self.store, decoded))
        fetched = {role: [_image(next(images)) for _ in batch[role]] for role in roles}
        return {name: fetched.get(name, column) for name, column in batch.items()}


def use_cells(groups: Sequence[Sequence[Cell]], store: Store, use: Callable[[int, list[Body]], _T]) -> list[_T]:
    """Make something of image cells; the bytes that are not in the cells are fetched, all at once.

    Args:
        groups: The cells that are used together, `{"bytes": ..., "path": URI}`, as an undecoded `datasets.Image` column
            has them.
        store: Where URIs lead.
        use: Makes a group's result, or the `ImageError` that says why not; gets its number and, for each cell, the
            object's bytes or what is wrong with this one object.

    Returns:
        The results. Those that are an `ImageError` were tried once more with images that were fetched again.

    Raises:
        StorageError: If the store as a whole fails.
    """

    def read(sources: Sequence[Source]) -> list[Body]:
        with stage("fetch"):
            return lookahead.read([uri for uri, _, _ in sources], store)

    return use_each(
        store,
        [[(cell["path"], "", None) for cell in group if cell["bytes"] is None] for group in groups],
        read,
        lambda number, bodies: use(number, [_body(cell, bodies) for cell in groups[number]]),
        lambda made: isinstance(made, ImageError),
        is_sound,
    )


def _body(cell: Cell, fetched: Mapping[str, Body]) -> Body:
    return fetched[cell["path"]] if cell["bytes"] is None else cell["bytes"]


def _decode(role: str, uri: str, data: Body) -> Any:
    if isinstance(data, StorageError):
        return data
    try:
        # Pillow does not compare the CRCs of a PNG's pixels.
        image = datasets.Image().decode_example({"bytes": verify(data), "path": None})
    except ImageError as error:
        return ImageError(f"{uri}: {error}")
    except Exception as error:  # noqa: BLE001  # a codec may raise anything
        return ImageError(f"{uri} does not decode: {error}")
    for notice in profile_notices(data, role, to_srgb=False):
        tell_once(notice, uri, uri)
    return image


def _image(decoded: Any) -> Any:
    if isinstance(decoded, Exception):
        raise decoded
    return decoded
