"""`validate`: measure what was not measured, and look for what is wrong with the triplets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Unpack

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.checks import check_choice, check_int, unknown_option
from vton_hf._core.options import CHECK_LEVELS, CheckLevel, Entities, Prefixes, ValidateOptions
from vton_hf._core.progress import progress_bar
from vton_hf.builder.builder import VTON
from vton_hf.builder.columns import with_columns_of
from vton_hf.builder.config import check_workers
from vton_hf.builder.context import BuildContext
from vton_hf.builder.find import Triplets
from vton_hf.builder.share import share_of
from vton_hf.cache import (
    Chunk,
    How,
    Statistics,
    StatisticsFiles,
    StoredImages,
    collect,
    explained,
    forget,
    gather,
    partition,
)
from vton_hf.report import Evidence, Measures, Scope, Validation, find, thresholds_of
from vton_hf.triplets import Manifest, entities_in, read_entities

_ALONE: Final = "images are not compared with those of other triplets when only a share of them is measured"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a validation.

    Attributes:
        sample: So many triplets, always the same; None for all.
        checks: One of `CHECK_LEVELS`.
        thresholds: By check, in place of the defaults.
        entities: What says who is in a triplet, or None.

    Raises:
        ConfigError: If a value makes no sense.
    """

    sample: int | None = None
    checks: str = "all"
    thresholds: Mapping[str, float] | None = None
    entities: Entities = None

    def __post_init__(self) -> None:
        if self.sample is not None:
            check_int("sample", self.sample, least=1, or_else="None for all")
        check_choice("checks", self.checks, CHECK_LEVELS)
        thresholds_of(self.thresholds)
        read_entities(self.entities)


def validate(
    s3_prefixes: Prefixes,
    *,
    sample: int | None = None,
    checks: CheckLevel = "all",
    thresholds: Mapping[str, float] | None = None,
    entities: Entities = None,
    num_proc: int | None = None,
    **options: Unpack[ValidateOptions],
) -> Validation:
    r"""Find what is wrong with triplets: with files, with pictures, between the three images, among all of them.

    What a build or an earlier call has measured, or one that was stopped, is not read again; nor is what a cache holds.

    Args:
        s3_prefixes: Where the triplets lie; as of `load`.
        sample: Look at so many triplets only, always the same ones.
        checks: `"structure"` looks at files without decoding them, `"decode"` at pictures, too, `"all"` compares them.
        thresholds: From where on something is found, by check, in place of the defaults.
        entities: What says who is in a triplet: a regular expression for stems, with a group `person`, a group
            `garment` or both, or a column for each; see `VTONConfig`.
        num_proc: Worker processes; None measures in this one.
        **options: As of `load`. With `shard` only that share of the triplets is measured and looked at.

    Raises:
        VTONError: As `load`, for what is asked, the prefixes and the store; what is wrong with images is the result.

    Examples:
        >>> found = validate("s3://bucket/", entities=r"p(?P<person>\d+)_g(?P<garment>\d+)")  # doctest: +SKIP
        >>> load("hard", s3_prefixes="s3://bucket/", exclude=found.exclude_list())  # doctest: +SKIP
    """
    wanted = Wanted(sample, checks, thresholds, entities)
    for name in sorted(set(options) - ValidateOptions.__optional_keys__):
        raise unknown_option(name, sorted(ValidateOptions.__optional_keys__))
    return validated(VTON(config_name="hard", s3_prefixes=s3_prefixes, **options), wanted, num_proc)


def validated(builder: VTON, wanted: Wanted, num_proc: int | None) -> Validation:
    """Find what is wrong with all triplets that a builder sees, whatever its config draws.

    Raises:
        VTONError: As `validate`.
    """
    how = builder.context.how(builder.run, check_workers(num_proc))
    triplets = builder.find(quiet=True)
    chosen = triplets.manifest if wanted.sample is None else triplets.manifest.sampled(wanted.sample)
    chunks = share_of(partition(chosen, verify="structure"), builder.run)
    statistics, refused = _measured(builder.context, chunks, how, pixels=wanted.checks != "structure")
    alone = "" if builder.run.shard is None else _ALONE
    return report(builder.context, chunks, triplets, statistics, wanted, refused=refused, alone=alone)


