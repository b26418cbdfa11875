"""One dataset's way from the bucket to the cache: listed once, built as far as it is missing, remembered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from datasets import DownloadMode

from vton_hf import mixing, storage
from vton_hf.builder.config import check_workers
from vton_hf.builder.find import Triplets, find_triplets
from vton_hf.builder.recorded import Recorded
from vton_hf.builder.resume import Origin
from vton_hf.builder.streaming import Stream
from vton_hf.cache import (
    UNLISTED,
    BuildRecord,
    Chunk,
    ask_again,
    build_chunks,
    cut,
    explained,
    listings,
    missing,
    tell_again,
    tell_left_out,
)
from vton_hf.errors import ConfigError, StorageError
from vton_hf.images import tell_counts
from vton_hf.triplets import Audit, Manifest


@dataclass(eq=False)
class Source(Recorded):
    """What a config draws from.

    Attributes:
        listing: Whether an earlier listing of the bucket may do: one of `listings.MODES`.
        tells: Whether to log what was left out.
        retry_skipped: Whether to ask again for all that earlier builds left out.
    """

    listing: str = "auto"
    tells: bool = True
    retry_skipped: bool = False
    _triplets: Triplets | None = field(default=None, init=False, repr=False)
    _warned: bool = field(default=False, init=False, repr=False)
    _outdated: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ConfigError: If an option is none of those that are allowed.
        """
        listings.check_mode(self.listing)
        if not isinstance(self.retry_skipped, bool):
            raise ConfigError(f"retry_skipped={self.retry_skipped!r} makes no sense. Allowed: True or False.")

    @cached_property
    def _store(self) -> storage.Store:
        """Lists and builds: a client takes 0.2 s to make."""
        return storage.Store(self.settings, many=True)

    @property
    def triplets(self) -> Triplets:
        """What may be drawn, and what not; the bucket is listed at the first look, or an earlier listing compared.

        Raises:
            StorageError: If the store does not answer.
            LayoutError: If a prefix matches nothing or no triplet is complete.
        """
        if self._triplets is None:
            self._triplets = find_triplets(
                self.prefixes, self._store, self.cache, self.config, listing=self.listing, tells=self.tells
            )
        return self._triplets

    def apply_download_mode(self, download_mode: Any) -> bool:
        """Believe no earlier listing if a mode of `datasets` says so; whether it also has all images fetched again."""
        mode = DownloadMode(download_mode or DownloadMode.REUSE_DATASET_IF_EXISTS)
        if mode != DownloadMode.REUSE_DATASET_IF_EXISTS:
            self.listing = "fresh"
            self._triplets = None
        return bool(mode == DownloadMode.FORCE_REDOWNLOAD)

    @property
    def manifest(self) -> Manifest:
        """The triplets that may be drawn; see `triplets`."""
        return self.triplets.manifest

    @property
    def audit(self) -> Audit:
        """Every listed key that is not part of a triplet; see `triplets`."""
        return self.triplets.audit

    def share_listing(self, other: "Source") -> None:
        """Take over what another source listed, which differs in its recipe alone."""
        self._triplets = other.triplets

    @property
    def drawn(self) -> list[str]:
        """The difficulties that the recipe gives weight."""
        return [name for name, weight in self.config.weights.items() if weight > 0]

    def plan(self, sizes: Mapping[str, int] | None = None) -> mixing.Plan:
        """The mix; the first time it is asked for, repeats are warned of.

        Args:
            sizes: Triplets by difficulty; None takes what is listed.

        Raises:
            EmptyPoolError: If a difficulty that has weight has no triplet.
        """
        config = self.config
        sizes = self.manifest.sizes() if sizes is None else sizes
        made = mixing.plan(sizes, config.weights, seed=config.seed, epoch_size=config.epoch_size)
        if not self._warned:
            mixing.warn_of_repeats(made.shares)
            self._warned = True
        return made

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
            name: cut(self.manifest.of_difficulties([name]), verify=config.verify, image_spec=config.image_spec)
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
            BuildError: If the disk is too small or full, or may not be written.
            ImageError: If an image is broken and `on_error="raise"`.
        """
        num_proc = check_workers(num_proc)
        if storage.is_offline():
            self.record()
            return
        if self._outdated:
            self._triplets = None
        self.check_pools()
        by_pool = self.chunks()
        chunks = [chunk for pool in by_pool.values() for chunk in pool]
        names = {name: [chunk.name for chunk in pool] for name, pool in by_pool.items()}
        record = BuildRecord(self.manifest.digest(), names, self.about() | {"triplets": self.manifest.sizes()})
        try:
            with explained(self.cache.root), self.cache.building(record, self._notebook.mark):
                built = self._build(chunks, num_proc=num_proc, fresh=fresh)
                self._notebook.save(record)
        except StorageError as error:
            self._doubt_listing([str(error)])
            raise
        self._record, self._reports = record, None
        self._doubt_listing([item.reason for item in self.left_out()])
        tell_left_out(self.left_out(), on_error=self.config.on_error)
        tell_counts(report.noticed for report in self.reports() if built)

    def _build(self, chunks: list[Chunk], *, num_proc: int | None, fresh: bool) -> bool:
        """Write the chunks that are missing; whether there were any."""
        root = self.cache.chunks
        self.cache.save_manifest(self.manifest)
        todo = chunks if fresh else missing(chunks, root)
        tell_again(chunks, root)
        build_chunks(
            todo,
            root,
            self._store,
            num_proc=num_proc,
            on_error=self.config.on_error,
            title=f"Building {self.config.name}",
            fresh=fresh,
        )
        if self.retry_skipped or self.listing != "cached":
            built = {chunk.name for chunk in todo}
            there = [chunk for chunk in chunks if chunk.name not in built]
            ask_again(there, root, self._store, everything=self.retry_skipped)
        if not self.config.embed_images:
            self.cache.save_uris(self.manifest)
            self.cache.save_known(self.manifest)
        return bool(todo)

    def _doubt_listing(self, reasons: Iterable[str]) -> None:
        """List again next time if what a build met shows that the listing is no longer true."""
        if any(UNLISTED in reason for reason in reasons):
            listings.forget(self.cache.listings, self._store, self.prefixes)
            self._outdated = True

    def store_of_rows(self) -> storage.Store:
        """Reads the objects of prepared rows that hold URIs, and holds them against what was listed."""
        known = self.cache.known(self.record().manifest)  # caches of before have no such file
        return storage.Store(self.settings, known=known if known.exists() else None)

    def stream(self, weights: Mapping[str, float], epoch_size: int | str | None) -> Stream:
        """What a worker needs to stream an epoch of these weights."""
        config = self.config
        with explained(self.cache.root):
            self.cache.claim(BuildRecord(self.manifest.digest(), {}), self.manifest.digest())
            manifest = self.cache.save_manifest(self.manifest)
        return Stream(
            manifest=manifest,
            weights=tuple(weights.items()),
            seed=config.seed,
            epoch_size=epoch_size,
            store=storage.Store(self.settings),
            verify=config.verify,
            on_error=config.on_error,
            embed_images=config.embed_images,
            image_spec=config.image_spec,
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
