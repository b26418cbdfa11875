"""From triplets to one `datasets.IterableDataset`: the mix cut into shards, or `datasets`' own interleaving."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import datasets

from vton_hf import storage
from vton_hf.builder.columns import roles_in
from vton_hf.builder.context import BuildContext
from vton_hf.builder.draw import STOPPING
from vton_hf.builder.resume import TripletExamples
from vton_hf.builder.splits import name_of, parts_of
from vton_hf.builder.streaming import Stream, cut_shards
from vton_hf.cache import BuildRecord, explained
from vton_hf.errors import ConfigError
from vton_hf.triplets import TRAIN, Manifest


def open_stream(
    context: BuildContext,
    whole: Manifest,
    split: str,
    weights: Mapping[str, float] | None = None,
) -> Stream:
    """What a worker needs to read rows of an epoch.

    Args:
        context: Which dataset.
        whole: Its triplets.
        split: The split whose rows are read. The file that workers map, which holds no other triplets, is kept from
            being pruned until this process ends.
        weights: Another recipe than the config's, for each triplet once.
    """
    config, manifest = context.config, context.parts.manifest(whole, split)
    with explained(context.cache.root):
        context.cache.reserve(BuildRecord(manifest.digest(), {}), manifest.digest())
        path = context.cache.save_manifest(manifest)
    return Stream(
        manifest=path,
        weights=tuple((config.weights if weights is None else weights).items()),
        seed=context.parts.mix(split)["seed"],
        epoch_size=config.epoch_size_of(split) if weights is None else None,
        store=storage.Store(context.settings),
        verify=config.verify,
        on_error=config.on_error,
        embed_images=config.embed_images,
        image_spec=config.image_spec,
        roles=roles_in(manifest.of_pools(context.drawn)),
        mix_by=config.mix_by,
        once=split != TRAIN,
    )


def stream_exactly(context: BuildContext, manifest: Manifest, split: Any, **columns: Any) -> datasets.IterableDataset:
    """The rows of the plan, or the part of them that a split names, in the order of the built dataset.

    Args:
        context: Which dataset.
        manifest: Its triplets.
        split: As in `load_dataset`.
        **columns: `info`, with the features that rows are encoded by, and those `wanted` if others are.
    """
    rows = context.parts.lengths(manifest)
    name = name_of(split, list(rows))
    streams = []
    for of_split, parts in groupby(parts_of(split, rows), key=lambda part: part.split):
        shards = [shard for part in parts for shard in cut_shards(part.rows)]
        origin = context.origin(context.parts.manifest(manifest, of_split), rows[of_split])
        examples = TripletExamples(shards, open_stream(context, manifest, of_split), origin)
        streams.append(_as_dataset(examples, name, **columns))
    return streams[0] if len(streams) == 1 else datasets.concatenate_datasets(streams, split=name)


def generators(context: BuildContext, manifest: Manifest) -> list[datasets.SplitGenerator]:
    """Of each split what `datasets` writes a copy from."""
    context.parts.warn_of_repeats(context.parts.sizes(manifest, TRAIN))
    return [
        datasets.SplitGenerator(
            name=name,
            gen_kwargs={"shards": cut_shards(range(rows)), "stream": open_stream(context, manifest, name)},
        )
        for name, rows in context.parts.lengths(manifest).items()
    ]


def interleave_streams(
    context: BuildContext, manifest: Manifest, split: Any, **columns: Any
) -> datasets.IterableDataset:
    """The pools through `datasets.interleave_datasets`, each mixed first; arguments as of `stream_exactly`.

    Raises:
        ConfigError: If a part is asked for.
    """
    names = context.parts.names
    wanted = names[0] if len(names) == 1 and str(split) == "all" else str(split)
    if wanted not in names:
        raise ConfigError(f"split={split!r} needs mixing='exact' when streaming: 'interleave' has no fixed length.")
    config, stop = context.config, STOPPING[context.config.epoch_size_of(wanted)]
    of_split = context.parts.manifest(manifest, wanted)
    origin = context.origin(of_split, stop)

    def pool(name: str) -> datasets.IterableDataset:
        shards = cut_shards(range(of_split.sizes()[name]))
        examples = TripletExamples(shards, open_stream(context, manifest, wanted, {name: 1.0}), origin)
        return _as_dataset(examples, name_of(wanted, names), **columns)

    return datasets.interleave_datasets(
        [pool(name) for name in context.drawn],
        probabilities=[config.weights[name] for name in context.drawn],
        seed=context.parts.mix(wanted)["seed"],
        split=name_of(wanted, names),
        stopping_strategy=stop,
    )


def _as_dataset(
    examples: TripletExamples,
    split: datasets.NamedSplit,
    *,
    info: datasets.DatasetInfo,
    wanted: datasets.Features | None,
) -> datasets.IterableDataset:
    streamed = datasets.IterableDataset(examples, info=info.copy(), split=split)
    return streamed.select_columns(list(wanted)).cast(wanted) if wanted else streamed
