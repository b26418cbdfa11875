"""The builder behind `load_dataset("vton_hf", ...)`: configs are recipes over pools that all configs share.

`datasets` replaces `open`, `os.path` and `pathlib.Path` in this module, so nothing here touches files.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import PurePath
from typing import Any, Final

import datasets

from vton_hf import mixing, storage
from vton_hf.builder import assemble, assemble_stream, draw
from vton_hf.builder.config import VERSION, VTONConfig, check_options, check_workers, own_configs
from vton_hf.builder.context import BuildContext
from vton_hf.builder.find import Triplets, find_triplets
from vton_hf.builder.former import FormerSource
from vton_hf.builder.lazy_images import LazyImages
from vton_hf.builder.plain import plain
from vton_hf.builder.prepare import PreparedDataset, open_prepared, prepare
from vton_hf.builder.readable import ReadableBuilder
from vton_hf.builder.run_options import RunOptions
from vton_hf.builder.splits import each_split, splits_in
from vton_hf.builder.streaming import Shard, Stream, read_shards
from vton_hf.cache import CacheDir, Chunk, check_features, features
from vton_hf.errors import ConfigError
from vton_hf.triplets import TRAIN, Manifest
from vton_hf.triplets import VTON as VTON_LAYOUT

_BASE_OPTIONS: Final = {*inspect.signature(datasets.DatasetBuilder.__init__).parameters} - {"data_dir", "data_files"}


class VTON(ReadableBuilder):
    """Person, garment, and the person wearing it, in three mixes of difficulty.

    Most users call `load_dataset("vton_hf", "hard", ...)` or `vton_hf.load("hard", ...)`.
    """

    VERSION = VERSION
    BUILDER_CONFIG_CLASS = VTONConfig
    BUILDER_CONFIGS = own_configs()

    def __init__(
        self,
        cache_dir: str | PurePath | None = None,
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
        self.run = RunOptions.out_of(options)
        options = plain(options)
        check_options(config_name, {name: options[name] for name in options if name not in _BASE_OPTIONS})
        super().__init__(
            cache_dir=cache_dir, dataset_name=dataset_name or "vton_hf", config_name=config_name, **options
        )
        self.config.check()
        self._wanted_features = options.get("features")
        further = self.config.layout != VTON_LAYOUT or self.config.metadata is not None
        check_features(self._wanted_features, features(decode=bool(self.config.embed_images)), further=further)
        settings, cache = storage.settings_for(self.storage_options), CacheDir.within(self._cache_dir_root)
        self.context = BuildContext(self.config, settings, cache, self._cache_dir)
        self._triplets: Triplets | None = None
        self._prepared: PreparedDataset | None = None
        self._attempted = self._copied = False

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description="Virtual Try-On triplets: a person, a garment, and the person wearing it.",
            features=features(decode=bool(self.config.embed_images)),
        )

    def _own_features(self, manifest: Manifest) -> datasets.Features:
        check_features(self._wanted_features, own := self.context.features(manifest))
        return own

    def find(self, *, quiet: bool = False) -> Triplets:
        """The triplets below the prefixes, and what is none; the first call lists, or compares an earlier listing.

        Args:
            quiet: Log nothing of what is left out.

        Raises:
            VTONError: As `load`.
        """
        if self._triplets is None:
            self._triplets = find_triplets(self.context, listing=self.run.listing, quiet=quiet)
            own = self._own_features(self._triplets.manifest)
            self.info.features = self._wanted_features or own
        return self._triplets

    @property
    def triplets(self) -> Triplets:
        """What `find` gives; may be set to what a builder found whose config differs in its recipe alone."""
        return self.find()

    @triplets.setter
    def triplets(self, triplets: Triplets) -> None:
        self._triplets = triplets

    @property
    def prepared(self) -> PreparedDataset:
        """What is built: its pools, reports and skipped triplets.

        Raises:
            StorageError: If nothing is, and the store may not be asked.
            BuildError: If nothing is.
        """
        if self._prepared is None:
            self._prepared = open_prepared(self.context)
        return self._prepared

    @property
    def source(self) -> FormerSource:
        """As in version 0.1."""
        return FormerSource(self)

    def plan(self, sizes: Mapping[str, int] | None = None, split: str = TRAIN) -> mixing.Plan:
        """The mix of a split, of pools of such sizes or of those that are listed; at first, repeats are warned of.

        Raises:
            EmptyPoolError: If a difficulty that has weight has no triplet.
        """
        parts = self.context.parts
        if sizes is None:
            parts.lengths(self.triplets.manifest)
            sizes = parts.sizes(self.triplets.manifest, split)
        return parts.plan(sizes, split)

    def missing_chunks(self) -> list[Chunk]:
        """The chunks that a build would have to write."""
        return self.context.missing_chunks(self.triplets.manifest)

    def download_and_prepare(self, output_dir: str | None = None, **options: Any) -> None:
        """Build the chunks that are missing; with `output_dir`, write the mix there as `datasets` does.

        Args:
            output_dir: A directory for a copy of its own, in `file_format` `"arrow"` or `"parquet"`.
            **options: As in `datasets.DatasetBuilder.download_and_prepare`; `num_proc` worker processes build,
                `download_mode="reuse_cache_if_exists"` lists again, `"force_redownload"` also fetches all again.

        Raises:
            VTONError: As `load`.
        """
        num_proc = check_workers(options.get("num_proc"))
        mode = datasets.DownloadMode(options.get("download_mode") or datasets.DownloadMode.REUSE_DATASET_IF_EXISTS)
        if mode != datasets.DownloadMode.REUSE_DATASET_IF_EXISTS:
            self.run, self._triplets = self.run.relisting(), None
        self._copied = output_dir is not None or options.get("file_format", "arrow") != "arrow"
        if self._copied:
            super().download_and_prepare(output_dir, **options)
            return
        if storage.is_offline():
            self._prepared = open_prepared(self.context)
            return
        if self._attempted:  # what was found for the build before may no longer be true
            self._triplets = None
        self._attempted = True
        how = {"num_proc": num_proc, "refetch": mode == datasets.DownloadMode.FORCE_REDOWNLOAD}
        self._prepared = prepare(self.context, lambda: self.find().manifest, self.run, **how)

    def as_dataset(self, split: Any = None, in_memory: bool = False, **options: Any) -> Any:
        """The mix as a `datasets.Dataset`, or several of them.

        Args:
            split: `"train"`, or another that `splits` names, a slice, a list or dictionary of such, or None for all.
            in_memory: Copy the images into memory instead of mapping their files.
            **options: What other versions of `datasets` pass.

        Raises:
            ConfigError: If the split does not exist.
            EmptyPoolError: If a difficulty that has weight has no usable triplet.
        """
        del options
        if self._copied:
            return super().as_dataset(split, in_memory=in_memory)
        pools, manifest, parts = self.pools(in_memory=bool(in_memory)), self.prepared.manifest, self.context.parts
        drawn = draw.drawn(pools, manifest, parts)
        return each_split(split, partial(self._mix, pools, drawn), datasets.DatasetDict, parts.names)

    def pools(self, *, in_memory: bool = False, split: str | None = None) -> dict[str, datasets.Dataset]:
        """The prepared triplets before they are mixed: a dataset for each difficulty that has weight.

        Args:
            in_memory: Copy the images into memory instead of mapping their files.
            split: Those of this split alone; None takes all.

        Raises:
            EmptyPoolError: If one has no usable triplet.
        """
        manifest, parts = self.prepared.manifest, self.context.parts
        self.info.features = self._own_features(manifest)
        pools = self.prepared.pools(self.info, in_memory=in_memory)
        pools = {name: pools[name] for name in self.context.drawn}
        return pools if split is None else draw.of_split(pools, manifest, parts.rows(manifest, split))

    def _mix(self, pools: Mapping[str, datasets.Dataset], drawn: Callable[[str], Any], split: Any) -> datasets.Dataset:
        parts = self.context.parts
        mixed = {name: drawn(name) for name in splits_in(split, parts.names)}
        if self.config.mixing == "interleave":
            part = assemble.cut(mixed, split)
        else:
            rows = parts.lengths(self.prepared.manifest) | {name: len(each) for name, each in mixed.items()}
            part = assemble.mix_exactly(pools, mixed, split)
            assemble.describe(part.info, name=self.dataset_name, rows=rows, size=self.prepared.bytes)
            self.info.splits = part.info.splits
        part = assemble.with_features(part, self._wanted_features)
        return part if self.config.embed_images else part.with_transform(LazyImages(self.prepared.store()))

    def as_streaming_dataset(self, split: Any = None, base_path: str | None = None) -> Any:
        """The same rows in the same order, fetched while they are consumed.

        Broken images are not known in advance: each is replaced by another triplet of its difficulty.

        Args:
            split: As in `as_dataset`.
            base_path: Not used.
        """
        del base_path
        return each_split(split, self._streamed, datasets.IterableDatasetDict, self.context.parts.names)

    def _streamed(self, split: Any) -> datasets.IterableDataset:
        manifest, stream = self.triplets.manifest, assemble_stream.interleave_streams
        info = self.info.copy()
        info.features = self._own_features(manifest)
        if self.config.mixing == "exact":
            self.context.parts.warn_of_repeats(self.context.parts.sizes(manifest, TRAIN))
            stream = assemble_stream.stream_exactly
        return stream(self.context, manifest, split, info=info, wanted=self._wanted_features)

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        del dl_manager
        if self.config.mixing != "exact":
            raise ConfigError("output_dir= and file_format= need mixing='exact'. Leave them out, or load with it.")
        return assemble_stream.generators(self.context, self.triplets.manifest)

    def _generate_examples(self, shards: list[Shard], stream: Stream) -> Iterator[tuple[int, dict[str, Any]]]:
        yield from read_shards(shards, stream)
