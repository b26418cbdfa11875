"""Rows that hold URIs only: their images are fetched when they are looked at, a whole batch at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets

from vton_hf import lookahead
from vton_hf.errors import ImageError, StorageError
from vton_hf.images import verify
from vton_hf.naming import ROLES
from vton_hf.notices import profile_notices, tell_once
from vton_hf.stopwatch import stage
from vton_hf.storage import StorageSettings, Store


class FetchImages:
    """The format of a dataset with `embed_images=False`: a batch of URIs in, a batch of PIL images out.

    `datasets` would fetch remote images one by one and without the `storage_options` it was given. The
    object can be pickled, so it travels to spawned workers; each process makes its own connection.
    """

    def __init__(self, settings: StorageSettings) -> None:
        self.store = Store(settings)

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
        cells = [cell for role in roles for cell in batch[role]]
        named = [role for role in roles for _ in batch[role]]
        bodies = zip(named, cells, read_cells(cells, self.store), strict=True)
        images = iter([_decode(role, cell["path"], body) for role, cell, body in bodies])
        fetched = {role: [next(images) for _ in batch[role]] for role in roles}
        return {name: fetched.get(name, column) for name, column in batch.items()}


def read_cells(cells: Sequence[Mapping[str, Any]], store: Store) -> list[bytes | StorageError]:
    """The bytes of image cells; those that are not in the cell are fetched, all at once.

    Args:
        cells: `{"bytes": ..., "path": URI}`, as an undecoded `datasets.Image` column has them.
        store: Where URIs lead.

    Returns:
        In order, an object's bytes, or what is wrong with this one object.

    Raises:
        StorageError: If the store as a whole fails.
    """
    with stage("fetch"):
        fetched = iter(lookahead.read([cell["path"] for cell in cells if cell["bytes"] is None], store))
    return [next(fetched) if cell["bytes"] is None else cell["bytes"] for cell in cells]


def _decode(role: str, uri: str, data: bytes | StorageError) -> Any:
    if isinstance(data, StorageError):
        raise data
    try:
        image = datasets.Image().decode_example({"bytes": verify(data), "path": None})
    except ImageError as error:
        raise ImageError(f"{uri}: {error}") from error
    except Exception as error:
        raise ImageError(f"{uri} does not decode: {error}") from error
    for notice in profile_notices(data, role, to_srgb=False):
        tell_once(notice, uri, uri)
    return image
