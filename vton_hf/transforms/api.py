"""`with_transform` and `set_transform`: transforms on top of a `datasets.Dataset`, or on a stream."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any, TypedDict, TypeVar, Unpack

import datasets
import torch
from datasets.iterable_dataset import MappedExamplesIterable

from vton_hf._core.checks import unknown_option
from vton_hf._core.options import Aspect, OnBrokenSample, Sync
from vton_hf.builder import LazyImages, Reader, Stream
from vton_hf.cache import TEXT_COLUMNS
from vton_hf.errors import ConfigError, UnavailableError
from vton_hf.naming import ROLES
from vton_hf.storage import Store, settings_for
from vton_hf.transforms.pipeline import Transform
from vton_hf.transforms.rows import DatasetRows, undecode
from vton_hf.transforms.triplet import TripletTransform

_D = TypeVar("_D")


class TransformOptions(TypedDict, total=False):
    """Options of `with_transform` and `set_transform`; see `TripletTransform`."""

    image_size: Sequence[int] | None
    aspect: Aspect
    to_srgb: bool
    dtype: torch.dtype | None
    sync: Sync
    on_error: OnBrokenSample
    max_broken: float
    seed: int
    storage_options: Mapping[str, Any] | None


def with_transform(dataset: _D, transform: Transform | None = None, **options: Unpack[TransformOptions]) -> _D:
    """The same rows as transformed samples, their three images in step with one another.

    Works on rows with embedded bytes and on rows of URIs (`embed_images=False`; a batch's objects are fetched
    together). Random numbers follow from (seed, epoch, key); `dataset.set_epoch(epoch)` draws others, and
    reaches workers that are at work. Call it after `select` or `train_test_split`, since substitutes come from
    the rows that the dataset has now. What is saved are the rows, without the transform.

    Args:
        dataset: A `datasets.Dataset` or `IterableDataset` of triplets.
        transform: Any callable of one image, or None for tensors in [-1, 1]; see `TripletTransform`.
        **options: `image_size`, `aspect`, `to_srgb`, `dtype`, `sync`, `on_error`, `max_broken` and `seed` of
            `TripletTransform`; `storage_options` for rows of URIs, by default those that the dataset was loaded with.

    Returns:
        A new dataset or stream; the one that was given stays as it is.

    Raises:
        ConfigError: If an option is not allowed, or the dataset has no images of triplets.

    Examples:
        >>> ds = with_transform(load("hard", s3_prefixes=[...]), image_size=(512, 384))  # doctest: +SKIP
        >>> ds[0]["try_on_image"].shape  # doctest: +SKIP
        torch.Size([3, 512, 384])
    """
    transformed: _D = _transformed(dataset, transform, options, in_place=False)
    return transformed


def set_transform(dataset: _D, transform: Transform | None = None, **options: Unpack[TransformOptions]) -> _D:
    """Let a dataset hand out transformed samples from now on; see `with_transform`.

    Args:
        dataset: A `datasets.Dataset`, which is changed in place.
        transform: As of `with_transform`.
        **options: As of `with_transform`.

    Returns:
        The same dataset. A stream cannot be changed: of one it is a new stream, with a `DeprecationWarning`.

    Raises:
        ConfigError: As of `with_transform`.
    """
    if isinstance(dataset, datasets.IterableDataset):
        warnings.warn(
            "set_transform returns a new stream and leaves the one that it is given as it is; write "
            "stream = vton_hf.with_transform(stream, ...) instead.",
            DeprecationWarning,
            stacklevel=2,
        )
    transformed: _D = _transformed(dataset, transform, options, in_place=True)
    return transformed


def transform_of(dataset: Any) -> TripletTransform:
    """The transform that `set_transform` gave a dataset or a stream, or the one that it was made from.

    `select`, `train_test_split`, `split_dataset_by_node` and their like keep the transform but not
    `dataset.set_epoch`: call `transform_of(dataset).set_epoch(epoch)`.

    Raises:
        ConfigError: If it has none.
    """
    if isinstance(dataset, datasets.IterableDataset):
        existing = next((part.function for part in _parts(dataset) if _is_ours(part)), None)
    else:
        existing = dataset.format["format_kwargs"].get("transform")
    if not isinstance(existing, TripletTransform):
        raise ConfigError("This dataset has no transform of ours: call vton_hf.with_transform(dataset, ...) first.")
    return existing


Make = Callable[..., TripletTransform]


def _transformed(dataset: Any, transform: Transform | None, options: Mapping[str, Any], *, in_place: bool) -> Any:
    streamed = isinstance(dataset, datasets.IterableDataset)
    _check(dataset, options, streamed=streamed)
    storage_options = options.get("storage_options")
    others = {name: value for name, value in options.items() if name != "storage_options"}
    make = partial(TripletTransform, transform, **others)
    if streamed:
        return _on_stream(dataset, make, storage_options)
    return _on_dataset(dataset if in_place else deepcopy(dataset), make, storage_options)


def _check(dataset: Any, options: Mapping[str, Any], *, streamed: bool) -> None:
    for name in options:
        if name not in TransformOptions.__annotations__:
            raise unknown_option(name, TransformOptions.__annotations__)
    if not streamed and not isinstance(dataset, datasets.Dataset):
        raise ConfigError(
            f"with_transform and set_transform take a datasets.Dataset or IterableDataset, not "
            f"{type(dataset).__name__}. Of a DatasetDict take one split; S3VTONDataset takes transform= itself."
        )
    if options.get("on_error") == "skip" and not streamed:
        raise ConfigError(
            "on_error='skip' is for streams: a dataset with an index has as many samples as rows. "
            "Allowed here: 'replace', 'raise'."
        )
    if streamed and dataset.features is None:
        raise ConfigError("The stream has lost its features: call with_transform before map().")
    if not any(role in dataset.features for role in ROLES):
        raise ConfigError(f"The dataset has no column of {', '.join(ROLES)}; it has {', '.join(dataset.features)}.")


def _on_dataset(dataset: datasets.Dataset, make: Make, storage_options: Mapping[str, Any] | None) -> datasets.Dataset:
    earlier = dataset.format["format_kwargs"].get("transform")
    store = earlier.store if isinstance(earlier, LazyImages | TripletTransform) else Store(settings_for())
    if storage_options is not None:
        store = Store(settings_for(storage_options), known=store.known)
    rows = dataset.with_format(None)
    undecode(rows)
    transform = make(rows=DatasetRows(rows), store=store)
    dataset.set_transform(transform)
    # Where accelerate and transformers look for it.
    dataset.set_epoch = transform.set_epoch
    return dataset


def _on_stream(
    dataset: datasets.IterableDataset, make: Make, storage_options: Mapping[str, Any] | None
) -> datasets.IterableDataset:
    if any(isinstance(part, MappedExamplesIterable) for part in _parts(dataset)):
        raise ConfigError(
            "This stream went through map(), filter(), batch() or with_transform(), which decode the images: call "
            "with_transform first. To leave triplets out of a stream, load it with gender=, exclude= or limit=."
        )
    stream = next((part.kwargs["stream"] for part in _parts(dataset) if _reads_ours(part)), None)
    if stream is None:
        raise ConfigError(
            "with_transform takes streams of load_dataset('vton_hf', ..., streaming=True); this one comes from "
            "elsewhere, so broken samples could not be replaced."
        )
    store = stream.store if storage_options is None else Store(settings_for(storage_options))
    transform = make(rows=StreamRows(stream), store=store)
    transformed = transform.on_stream(dataset)
    transformed.set_epoch = _Both(transformed.set_epoch, transform.set_epoch)
    return transformed


@dataclass(frozen=True)
class StreamRows:
    """The rows that a stream could give."""

    stream: Stream

    @property
    def columns(self) -> tuple[str, ...]:
        """As `Rows` says."""
        return (*self.stream.roles, *TEXT_COLUMNS)

    def draw(self, difficulty: str | None, seed: int, key: str) -> Iterator[dict[str, Any]]:
        """As `Rows` says."""
        for example in Reader(self.stream).draw(difficulty, seed, key):
            if isinstance(example, dict):
                yield example
            elif isinstance(example, UnavailableError):
                raise example


@dataclass(frozen=True)
class _Both:
    first: Callable[[int], object]
    second: Callable[[int], object]

    def __call__(self, epoch: int) -> None:
        self.first(epoch)
        self.second(epoch)


def _parts(dataset: datasets.IterableDataset) -> Iterator[Any]:
    """The chain of `datasets`' iterables behind a stream, down to our own reader."""
    part: Any = dataset._ex_iterable  # noqa: SLF001 - there is no public way down
    while part is not None:
        yield part
        part = getattr(part, "ex_iterable", None) or next(iter(getattr(part, "ex_iterables", [])), None)


def _is_ours(part: Any) -> bool:
    return isinstance(getattr(part, "function", None), TripletTransform)


def _reads_ours(part: Any) -> bool:
    return isinstance(getattr(part, "kwargs", {}).get("stream"), Stream)
