"""One dataset's way from the bucket to the cache: listed once, built as far as it is missing, remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

import pyarrow as pa
from datasets import DownloadMode
from datasets.utils import tqdm

from vton_hf import listings, mixing, storage
from vton_hf.chunks import Chunk, LeftOut, Report, build_chunks, cut, missing
from vton_hf.config import VTONConfig
from vton_hf.errors import BuildError, ConfigError, StorageError
from vton_hf.left_out import tell_left_out
from vton_hf.records import Cache, Notebook, Record
from vton_hf.resume import Origin
from vton_hf.streaming import Stream
from vton_hf.triplets import Audit, Manifest, read_names


@dataclass(eq=False)
class Source:
    """What a config draws from.

    Attributes:
        config: Its options, checked.
        settings: How the store is reached.
        cache: Where chunks and manifests lie.
        directory: Where the record of this very dataset lies.
        listing: Whether an earlier listing of the bucket may do: one of `listings.MODES`.
    """

    config: VTONConfig
    settings: storage.StorageSettings
    cache: Cache
    directory: str
    listing: str = "auto"
    _record: Record | None = field(default=None, init=False, repr=False)
    _reports: list[Report] | None = field(default=None, init=False, repr=False)

    @cached_property
    def prefixes(self) -> list[str]:
        """Where the triplets lie, each with its scheme and bucket."""
        return [storage.resolve_prefix(prefix, self.settings) for prefix in self.config.prefixes]

    @cached_property
    def _store(self) -> storage.Store:
        """Lists and builds: a client takes 0.2 s to make."""
        return storage.Store(self.settings, many=True)

    @cached_property
    def _notebook(self) -> Notebook:
        said = "\n".join([*self.prefixes, str(self.settings.endpoint_url), *read_names(self.config.exclude)])
        return Notebook(self.directory, blake2b(said.encode(), digest_size=8).hexdigest())

    @cached_property
    def _survey(self) -> tuple[Manifest, Audit]:
        config = self.config
        if storage.is_offline():
            raise StorageError(
                "HF_DATASETS_OFFLINE is set: the bucket may not be listed. Unset it to stream or to build."
            )

        def list_all() -> pa.Table:
            with tqdm(desc="Listing", unit=" keys", unit_scale=True) as bar:
                return self._store.list(self.prefixes, progress=bar.update)

        found = listings.find(self.cache.listings, self._store, self.prefixes, self.listing, list_all)
        rules = {"cloth": config.cloth, "exclude": config.exclude, "gender": config.gender, "limit": config.limit}
        manifest, audit = listings.surveyed(found, self.cache, **rules)
        audit.log()
        return manifest, audit

    def obey(self, download_mode: Any) -> bool:
        """Believe no earlier listing if a mode of `datasets` says so; whether it also has all images fetched again."""
        mode = DownloadMode(download_mode or DownloadMode.REUSE_DATASET_IF_EXISTS)
        if mode != DownloadMode.REUSE_DATASET_IF_EXISTS:
            self.listing = "fresh"
            self.__dict__.pop("_survey", None)
        return bool(mode == DownloadMode.FORCE_REDOWNLOAD)

    @property
    def manifest(self) -> Manifest:
        """The triplets that may be drawn; the bucket is listed at the first look, or an earlier listing compared.

        Raises:
            StorageError: If the store does not answer.
            LayoutError: If a prefix matches nothing or no triplet is complete.
        """
        return self._survey[0]

    @property
    def audit(self) -> Audit:
        """Every listed key that is not part of a triplet."""
        return self._survey[1]

    def share_listing(self, other: "Source") -> None:
        """Take over what another source listed, which differs in its recipe alone."""
        self.__dict__["_survey"] = other._survey  # noqa: SLF001 - how `cached_property` remembers

    @property
    def drawn(self) -> list[str]:
        """The difficulties that the recipe gives weight."""
        return [name for name, weight in self.config.weights.items() if weight > 0]

    def plan(self, sizes: Mapping[str, int] | None = None) -> mixing.Plan:
        """The mix.

        Args:
            sizes: Triplets by difficulty; None takes what is listed.

        Raises:
            EmptyPoolError: If a difficulty that has weight has no triplet.
        """
        config = self.config
        return mixing.plan(
            self.manifest.sizes() if sizes is None else sizes,
            config.weights,
            seed=config.seed,
            epoch_size=config.epoch_size,
        )

    def check_pools(self) -> None:
        """Find out before anything is fetched whether the mix can be made.

        Raises:
            EmptyPoolError: If a difficulty that has weight has no triplet.
        """
        config = self.config
        mixing.epoch_length(self.manifest.sizes(), config.weights, config.epoch_size)

    def chunks(self) -> dict[str, list[Chunk]]:
        """The chunks of the difficulties that are drawn, in pool order; none if only URIs are stored."""
        config = self.config
        if not config.embed_images:
            return {}
        return {
            name: cut(self.manifest.of_difficulties([name]), verify=config.verify, preparation=config.preparation)
            for name in self.drawn
        }

    def missing_chunks(self) -> list[Chunk]:
        """Those of them that a build would have to write."""
        return missing([chunk for chunks in self.chunks().values() for chunk in chunks], self.cache.chunks)

    def prepare(self, *, num_proc: int | None, fresh: bool) -> None:
        """Build what is missing and remember the dataset.

        Args:
            num_proc: Worker processes; None builds in this one.
            fresh: Fetch everything again; what is there stays until it is replaced.

        Raises:
            ConfigError: If `num_proc` makes no sense.
            StorageError: If the store does not answer, or offline if nothing was built.
            EmptyPoolError: If a difficulty that has weight has no triplet.
            BuildError: If the disk is too small.
            ImageError: If an image is broken and `on_error="raise"`.
        """
        if num_proc is not None and (type(num_proc) is not int or num_proc < 1):
            raise ConfigError(f"num_proc={num_proc!r} makes no sense. Allowed: a whole number from 1, or None.")
        if storage.is_offline():
            self.record()
            return
        self.check_pools()
        by_pool = self.chunks()
        chunks = [chunk for pool in by_pool.values() for chunk in pool]
        names = {name: [chunk.name for chunk in pool] for name, pool in by_pool.items()}
        record = Record(self.manifest.digest(), names)
        self._notebook.claim(record)
        self.cache.save_manifest(self.manifest)
        build_chunks(
            chunks,
            self.cache.chunks,
            self._store,
            num_proc=num_proc,
            on_error=self.config.on_error,
            title=f"Building {self.config.name}",
            fresh=fresh,
        )
        if not self.config.embed_images:
            self.cache.save_uris(self.manifest)
        self._notebook.save(record)
        self._record, self._reports = record, None
        tell_left_out(self.left_out(), on_error=self.config.on_error)

    def record(self) -> Record:
        """How the dataset was prepared.

        Raises:
            StorageError: If it was not, and the store may not be asked.
            BuildError: If it was not.
        """
        if self._record is None:
            self._record = self._notebook.load()
        if self._record is None and storage.is_offline():
            raise StorageError(
                f"HF_DATASETS_OFFLINE is set, and {self.config.name!r} with these options was not built in "
                f"{self.cache.root} before. Unset it and build once, or pass the same options and cache_dir."
            )
        if self._record is None:
            raise BuildError(f"Nothing is built in {self.directory}. Call download_and_prepare() first.")
        return self._record

    def reports(self) -> list[Report]:
        """What each chunk of the prepared dataset holds.

        Raises:
            BuildError: If one is gone from the cache.
        """
        if self._reports is None:
            self._reports = self.cache.reports(self.record())
        return self._reports

    def left_out(self) -> list[LeftOut]:
        """The triplets that were found broken while building."""
        return [item for report in self.reports() for item in report.left_out]

    def stream(self, weights: Mapping[str, float], epoch_size: int | str | None) -> Stream:
        """What a worker needs to stream an epoch of these weights."""
        config = self.config
        self._notebook.claim(Record(self.manifest.digest(), {}))
        return Stream(
            manifest=self.cache.save_manifest(self.manifest),
            weights=tuple(weights.items()),
            seed=config.seed,
            epoch_size=epoch_size,
            store=storage.Store(self.settings),
            verify=config.verify,
            on_error=config.on_error,
            embed_images=config.embed_images,
            preparation=config.preparation,
        )

    def origin(self, length: int | str) -> Origin:
        """What the rows of a stream follow from; `length` says how many an epoch has, or when it ends."""
        config = self.config
        return Origin.of(
            self.manifest.of_difficulties(self.drawn),
            weights=", ".join(f"{name} {weight}" for name, weight in config.weights.items() if weight),
            mixing=config.mixing,
            seed=config.seed,
            length=length,
        )
