"""`load`: what `load_dataset("vton_hf", ...)` gives, by one call."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Unpack

from vton_hf._core.options import Config, LoadOptions
from vton_hf.builder.builder import VTON
from vton_hf.builder.config import check_workers
from vton_hf.builder.share import build_together, status_of
from vton_hf.builder.splits import check_split, check_whole
from vton_hf.cache import BuildStatus
from vton_hf.triplets import TEST, TRAIN


def build(name: Config, *, num_proc: int | None = None, **options: Unpack[LoadOptions]) -> BuildStatus:
    """Build what `load` needs, without loading it: from several machines at once, if they share a cache.

    With `shard=(i, n)` it builds its share alone; n processes with i from 0 to n - 1 build all, each by itself and in
    any order. They meet in `shared_cache`, where chunks are published and nothing stays on this machine, or in
    `cache_dir` on a file system that all of them see.

    Args:
        name: `"easy"`, `"medium"` or `"hard"`.
        num_proc: Worker processes that build.
        **options: As of `load`.

    Returns:
        How far the whole build is.

    Raises:
        BuildError: If other shares are built from another manifest, or a chunk failed three times.
        VTONError: See `VTON`.

    Examples:
        >>> build("hard", s3_prefixes=["s3://bucket/dataset_ultimate/"], shared_cache="s3://bucket/vton-cache/",
        ...       shard=(0, 8))  # doctest: +SKIP
    """
    builder = VTON(config_name=name, **options)
    how = builder.context.how(builder.run, check_workers(num_proc))
    return build_together(builder.context, lambda: builder.find().manifest, builder.run, how)


def build_status(name: Config, **options: Unpack[LoadOptions]) -> BuildStatus:
    """How far a build is, as any machine sees it that shares its cache.

    Args:
        name: `"easy"`, `"medium"` or `"hard"`.
        **options: As of `build`.

    Raises:
        VTONError: See `VTON`.
    """
    builder = VTON(config_name=name, **options)
    return status_of(builder.context, lambda: builder.find().manifest, builder.context.how(builder.run, None))


def of_every_triplet(split: str = TRAIN, **options: Any) -> VTON:
    """A builder whose mix is each triplet of a split, once: the listing says what the weights are.

    Raises:
        VTONError: See `VTON`.
    """
    listed = VTON(config_name="hard", **options)
    check_whole(split, listed.context.parts.names)
    manifest = listed.triplets.manifest
    builder = with_weights(listed, manifest.sizes(), options, split)
    if len(builder.context.parts.names) == 1:
        return builder
    return with_weights(builder, builder.context.parts.sizes(manifest, split), options, split)


def with_weights(listed: VTON, sizes: Mapping[str, int], options: Mapping[str, Any], split: str = TRAIN) -> VTON:
    """A builder that knows what another has listed, and whose weights are these sizes of pools, those of a split."""
    builder = VTON(config_name="hard", **{**options, "difficulty_weights": sizes})
    take_over(builder, listed)
    builder.context.parts.alone = split
    return builder


def take_over(builder: VTON, other: VTON) -> None:
    """Give a builder the triplets, and their splits, that another found whose config differs in its recipe alone."""
    builder.triplets = other.triplets
    builder.context.parts.take_over(other.context.parts)


def of_split_alone(split: str | None, **options: Any) -> VTON:
    """A builder that sees the triplets of one split, each once, and builds no others.

    Args:
        split: None takes `"test"`, or all triplets where there are no splits.
        **options: As of `VTON`.

    Raises:
        VTONError: See `VTON`.
    """
    if options.get("splits") is None:
        return of_every_triplet(TRAIN if split is None else split, **options)
    split = TEST if split is None else split
    builder = of_every_triplet(split, **options)
    whole = builder.triplets
    builder.triplets = replace(whole, manifest=builder.context.parts.manifest(whole.manifest, split))
    # Its record is none of the dataset that has all splits.
    builder.context = replace(builder.context, directory=f"{builder.context.directory}-{split}")
    builder.context.parts.whole_is(split)
    return builder


def load(
    name: Config,
    *,
    split: Any = "train",
    streaming: bool = False,
    num_proc: int | None = None,
    **options: Unpack[LoadOptions],
) -> Any:
    """What `load_dataset("vton_hf", name, ...)` gives; an editor completes the options.

    Args:
        name: `"easy"`, `"medium"` or `"hard"`.
        split: As in `load_dataset`; None gives a dictionary of all splits. With `splits=` there are others than
            `"train"`.
        streaming: Fetch while iterating instead of building a cache.
        num_proc: Worker processes that build.
        **options: Those that `VTONConfig` describes, and `cache_dir`, `features`, `storage_options`.

    Returns:
        A `datasets.Dataset`; with `streaming=True` a `datasets.IterableDataset`; with `split=None` a dictionary.

    Raises:
        ConfigError: If an option makes no sense.
        LayoutError: If a prefix matches nothing or no triplet is complete.
        EmptyPoolError: If a difficulty that has weight has no triplet.
        StorageError: If the store does not answer or may not be asked.
        ImageError: If an image is broken and `on_error="raise"`.
        BuildError: If the disk is full, or may not be written.
    """
    builder = VTON(config_name=name, **options)
    check_split(split, builder.context.parts.names)
    if streaming:
        return builder.as_streaming_dataset(split)
    builder.download_and_prepare(num_proc=num_proc)
    return builder.as_dataset(split)
