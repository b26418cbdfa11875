"""`set_transform`: transforms on top of a `datasets.Dataset`, or on a stream."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import datasets
from datasets.iterable_dataset import MappedExamplesIterable

from vton_hf.builder import LazyImages, Reader, Stream
from vton_hf.cache import TEXT_COLUMNS
from vton_hf.errors import ConfigError, UnavailableError
from vton_hf.naming import ROLES
from vton_hf.storage import Store, settings_for
from vton_hf.transforms.pipeline import Transform
from vton_hf.transforms.rows import DatasetRows, undecode
from vton_hf.transforms.triplet import TripletTransform


def set_transform(
    dataset: Any,
    transform: Transform | None = None,
    *,
    sync: str = "all",
    on_error: str = "replace",
    storage_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Let a dataset hand out transformed samples, its three images in step with one another.

    Works on rows with embedded bytes and on rows of URIs (`embed_images=False`; a batch's objects are fetched
    together). Random numbers follow from (seed, epoch, key); `dataset.set_epoch(epoch)` draws others, and
    reaches workers that are at work. Set it after `select` or `train_test_split`, since substitutes come from
    the rows that the dataset has now. What is saved are the rows, without the transform.

    Args:
        dataset: A `datasets.Dataset`, changed in place, or an `IterableDataset`.
        transform: Any callable of one image, or None for tensors in [-1, 1]; see `TripletTransform`.
        sync: Which images share random numbers: `"all"`, `"person_target"` or `"none"`.
        on_error: What a broken sample does: `"replace"`, `"raise"`, or, on streams, `"skip"`.
        storage_options: For rows of URIs; by default those that the dataset was loaded with.
        **options: `image_size`, `aspect`, `to_srgb`, `dtype`, `max_broken` and `seed` of `TripletTransform`.

    Returns:
        The same dataset; of a stream, a new one.

    Raises:
        ConfigError: If an argument makes no sense, or the dataset has no images of triplets.

    >>> ds = set_transform(load("hard", s3_prefixes=[...]), image_size=(512, 384))  # doctest: +SKIP
    >>> ds[0]["try_on_image"].shape  # doctest: +SKIP
    torch.Size([3, 512, 384])
    """
    streamed = isinstance(dataset, datasets.IterableDataset)
    _check(dataset, on_error, streamed=streamed)
    make = partial(TripletTransform, transform, sync=sync, on_error=on_error, **options)
    return (_on_stream if streamed else _on_dataset)(dataset, make, storage_options)


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
        raise ConfigError("This dataset has no transform of ours: call vton_hf.set_transform(dataset, ...) first.")
    return existing


Make = Callable[..., TripletTransform]


def _check(dataset: Any, on_error: str, *, streamed: bool) -> None:
    if not streamed and not isinstance(dataset, datasets.Dataset):
        raise ConfigError(
            f"set_transform takes a datasets.Dataset or IterableDataset, not {type(dataset).__name__}. Of a "
            f"DatasetDict take one split; S3VTONDataset takes transform= itself."
        )
    if on_error == "skip" and not streamed:
        raise ConfigError(
            "on_error='skip' is for streams: a dataset with an index has as many samples as rows. "
            "Allowed here: 'replace', 'raise'."
        )
    if streamed and dataset.features is None:
        raise ConfigError("What this stream holds is not known any more: call set_transform before map().")
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
            "This stream went through map(), filter(), batch() or set_transform(), which decode the images: call "
            "set_transform first. To leave triplets out of a stream, load it with gender=, exclude= or limit=."
        )
    stream = next((part.kwargs["stream"] for part in _parts(dataset) if _reads_ours(part)), None)
    if stream is None:
        raise ConfigError(
            "set_transform takes streams of load_dataset('vton_hf', ..., streaming=True); this one comes from "
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
        return (*ROLES, *TEXT_COLUMNS)

    def draw(self, difficulty: str | None, seed: int) -> Iterator[dict[str, Any]]:
        """As `Rows` says."""
        wanted = difficulty or next(name for name, weight in self.stream.weights if weight)
        for example in Reader(self.stream).draw(wanted, seed):
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
