"""Builds what is missing of a dataset, and opens what was built."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

import datasets

from vton_hf import storage
from vton_hf.builder.assemble import by_values, open_pool
from vton_hf.builder.context import BuildContext
from vton_hf.builder.run_options import RunOptions
from vton_hf.builder.share import build_together, remember
from vton_hf.cache import (
    UNLISTED,
    BuildRecord,
    Chunk,
    How,
    Report,
    SkippedTriplet,
    ask_again,
    build_chunks,
    check_usable,
    explained,
    listings,
    missing,
    publish_rest,
    tell_again,
    warn_of_skipped,
)
from vton_hf.errors import BuildError, ConfigError, StorageError
from vton_hf.images import tell_counts
from vton_hf.naming import DIFFICULTY
from vton_hf.triplets import Manifest


@dataclass(frozen=True, eq=False)
class PreparedDataset:
    """What the cache holds of a dataset.

    Attributes:
        context: Which dataset it is.
        record: The manifest and the chunks it is made of.
    """

    context: BuildContext
    record: BuildRecord

    @cached_property
    def reports(self) -> tuple[Report, ...]:
        """What each chunk holds.

        Raises:
            BuildError: If one is gone from the cache.
        """
        return tuple(self.context.cache.reports(self.record))

    @property
    def skipped(self) -> list[SkippedTriplet]:
        """The triplets that a build could not use."""
        return [item for report in self.reports for item in report.skipped]

    @property
    def bytes(self) -> int:
        """Of all images."""
        return sum(report.bytes for report in self.reports)

    def pools(self, info: datasets.DatasetInfo, *, in_memory: bool) -> dict[str, datasets.Dataset]:
        """A dataset for each difficulty that has weight, in pool order.

        Args:
            info: What the datasets say of themselves.
            in_memory: Copy the files into memory instead of mapping them.

        Raises:
            EmptyPoolError: If one has no usable triplet.
            BuildError: If a file is gone from the cache.
        """
        cache, record, drawn = self.context.cache, self.record, self.context.drawn
        beside = self._beside()
        if not self.context.config.embed_images:
            whole = open_pool([cache.uris(record.manifest)], info, in_memory=in_memory, beside=beside)
            return {name: whole.select(self.manifest.rows_of(name)) for name in drawn}
        variant = self._variant()
        pools = {
            name: open_pool(cache.data_files(chunks), info, in_memory=in_memory, variant=variant, beside=beside)
            for name, chunks in record.chunks.items()
        }
        if self.context.config.mix_by != DIFFICULTY:
            pools = by_values(pools, self.manifest)
        sizes = {name: len(pool) for name, pool in pools.items()}
        # Where each triplet is taken once, whatever its difficulty, one difficulty is not needed.
        needed = [name for name in drawn if sizes[name] or not self.context.parts.is_held_out_alone] or drawn
        check_usable(sizes, needed, self.skipped)
        return pools

    @cached_property
    def manifest(self) -> Manifest:
        """Its triplets.

        Raises:
            BuildError: If they are gone from the cache.
        """
        return self.context.cache.load_manifest(self.record.manifest).by(self.context.config.mix_by)

    def _beside(self) -> tuple[Manifest, Path] | None:
        """The triplets and the file with what else is known of them, if anything is."""
        known = self.manifest.columns is not None
        return (self.manifest, self.context.cache.columns(self.record.manifest)) if known else None

    def store(self) -> storage.Store:
        """Reads the objects of rows that hold URIs, and holds them against what was listed."""
        known = self.context.cache.known(self.record.manifest)  # caches of before have no such file
        return storage.Store(self.context.settings, known=known if known.exists() else None)

    def _variant(self) -> list[str]:
        """What tells the rows from others of the same triplets: those skipped, and chunks that had skipped others."""
        renewed = [str(index) for index, report in enumerate(self.reports) if report.renewed]
        return [*renewed, *(item.key for item in self.skipped)]


def open_prepared(context: BuildContext) -> PreparedDataset:
    """What was prepared before; it is kept from being pruned until this process ends.

    Raises:
        StorageError: If nothing was, and the store may not be asked.
        BuildError: If nothing was.
    """
    record = context.records.load()
    if record is None and storage.is_offline():
        raise StorageError(
            f"HF_DATASETS_OFFLINE is set, and {context.config.name!r} with these options was not built in "
            f"{context.cache.root} before. Unset it and build once, or pass the same options and cache_dir."
        )
    if record is None:
        raise BuildError(f"Nothing is built in {context.directory}. Call download_and_prepare() first.")
    context.records.touch()
    context.cache.reserve(record, context.records.mark)
    return PreparedDataset(context, record)


def prepare(
    context: BuildContext, find: Callable[[], Manifest], run: RunOptions, *, num_proc: int | None, refetch: bool
) -> PreparedDataset | None:
    """Build what is missing and remember the dataset.

    Args:
        context: Which dataset.
        find: Its triplets.
        run: Where and with what.
        num_proc: Worker processes; None builds in this one.
        refetch: Fetch everything again; what is there stays until it is replaced.

    Returns:
        What is built; None where only a share of it was to be.

    Raises:
        StorageError: If the store does not answer.
        EmptyPoolError: If a difficulty that has weight has no triplet.
        BuildError: If the disk is too small or full, or may not be written.
        ImageError: If an image is broken and `on_error="raise"`.
    """
    how = context.how(run, num_proc)
    if run.shard is not None:
        build_together(context, find, run, how)
        return None
    if refetch and how.shared is not None and how.engine is not None:
        raise ConfigError("force_redownload does not go with engine= and shared_cache=: take num_proc= for it.")
    manifest = find()
    context.parts.lengths(manifest)
    by_pool = context.chunks(manifest)
    record, chunks = context.record(manifest, by_pool), list(chain.from_iterable(by_pool.values()))
    root = context.cache.root
    with _listing_forgotten_if_outdated(context), explained(root), context.cache.building(record, context.records.mark):
        todo = chunks if refetch else missing(chunks, context.cache.chunks)
        failed = _build(context, manifest, chunks, todo, how, refetch=refetch, retry=run.retry)
        if not failed:
            context.records.save(record)
    prepared = PreparedDataset(context, _without(record, failed))
    _tell(prepared, built=bool(todo), asks=how.shared is None)
    return prepared


def _without(record: BuildRecord, failed: Container[str]) -> BuildRecord:
    there = {name: [chunk for chunk in chunks if chunk not in failed] for name, chunks in record.chunks.items()}
    return replace(record, chunks=there)


def _tell(prepared: PreparedDataset, *, built: bool, asks: bool) -> None:
    """Warn of what is left out, and, once it is built, of what should be known of the images."""
    context = prepared.context
    _forget_listing_if_outdated(context, [item.reason for item in prepared.skipped])
    warn_of_skipped(prepared.skipped, on_error=context.config.on_error, asks=asks)
    tell_counts(report.noticed for report in prepared.reports if built)


def _build(
    context: BuildContext,
    manifest: Manifest,
    chunks: list[Chunk],
    todo: list[Chunk],
    how: How,
    *,
    refetch: bool,
    retry: bool | None,
) -> Mapping[str, Exception]:
    config, cache = context.config, context.cache
    cache.save_manifest(manifest)
    cache.save_columns(manifest)
    remember(context, how, manifest, chunks)
    tell_again(chunks, cache.chunks)
    failed = build_chunks(
        todo,
        cache.chunks,
        context.store,
        how,
        on_error=config.on_error,
        title=f"Building {config.name}",
        refetch=refetch,
    )
    if retry is not None:
        built = {chunk.name for chunk in todo}
        there = [chunk for chunk in chunks if chunk.name not in built]
        ask_again(there, cache.chunks, context.store, how, everything=retry)
    if how.shared is not None and chunks:
        publish_rest(chunks, cache.chunks, how.shared)
    if not config.embed_images:
        cache.save_uris(manifest)
        cache.save_known(manifest)
    return failed


@contextmanager
def _listing_forgotten_if_outdated(context: BuildContext) -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        _forget_listing_if_outdated(context, [str(error)])
        raise


def _forget_listing_if_outdated(context: BuildContext, reasons: Iterable[str]) -> None:
    """List again next time if what a build met shows that the listing is no longer true."""
    if any(UNLISTED in reason for reason in reasons):
        listings.forget(context.cache.listings, context.store, context.prefixes)