def validation_of(builder: VTON) -> Validation | None:
    """What is wrong with the triplets of a config, by what was measured before; None if not all of it was.

    Raises:
        VTONError: What listing says.
    """
    context, triplets = builder.context, builder.triplets
    chunks = [
        chunk
        for pools in context.cut_together
        for chunk in partition(triplets.manifest.of_pools(pools), verify="structure")
    ]
    statistics = _known(context, chunks)
    return None if statistics is None else report(context, chunks, triplets, statistics, Wanted())


def measures_of(builder: VTON) -> Measures | None:
    """What was measured before of all triplets that a builder sees; None if not all was.

    Raises:
        VTONError: What listing says.
    """
    manifest = builder.triplets.manifest
    statistics = _known(builder.context, partition(manifest, verify="structure"))
    return None if statistics is None else Measures(manifest, statistics.images, statistics.triplets)


def _known(context: BuildContext, chunks: Sequence[Chunk]) -> Statistics | None:
    files = StatisticsFiles(context.cache.statistics)
    if not all(files.is_whole(chunk.unit, chunk.rows) for chunk in chunks):
        return None
    return read_statistics(context, chunks, pixels=True)


def _measured(
    context: BuildContext, chunks: Sequence[Chunk], how: How, *, pixels: bool
) -> tuple[Statistics, Mapping[str, str]]:
    """Measure what was not, and read it all; gives also what could not be read, and why."""
    with explained(context.cache.root):
        refused = gather(chunks, context.cache, context.store, how, pixels=pixels)
        statistics = read_statistics(context, chunks, pixels=pixels)
        if statistics.damaged:
            forget(statistics.damaged, context.cache.statistics)
            refused |= gather(statistics.damaged, context.cache, context.store, how, pixels=pixels)
            statistics = read_statistics(context, chunks, pixels=pixels)
    return statistics, refused


def read_statistics(context: BuildContext, chunks: Sequence[Chunk], *, pixels: bool) -> Statistics:
    """What was measured of the rows of chunks."""
    with progress_bar(total=len(chunks), desc="Looking", unit=" units", leave=False) as bar:
        return collect(chunks, context.cache.statistics, pixels=pixels, progress=bar.update)


def report(
    context: BuildContext,
    chunks: Sequence[Chunk],
    triplets: Triplets,
    statistics: Statistics,
    wanted: Wanted,
    *,
    refused: Mapping[str, str] = MappingProxyType({}),
    alone: str = "",
) -> Validation:
    """Look for what is wrong with triplets whose images were measured.

    Args:
        context: Where they lie.
        chunks: The triplets, cut as they were measured.
        triplets: All that there are, and the keys that belong to none.
        statistics: What was measured of them.
        wanted: What to look for.
        refused: Objects that could not be read, and why.
        alone: Why images are not compared with those of other triplets; empty if they are.
    """
    whole = triplets.manifest
    rows = pa.concat_tables([whole.with_columns(None).table.slice(0, 0), *(chunk.rows for chunk in chunks)])
    manifest = with_columns_of(Manifest(rows), whole)
    measures = Measures(manifest, statistics.images, statistics.triplets)
    known = {} if wanted.entities is None else entities_in(manifest, read_entities(wanted.entities))
    entities = {kind: pc.fill_null(names, "").to_pylist() for kind, names in known.items()}
    scope = Scope(wanted.checks, thresholds_of(wanted.thresholds), entities, context.prefixes, alone)
    findings, skipped = find(measures, triplets.audit, refused, scope)
    sampled = wanted.sample is not None and len(manifest) < len(whole)
    evidence = Evidence(whole, measures, scope, StoredImages(chunks, context.cache, context.store), triplets.audit)
    return Validation(len(manifest), statistics.images.num_rows, sampled, findings, evidence, skipped, len(whole))
