"""The builder behind `load_dataset("vton_hf", ...)`: configs are recipes over pools that all configs share.

`datasets` replaces `open`, `os.path` and `pathlib.Path` in this module, so nothing here touches files.
"""

import inspect
from collections.abc import Iterator
from typing import Any, Final

import datasets

from vton_hf import mixing, storage
from vton_hf.builder import assemble
from vton_hf.builder.config import VERSION, VTONConfig, check_options, plain
from vton_hf.builder.lazy_images import LazyImages
from vton_hf.builder.readable import ReadableBuilder
from vton_hf.builder.resume import Origin, TripletExamples
from vton_hf.builder.source import Source
from vton_hf.builder.splits import SPLIT, each_split, name_of, row_ranges
from vton_hf.builder.streaming import Shard, Stream, cut_shards, read_shards
from vton_hf.cache import CacheDir, check_features, check_usable, features
from vton_hf.errors import ConfigError

_BASE_OPTIONS: Final = frozenset(inspect.signature(datasets.DatasetBuilder.__init__).parameters) - {
    "data_dir",
    "data_files",
}
_STOP: Final = {None: "first_exhausted", "min": "first_exhausted", "max": "all_exhausted"}


class VTON(ReadableBuilder):
    """Person, garment, and the person wearing it, in three mixes of difficulty.

    Most users call `load_dataset("vton_hf", "hard", ...)` or `vton_hf.load("hard", ...)`.

    Attributes:
        source: What the config draws from: the manifest, the audit, the plan, what a build left out.
    """

    VERSION = VERSION
    BUILDER_CONFIG_CLASS = VTONConfig
    BUILDER_CONFIGS = [  # noqa: RUF012 - the contract of datasets
        VTONConfig(
            name=name,
            version=VERSION,
            description=" + ".join(f"{weight:.0%} {pool}" for pool, weight in recipe.items() if weight),
        )
        for name, recipe in mixing.RECIPES.items()
    ]

    def __init__(
        self,
        cache_dir: str | None = None,
        dataset_name: str | None = None,
        config_name: str | None = None,
        **options: Any,
    ) -> None:
        """Check every option; the bucket is listed later, and once.

        Args:
            cache_dir: Where chunks are kept; by default the cache of `datasets`.
            dataset_name: The name below `cache_dir`.
            config_name: `"easy"`, `"medium"` or `"hard"`.
            **options: All that `VTONConfig` names, `features`, `storage_options`, and what `datasets` passes.

        Raises:
            ConfigError: If an option is unknown or makes no sense.
        """
        # No fields of the config, whose hash names the cache.
        how = {name: options.pop(name) for name in ("listing", "retry_skipped") if name in options}
        options = plain(options)
        check_options(config_name, {name: options[name] for name in options if name not in _BASE_OPTIONS})
        super().__init__(
            cache_dir=cache_dir, dataset_name=dataset_name or "vton_hf", config_name=config_name, **options
        )
        self.config.check()
        self._wanted_features = options.get("features")
        check_features(self._wanted_features, self._own_features())
        settings, cache = storage.settings_for(self.storage_options), CacheDir.within(self._cache_dir_root)
        self.source = Source(self.config, settings, cache, self._cache_dir, **how)
        self._exported = False

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description="Virtual Try-On triplets: a person, a garment, and the person wearing it.",
            features=self._own_features(),
        )

    def _own_features(self) -> datasets.Features:
        return features(decode=bool(self.config.embed_images))

    def download_and_prepare(self, output_dir: str | None = None, **options: Any) -> None:
        """Build the chunks that are missing; with `output_dir`, write the mix there as `datasets` does.

        Args:
            output_dir: A directory for a copy of its own, in `file_format` `"arrow"` or `"parquet"`.
            **options: As in `datasets.DatasetBuilder.download_and_prepare`; `num_proc` worker processes build,
                `download_mode="reuse_cache_if_exists"` lists again, `"force_redownload"` also fetches all again.

        Raises:
            VTONError: See `Source.prepare`.
        """
        fresh = self.source.apply_download_mode(options.get("download_mode"))
        self._exported = output_dir is not None or options.get("file_format", "arrow") != "arrow"
        if self._exported:
            super().download_and_prepare(output_dir, **options)
            return
        self.source.prepare(num_proc=options.get("num_proc"), fresh=fresh)

    def as_dataset(self, split: Any = None, in_memory: bool = False, **options: Any) -> Any:
        """The mix as a `datasets.Dataset`, or several of them.

        Args:
            split: `"train"`, a slice of it, a list or dictionary of such, or None for all splits.
            in_memory: Copy the images into memory instead of mapping their files.
            **options: What other versions of `datasets` pass.

        Raises:
            ConfigError: If the split does not exist.
            EmptyPoolError: If a difficulty that has weight has no usable triplet.
        """
        del options
        if self._exported:
            return super().as_dataset(split, in_memory=in_memory)
        parts = self.pools(in_memory=bool(in_memory))
        return each_split(split, lambda part: self._mix(parts, part), datasets.DatasetDict)

    def pools(self, *, in_memory: bool = False) -> dict[str, datasets.Dataset]:
        """The prepared triplets before they are mixed: a dataset for each difficulty that has weight.

        Raises:
            EmptyPoolError: If one has no usable triplet.
        """
        record, cache = self.source.record(), self.source.cache
        if self.config.embed_images:
            variant = self.source.variant()
            parts = {
                name: assemble.open_pool(cache.data_files(chunks), self.info, in_memory=in_memory, variant=variant)
                for name, chunks in record.chunks.items()
            }
            sizes = {name: len(part) for name, part in parts.items()}
            check_usable(sizes, self.source.drawn, self.source.left_out())
            return parts
        manifest = cache.load_manifest(record.manifest)
        whole = assemble.open_pool([cache.uris(record.manifest)], self.info, in_memory=in_memory)
        return {name: whole.select(manifest.rows_of(name)) for name in self.source.drawn}

    def _mix(self, parts: dict[str, datasets.Dataset], split: Any) -> datasets.Dataset:
        config = self.config
        if config.mixing == "interleave":
            stop = _STOP[config.epoch_size]
            mixed = assemble.interleave(parts, config.weights, seed=config.seed, stop=stop, split=split)
        else:
            plan = self.source.plan({name: len(part) for name, part in parts.items()})
            mixed = assemble.mix_exactly(parts, plan, split)
            self._describe(mixed.info, rows=len(plan))
        mixed = assemble.with_features(mixed, self._wanted_features)
        return mixed if config.embed_images else mixed.with_transform(LazyImages(self.source.store_of_rows()))

    def _describe(self, info: datasets.DatasetInfo, *, rows: int) -> None:
        """Say of the mix, as of any dataset, how many rows and bytes it has; joining pools forgets it."""
        size = sum(report.bytes for report in self.source.reports())
        info.splits = datasets.SplitDict(dataset_name=self.dataset_name)
        info.splits.add(datasets.SplitInfo(name=SPLIT, num_bytes=size, num_examples=rows))
        info.dataset_size = info.download_size = size
        self.info.splits = info.splits

    def as_streaming_dataset(self, split: Any = None, base_path: str | None = None) -> Any:
        """The same rows in the same order, fetched while they are consumed.

        Broken images are not known in advance: each is replaced by another triplet of its difficulty.

        Args:
            split: As in `as_dataset`.
            base_path: Not used; prefixes say where the triplets lie.

        Raises:
            ConfigError: If the split does not exist.
        """
        del base_path
        return each_split(split, self._streamed, datasets.IterableDatasetDict)

    def _streamed(self, split: Any) -> datasets.IterableDataset:
        config = self.config
        if config.mixing == "exact":
            rows = len(self.source.plan())
            return self._examples(split, rows, config.weights, config.epoch_size, self.source.origin(rows))
        if str(split) not in (SPLIT, "all"):
            raise ConfigError(f"split={split!r} needs mixing='exact' when streaming: 'interleave' has no fixed length.")
        stop = _STOP[config.epoch_size]
        sizes, drawn, origin = self.source.manifest.sizes(), self.source.drawn, self.source.origin(stop)
        return datasets.interleave_datasets(
            [self._examples(SPLIT, sizes[name], {name: 1.0}, None, origin) for name in drawn],
            probabilities=[config.weights[name] for name in drawn],
            seed=config.seed,
            split=datasets.Split(SPLIT),
            stopping_strategy=stop,
        )

    def _examples(
        self, split: Any, rows: int, weights: dict[str, float], epoch_size: int | str | None, origin: Origin
    ) -> datasets.IterableDataset:
        shards = [shard for part in row_ranges(split, rows) for shard in cut_shards(part)]
        examples = TripletExamples(shards, self.source.stream(weights, epoch_size), origin)
        info = self.info.copy()
        info.features = self._own_features()
        streamed = datasets.IterableDataset(examples, info=info, split=name_of(split))
        wanted = self._wanted_features
        return streamed.select_columns(list(wanted)).cast(wanted) if wanted else streamed

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        del dl_manager
        config = self.config
        if config.mixing != "exact":
            raise ConfigError("A copy with output_dir= needs mixing='exact'.")
        shards = cut_shards(range(len(self.source.plan())))
        arguments = {"shards": shards, "stream": self.source.stream(config.weights, config.epoch_size)}
        return [datasets.SplitGenerator(name=SPLIT, gen_kwargs=arguments)]

    def _generate_examples(self, shards: list[Shard], stream: Stream) -> Iterator[tuple[int, dict[str, Any]]]:
        yield from read_shards(shards, stream)


def load(name: str, *, split: Any = SPLIT, streaming: bool = False, num_proc: int | None = None, **options: Any) -> Any:
    """The dataset of `load_dataset("vton_hf", name, ...)`, through public methods of the builder only.

    Args:
        name: `"easy"`, `"medium"` or `"hard"`.
        split: As in `load_dataset`; None gives a dictionary of all splits.
        streaming: Fetch while iterating instead of building a cache.
        num_proc: Worker processes that build.
        **options: The fields of `VTONConfig`, and `cache_dir`, `features`, `storage_options`, `listing`,
            `retry_skipped`.

    Raises:
        VTONError: See `VTON`.
    """
    each_split(split, lambda part: row_ranges(part, 1), dict)
    builder = VTON(config_name=name, **options)
    if streaming:
        return builder.as_streaming_dataset(split)
    builder.download_and_prepare(num_proc=num_proc)
    return builder.as_dataset(split)
