"""One config in one cache: its options, its bucket, and where what becomes of it is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from textwrap import shorten
from typing import Any, Final

import datasets

from vton_hf import storage
from vton_hf._core.digests import digest
from vton_hf.builder.columns import features_of
from vton_hf.builder.config import VTONConfig
from vton_hf.builder.parts import Parts
from vton_hf.builder.resume import Origin
from vton_hf.builder.run_options import RunOptions
from vton_hf.cache import BuildRecord, BuildRecordStore, CacheDir, Chunk, How, missing, partition
from vton_hf.errors import ConfigError, redacted
from vton_hf.naming import DIFFICULTY
from vton_hf.triplets import TRAIN, Manifest, read_names

_ELSEWHERE: Final = {"name", "version", "data_dir", "data_files", "description", "s3_prefixes"}
"""Fields of a config that say nothing beside its name and its prefixes."""

_LONGEST: Final = 100
"""Characters of an option: of a list of keys to leave out, the first will do."""


@dataclass(frozen=True, eq=False)
class BuildContext:
    """What finding, building and streaming have in common.

    Attributes:
        config: Its options, checked.
        settings: How the store is reached.
        cache: Where chunks and manifests lie.
        directory: Where the record of this very dataset lies.
    """

    config: VTONConfig
    settings: storage.StorageSettings
    cache: CacheDir
    directory: str

    @cached_property
    def prefixes(self) -> list[str]:
        """Where the triplets lie, each with its scheme and bucket."""
        return [storage.resolve_prefix(prefix, self.settings) for prefix in self.config.prefixes]

    @cached_property
    def records(self) -> BuildRecordStore:
        """Where the record of this dataset is kept."""
        identity = [*self.prefixes, str(self.settings.endpoint_url), *read_names(self.config.exclude)]
        return BuildRecordStore(self.directory, digest("\n".join(identity)))

    @cached_property
    def store(self) -> storage.Store:
        """Lists and builds: a client takes 0.2 s to make."""
        return storage.Store(self.settings, bulk=True)

    @cached_property
    def parts(self) -> Parts:
        """The splits."""
        return Parts(self.config, self.prefixes, lambda: self.store)

    def how(self, run: RunOptions, num_proc: int | None) -> How:
        """How its chunks come about; see `RunOptions.how`.

        Raises:
            ConfigError: If the shared cache is this cache itself, whose leases would keep its own builds waiting.
        """
        how = run.how(self.settings, self.prefixes, num_proc)
        if how.shared is not None and how.shared.uri.startswith(f"file://{self.cache.root}/"):
            raise ConfigError(
                f"shared_cache={how.shared.uri!r} lies in the cache of this machine, {str(self.cache.root)!r}. Name "
                f"another folder; machines that all see this cache_dir share it already, without shared_cache=."
            )
        return how

    @property
    def drawn(self) -> list[str]:
        """The pools that the recipe gives weight: difficulties, or values of the column that is mixed by."""
        return [name for name, weight in self.config.weights.items() if weight > 0]

    def features(self, manifest: Manifest) -> datasets.Features:
        """The columns of the dataset of these triplets."""
        return features_of(manifest.of_pools(self.drawn), decode=bool(self.config.embed_images))

    def about(self) -> dict[str, Any]:
        """What people know the dataset by: config, prefixes, recipe, and the options that are not the default."""
        config = self.config
        facts: dict[str, Any] = {"config": config.name, "prefixes": list(map(redacted, self.prefixes))}
        facts |= {"weights": config.weights, "epoch_size": config.epoch_size_of(TRAIN), "mixing": config.mixing}
        facts |= {"splits": True} if config.splits is not None else {}
        values = {each.name: getattr(config, each.name) for each in fields(config) if each.name not in _ELSEWHERE}
        options = [f"{name}={value}" for name, value in values.items() if value != getattr(VTONConfig, name)]
        return facts | {"options": [shorten(option, _LONGEST, placeholder=" ...") for option in options]}

    def chunks(self, manifest: Manifest) -> dict[str, list[Chunk]]:
        """The chunks of the pools that are drawn, in their order; none if only URIs are stored."""
        config = self.config
        if not config.embed_images:
            return {}
        manifest = manifest.by(config.mix_by)
        return {
            pools[0]: partition(manifest.of_pools(pools), verify=config.verify, image_spec=config.image_spec)
            for pools in self.cut_together
        }

    @property
    def cut_together(self) -> list[list[str]]:
        """The pools whose chunks are cut together: chunks are by difficulty, whatever is mixed; so all share them."""
        return [[name] for name in self.drawn] if self.config.mix_by == DIFFICULTY else [self.drawn]

    def all_chunks(self, manifest: Manifest) -> list[Chunk]:
        """The same as one list."""
        return [chunk for pool in self.chunks(manifest).values() for chunk in pool]

    def record(self, manifest: Manifest, chunks: Mapping[str, Sequence[Chunk]]) -> BuildRecord:
        """What is remembered of the dataset once it is built; `chunks` as above."""
        names = {name: [chunk.name for chunk in pool] for name, pool in chunks.items()}
        return BuildRecord(manifest.digest(), names, self.about() | {"triplets": manifest.sizes()})

    def missing_chunks(self, manifest: Manifest) -> list[Chunk]:
        """Those of them that a build would have to write."""
        return missing(self.all_chunks(manifest), self.cache.chunks)

    def origin(self, manifest: Manifest, length: int | str) -> Origin:
        """What the rows of a stream follow from; `length` says how many an epoch has, or when it ends."""
        config = self.config
        return Origin.of(
            manifest.of_pools(self.drawn),
            weights=", ".join(f"{name} {weight}" for name, weight in config.weights.items() if weight),
            mixing=config.mixing,
            seed=config.seed,
            length=length,
        )
