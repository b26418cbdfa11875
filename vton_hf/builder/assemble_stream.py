"""From triplets to one `datasets.IterableDataset`: the mix cut into shards, or `datasets`' own interleaving."""

from collections.abc import Mapping
from typing import Any

import datasets

from vton_hf import mixing, storage
from vton_hf.builder.assemble import STOPPING
from vton_hf.builder.columns import roles_in
from vton_hf.builder.context import BuildContext
from vton_hf.builder.resume import TripletExamples
from vton_hf.builder.splits import SPLIT, name_of, row_ranges
from vton_hf.builder.streaming import Stream, cut_shards
from vton_hf.cache import BuildRecord, explained
from vton_hf.errors import ConfigError
from vton_hf.triplets import Manifest


def open_stream(
    context: BuildContext,
    manifest: Manifest,
    weights: Mapping[str, float] | None = None,
    epoch_size: int | str | None = None,
) -> Stream:
    """What a worker needs to read rows of an epoch.

    Args:
        context: Which dataset.
        manifest: Its triplets; the file that workers map is kept from being pruned until this process ends.
        weights: Another recipe than the config's, which then has `epoch_size`.
        epoch_size: As in `mixing.plan`.
    """
    config = context.config
    with explained(context.cache.root):
        context.cache.reserve(BuildRecord(manifest.digest(), {}), manifest.digest())
        path = context.cache.save_manifest(manifest)
    return Stream(
        manifest=path,
        weights=tuple((config.weights if weights is None else weights).items()),
        seed=config.seed,
        epoch_size=config.epoch_size if weights is None else epoch_size,
        store=storage.Store(context.settings),
        verify=config.verify,
        on_error=config.on_error,
        embed_images=config.embed_images,
        image_spec=config.image_spec,
        roles=roles_in(manifest.of_pools(context.drawn)),
        mix_by=config.mix_by,
    )


def stream_exactly(context: BuildContext, manifest: Manifest, split: Any, **columns: Any) -> datasets.IterableDataset:
    """The rows of the plan, or the part of them that a split names, in the order of the built dataset.

    Args:
        context: Which dataset.
        manifest: Its triplets.
        split: As in `load_dataset`, for the one split there is.
        **columns: `info`, with the features that rows are encoded by, and those `wanted` if others are.
    """
    config = context.config
    rows = mixing.epoch_length(manifest.sizes(), config.weights, config.epoch_size, config.mix_by)
    origin = context.origin(manifest, rows)
    shards = [shard for part in row_ranges(split, rows) for shard in cut_shards(part)]
    examples = TripletExamples(shards, open_stream(context, manifest), origin)
    return _as_dataset(examples, split, **columns)


def interleave_streams(
    context: BuildContext, manifest: Manifest, split: Any, **columns: Any
) -> datasets.IterableDataset:
    """The pools through `datasets.interleave_datasets`, each mixed first; arguments as of `stream_exactly`.

    Raises:
        ConfigError: If a part is asked for.
    """
    if str(split) not in (SPLIT, "all"):
        raise ConfigError(f"split={split!r} needs mixing='exact' when streaming: 'interleave' has no fixed length.")
    config, stop = context.config, STOPPING[context.config.epoch_size]
    origin = context.origin(manifest, stop)

    def pool(name: str) -> datasets.IterableDataset:
        shards = cut_shards(range(manifest.sizes()[name]))
        return _as_dataset(
            TripletExamples(shards, open_stream(context, manifest, {name: 1.0}), origin), SPLIT, **columns
        )

    return datasets.interleave_datasets(
        [pool(name) for name in context.drawn],
        probabilities=[config.weights[name] for name in context.drawn],
        seed=config.seed,
        split=datasets.Split(SPLIT),
        stopping_strategy=stop,
    )


def _as_dataset(
    examples: TripletExamples, split: Any, *, info: datasets.DatasetInfo, wanted: datasets.Features | None
) -> datasets.IterableDataset:
    streamed = datasets.IterableDataset(examples, info=info.copy(), split=name_of(split))
    return streamed.select_columns(list(wanted)).cast(wanted) if wanted else streamed
