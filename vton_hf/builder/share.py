"""A share of a build: what one of several processes does, each by itself, on whatever machine."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import fields, replace
from itertools import chain
from typing import Any, Final

from vton_hf._core.digests import digest
from vton_hf.builder.context import BuildContext
from vton_hf.builder.run_options import RunOptions
from vton_hf.cache import (
    BuildStatus,
    Chunk,
    FrozenPlan,
    How,
    Place,
    SharedRecord,
    SharedRecords,
    build_chunks,
    publish_rest,
    refusal,
)
from vton_hf.errors import BuildError, StorageError
from vton_hf.triplets import Manifest

_NAMES_IT: Final = {"version", "data_dir", "data_files", "description", "s3_prefixes", "exclude"} | {
    *("splits", "split_by", "entities")
}
"""Fields of a config that say nothing of what is built, or are in the identity in another form."""


def build_together(context: BuildContext, find: Callable[[], Manifest], run: RunOptions, how: How) -> BuildStatus:
    """Build what is missing in the place that several processes share, or this process's share of it.

    Args:
        context: Which dataset.
        find: Its triplets, as they are listed.
        run: Which share, and whether a plan that was frozen before may be another one.
        how: Where and with what.

    Returns:
        How far the whole build is.

    Raises:
        BuildError: If others build from another manifest, or chunks failed again and again.
        VTONError: As `prepare`.
    """
    place = Place(context.cache, how.shared)
    manifest = frozen_manifest(context, place, find, run) if run.shard is not None else find()
    by_pool = context.chunks(manifest)
    chunks = list(chain.from_iterable(by_pool.values()))
    remember(context, how, manifest, chunks)
    with context.cache.building(context.record(manifest, by_pool), context.records.mark):
        done = publish_rest(chunks, context.cache.chunks, how.shared) if how.shared else place.done(chunks)
        todo = [chunk for chunk in share_of(chunks, run) if chunk.name not in done]
        apart = replace(how, apart=how.shared is not None, allow_missing=True)
        how_far = f"Building {context.config.name}" + (f" {run.shard[0]}/{run.shard[1]}" if run.shard else "")
        on_error = context.config.on_error
        failed = build_chunks(todo, context.cache.chunks, context.store, apart, on_error=on_error, title=how_far)
    place.failures.write(failed)
    status = place.status(chunks)
    if failed and not how.allow_missing:
        raise refusal(failed, len(todo))
    return status


def frozen_manifest(context: BuildContext, place: Place, find: Callable[[], Manifest], run: RunOptions) -> Manifest:
    """The manifest that all shares build from: that of the first process, unless it is done or given up.

    Raises:
        BuildError: If this process found another one.
        VTONError: What listing says.
    """
    plans = place.plans(identity(context))
    frozen = plans.load(plans.latest()) if run.listing == "cached" else None
    if frozen is not None:
        return frozen
    manifest = find()

    def is_over(plan: FrozenPlan) -> bool:
        frozen = None if run.listing == "fresh" else plans.load(plan)
        if frozen is None:
            return True
        chunks = context.all_chunks(frozen)
        return len(place.done(chunks)) == len(chunks)

    plan = plans.freeze(manifest, over=is_over)
    if plan.manifest != manifest.digest():
        raise BuildError(
            f"The shares in {place.root} are built from manifest {plan}, but this process found "
            f"{manifest.digest()} ({len(manifest):,} triplets): the bucket has changed since. listing='cached' "
            f"(--listing cached) builds what was frozen, listing='fresh' (--listing fresh) freezes what is there now."
        )
    return manifest


def status_of(context: BuildContext, find: Callable[[], Manifest], how: How) -> BuildStatus:
    """How far a build is: of the plan that was frozen, if there is one, or else of what is listed.

    Raises:
        VTONError: What the store says.
    """
    place = Place(context.cache, how.shared)
    plans = place.plans(identity(context))
    frozen = plans.load(plans.latest())
    return place.status(context.all_chunks(find() if frozen is None else frozen))


def remember(context: BuildContext, how: How, manifest: Manifest, chunks: Sequence[Chunk]) -> None:
    """Keep what is about to be used in a shared cache from being pruned.

    Raises:
        StorageError: If it does not take that, and publishing is what this process is for.
    """
    if how.shared is not None and chunks:
        names, about = [chunk.name for chunk in chunks], context.about() | {"triplets": manifest.sizes()}
        with nullcontext() if how.shared.strict else suppress(StorageError):
            record = SharedRecord(identity(context), manifest.digest(), names, about)
            SharedRecords(how.shared).remember(record)


def identity(context: BuildContext) -> str:
    """Tells a dataset from others on every machine, whatever the bucket holds."""
    config = context.config
    options: list[Any] = [(each.name, getattr(config, each.name)) for each in fields(config)]
    return digest(repr([context.records.tag, *((name, value) for name, value in options if name not in _NAMES_IT)]))


def share_of(chunks: Sequence[Chunk], run: RunOptions) -> list[Chunk]:
    """Every n-th by the hash of its name: shares are alike, and so is what each process takes for its own."""
    index, count = run.shard or (0, 1)
    return sorted(chunks, key=lambda chunk: digest(chunk.name))[index::count]
