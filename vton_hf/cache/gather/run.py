"""Measuring what is missing, on an engine."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from vton_hf._core.progress import progress_bar
from vton_hf.cache.akin import Akin, cut_name
from vton_hf.cache.chunks.build import chunk_names
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.chunks.run import How, may_pass
from vton_hf.cache.gather.unit import Unit
from vton_hf.cache.gather.work import STRUCTURE, GatherUnits
from vton_hf.cache.leases import probe
from vton_hf.cache.records import CacheDir
from vton_hf.cache.statistics import MEASURED_ON_OBJECT, StatisticsFiles
from vton_hf.engines import InProcess, SetAside, on_this_machine, run_units
from vton_hf.storage import Store


def gather(chunks: Sequence[Chunk], cache: CacheDir, store: Store, how: How, *, pixels: bool) -> dict[str, str]:
    """Measure what of some chunks' rows was not measured.

    Args:
        chunks: Whose rows; what they store plays no part.
        cache: Where statistics and chunks lie.
        store: Where the images lie.
        how: Where it is done, and where statistics are shared.
        pixels: Whether pixels are looked at, or files alone.

    Returns:
        Objects that could not be read, and why.

    Raises:
        StorageError: If the store does not answer.
        OSError: If the disk is full.
    """
    folder = cache.statistics
    todo = _missing(chunks, folder, how, pixels=pixels)
    refused: dict[str, str] = {}
    if not todo:
        return refused
    engine = how.engine or on_this_machine(min(how.num_proc or 1, len(todo)))
    here, apart = isinstance(engine, InProcess), engine.remote and how.shared is not None
    work = GatherUnits(store.settings, folder, pixels, how.shared, engine.parallel, apart)
    total = sum(chunk.rows.num_rows for chunk in todo)
    with (
        progress_bar(total=total, desc="Measuring", unit=" triplets") as bar,
        probe(cache.root) if engine.remote and not apart else nullcontext() as seen,
    ):
        work = replace(work, probe=seen, **({"store": store, "progress": bar.update} if here else {}))
        for unit, outcome in run_units(engine, work, units_of(todo, cache), may_pass=may_pass, patient=True):
            if isinstance(outcome, SetAside):
                raise outcome.error
            refused |= dict(outcome.unreadable)
            if not here:
                bar.update(unit.chunk.rows.num_rows)
    if apart and how.shared is not None:
        how.shared.fetch_statistics(StatisticsFiles(folder), [chunk.unit for chunk in todo])
    return refused


def _missing(chunks: Sequence[Chunk], folder: Path, how: How, *, pixels: bool) -> list[Chunk]:
    """The chunks of whose rows some image was not measured; what was published is taken first."""
    files = [StatisticsFiles(folder), *([] if pixels else [StatisticsFiles(folder / STRUCTURE)])]
    left = [chunk for chunk in chunks if not any(each.is_whole(chunk.unit, chunk.rows) for each in files)]
    if left and how.shared is not None:
        published = how.shared.measured()
        how.shared.fetch_statistics(files[0], [chunk.unit for chunk in left if chunk.unit in published])
        left = [chunk for chunk in left if not files[0].is_whole(chunk.unit, chunk.rows)]
    return left


def units_of(chunks: Sequence[Chunk], cache: CacheDir) -> list[Unit]:
    """Where what is known of the rows of chunks may lie."""
    files, stored = StatisticsFiles(cache.statistics), Akin(_stored(cache.chunks))
    return [
        Unit(
            chunk,
            tuple(files.akin(chunk.pool, chunk.bits)),
            tuple(
                (cache.chunks / name, _how(name)) for name in sorted(stored.of(chunk.pool, chunk.bits), key=_of_objects)
            ),
        )
        for chunk in chunks
    ]


def _stored(root: Path) -> Iterator[tuple[str, str, str]]:
    """Pool, bits and name of each chunk, however it stores images."""
    for name in chunk_names(root):
        if name.count("-") >= 4:  # noqa: PLR2004 - how, difficulty, gender, bits and digest
            group, bits = cut_name(name)
            yield "-".join(group.rsplit("-", 2)[1:]), bits, name


def _how(name: str) -> str:
    return name.rsplit("-", 4)[0]


def _of_objects(name: str) -> bool:
    """Sorts chunks that hold the objects' own bytes before all others."""
    return _how(name) != MEASURED_ON_OBJECT
