"""Rows that hold URIs only: their images are fetched when they are looked at, a whole batch at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import datasets
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core import hooks
from vton_hf._core.timing import stage
from vton_hf.builder.formats import CellTransform
from vton_hf.errors import ConfigError, ImageError, StorageError
from vton_hf.images import is_sound, profile_notices, tell_once, verify
from vton_hf.naming import ROLES
from vton_hf.storage import Body, Source, Store, use_each

_T = TypeVar("_T")

Cell: TypeAlias = Mapping[str, Any]

_ROWS: Final = 8
"""So many rows of a stream are fetched together."""


class LazyImages(CellTransform):
    """The format of a dataset with `embed_images=False`: a batch of URIs in, a batch of PIL images out.

    `datasets` would fetch remote images one by one and without the `storage_options` it was given. The
    object can be pickled, so it travels to spawned workers; each process makes its own connection.

    Args:
        store: Where the URIs lead.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def takes(self, features: datasets.Features) -> list[str]:
        """All columns of images, whatever they are called by now.

        Raises:
            ConfigError: If a row holds lists of images.
        """
        for role in ROLES:
            if role in features and not isinstance(features[role], datasets.Image):
                raise ConfigError(
                    f"Column {role!r} is {features[role]} now, and images of URIs are fetched for a datasets.Image. "
                    f"with_format(None) gives the rows as they are stored; iter(batch_size=...) makes batches."
                )
        return image_names(features)

    def __call__(self, batch: Mapping[str, list[Any]], features: datasets.Features) -> dict[str, list[Any]]:
        """Fetch and decode.

        Args:
            batch: Columns; those of images hold `{"bytes": ..., "path": URI}`, without bytes where they are to be
                fetched; None where a row has no such image.
            features: How to decode: `cast_column` may have chosen another mode.

        Returns:
            The same columns, each image a `PIL.Image.Image` just as `datasets.Image` decodes it.

        Raises:
            StorageError: If an object cannot be read.
            ImageError: If it is no image.
        """
        names = [name for name in self.takes(features) if name in batch]
        cells = [(name, cell) for name in names for cell in batch[name] if cell is not None]
        decoders = {name: datasets.Image(mode=features[name].mode) for name in names}

        def decoded(number: int, bodies: list[Body]) -> Any:
            name, cell = cells[number]
            return _decoded(decoders[name], name, cell["path"], bodies[0])

        images = iter(use_cells([[cell] for _, cell in cells], self.store, decoded))
        fetched = {name: [cell and _raised(next(images)) for cell in batch[name]] for name in names}
        return {name: fetched.get(name, column) for name, column in batch.items()}

    def embedded(self, dataset: datasets.Dataset) -> datasets.Dataset:
        """The rows with all images in them, in a file of the cache of `datasets`."""
        return embedded(dataset, self.store)

    def on_stream(self, stream: datasets.IterableDataset) -> datasets.IterableDataset:
        """The stream with its images fetched, eight rows at a time, and decoded by `datasets`."""
        wanted = _decoding(stream.features)
        cells = stream.decode(enable=False)
        return cells.map(with_bytes, **_fetching(stream.features, self.store)).cast(wanted)


def embedded(dataset: datasets.Dataset, store: Store) -> datasets.Dataset:
    """A dataset of which every image is in the rows, by way of the cache of `datasets`; itself, if that is so already.

    Args:
        dataset: Without a format.
        store: Where URIs lead.

    Raises:
        StorageError: If an object cannot be read.
    """
    wanted = _decoding(dataset.features)
    if not any(_unfetched(dataset.data.column(name)) for name in image_names(wanted)):
        return dataset
    for name in image_names(wanted):
        dataset = dataset.cast_column(name, datasets.Image(decode=False))
    return dataset.map(with_bytes, **_fetching(wanted, store), features=wanted)


def _unfetched(images: pa.ChunkedArray) -> bool:
    """Whether a cell names an image that is not in it; a row without such an image has none."""
    return bool(pc.struct_field(images, "bytes").null_count > images.null_count)


def _decoding(features: datasets.Features) -> datasets.Features:
    return datasets.Features(
        {**features, **{name: datasets.Image(mode=features[name].mode) for name in image_names(features)}}
    )


def image_names(features: datasets.Features) -> list[str]:
    """The columns of images."""
    return [name for name, feature in features.items() if isinstance(feature, datasets.Image)]


def _fetching(features: datasets.Features, store: Store) -> dict[str, Any]:
    return {"batched": True, "batch_size": _ROWS, "fn_kwargs": {"names": image_names(features), "store": store}}


def with_bytes(
    batch: Mapping[str, list[Any]], names: Sequence[str], store: Store, *, strict: bool = True
) -> dict[str, list[Any]]:
    """The images of a batch, in their cells the objects' bytes; unless strict, but for those that cannot be read."""
    bodies = iter(_read([cell for name in names for cell in batch[name] if cell is not None], store))

    def filled(cell: dict[str, Any] | None) -> dict[str, Any] | None:
        if cell is None:
            return None
        body = next(bodies)
        return cell if isinstance(body, StorageError) and not strict else cell | {"bytes": _raised(body)}

    return {name: [filled(cell) for cell in batch[name]] for name in names}


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
            return hooks.read([uri for uri, _, _ in sources], store)

    return use_each(
        store,
        [[(cell["path"], "", None) for cell in group if cell["bytes"] is None] for group in groups],
        read,
        lambda number, bodies: use(number, [_body(cell, bodies) for cell in groups[number]]),
        lambda result: isinstance(result, ImageError),
        is_sound,
    )


def _body(cell: Cell, fetched: Mapping[str, Body]) -> Body:
    return fetched[cell["path"]] if cell["bytes"] is None else cell["bytes"]


def _read(cells: Sequence[Cell], store: Store) -> list[Body]:
    """What is in the cells or where they lead; what was damaged on the way is read again."""
    bodies: list[Body] = [b""] * len(cells)

    def look(number: int, body: list[Body]) -> ImageError | None:
        (bodies[number],) = body
        if isinstance(body[0], StorageError):
            return None
        try:
            verify(body[0])
        except ImageError as error:
            return error
        return None

    use_cells([[cell] for cell in cells], store, look)
    return bodies


def _raised(result: _T | Exception) -> _T:
    if isinstance(result, Exception):
        raise result
    return result


def _decoded(decoder: datasets.Image, role: str, uri: str, body: Body) -> Any:
    if isinstance(body, StorageError):
        return body
    try:
        # Pillow does not compare the CRCs of a PNG's pixels.
        image = decoder.decode_example({"bytes": verify(body), "path": None})
    except ImageError as error:
        return ImageError(f"{uri}: {error}")
    except Exception as error:  # noqa: BLE001  # a codec may raise anything
        return ImageError(f"{uri} does not decode: {error}")
    for notice in profile_notices(body, role, to_srgb=False):
        tell_once(notice, uri, uri)
    return image
