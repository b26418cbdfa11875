"""`validate`: measure what was not measured, and look for what is wrong with the triplets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Unpack

import pyarrow as pa
from datasets.utils import tqdm

from vton_hf._core.checks import check_choice, check_int, unknown_option
from vton_hf._core.options import CHECK_LEVELS, CheckLevel, Prefixes, ValidateOptions
from vton_hf.builder.builder import VTON
from vton_hf.builder.config import check_workers
from vton_hf.builder.context import BuildContext
from vton_hf.builder.find import Triplets
from vton_hf.builder.share import share_of
from vton_hf.cache import Chunk, How, Statistics, collect, explained, forget, gather, partition
from vton_hf.report.validation import Asked, Measures, Validation, find, thresholds_of
from vton_hf.triplets import Manifest, check_entities, entities_of

_ALONE: Final = "images are not compared with those of other triplets when only a share of them is measured"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a validation.

    Attributes:
        sample: So many triplets, always the same; None for all.
        checks: One of `CHECK_LEVELS`.
        thresholds: By check, in place of the defaults.
        entities: A regular expression for stems, or None.

    Raises:
        ConfigError: If a value makes no sense.
    """

    sample: int | None = None
    checks: str = "all"
    thresholds: Mapping[str, float] | None = None
    entities: str | None = None

    def __post_init__(self) -> None:
        if self.sample is not None:
            check_int("sample", self.sample, least=1, or_else="None for all")
        check_choice("checks", self.checks, CHECK_LEVELS)
        thresholds_of(self.thresholds)
        check_entities(self.entities)


def validate(
    s3_prefixes: Prefixes,
    *,
    sample: int | None = None,
    checks: CheckLevel = "all",
    thresholds: Mapping[str, float] | None = None,
    entities: str | None = None,
    num_proc: int | None = None,
    **options: Unpack[ValidateOptions],
) -> Validation:
    r"""Find what is wrong with triplets: with files, with pictures, between the three images, among all of them.

    What a build has measured, or an earlier call, is not read again; nor is what lies in the cache. A call that was
    stopped goes on where it was.

    Args:
        s3_prefixes: Where the triplets lie; as of `load`.
        sample: Look at so many triplets only, always the same ones.
        checks: What is opened: `"structure"` looks at files without decoding them, `"decode"` at pictures, too, and
            `"all"` compares them.
        thresholds: From where on something is found, by check, in place of the defaults; `docs/validate.md` has them.
        entities: A regular expression with a group `person`, a group `garment` or both that finds them in a stem, such
            as `r"fh_(?P<person>\d+)_e\d+_fc_(?P<garment>\d+)"`.
        num_proc: Worker processes; None measures in this one.
        **options: Of `load`: `gender`, `limit`, `cloth`, `exclude`, `hidden`, `listing`, `cache_dir`,
            `storage_options`, `shared_cache`, `engine` and `shard`, with which only that share of the triplets is
            measured and looked at.

    Returns:
        The findings.

    Raises:
        ConfigError: If an option makes no sense.
        LayoutError: If a prefix matches nothing or no triplet is complete.
        StorageError: If the store does not answer.

    Examples:
        >>> found = validate("s3://bucket/dataset_ultimate/")  # doctest: +SKIP
        >>> load_dataset("vton_hf", "hard", split="train", s3_prefixes=[...],
        ...              exclude=found.exclude_list())  # doctest: +SKIP
    """
    wanted = Wanted(sample, checks, thresholds, entities)
    for name in sorted(set(options) - ValidateOptions.__optional_keys__):
        raise unknown_option(name, sorted(ValidateOptions.__optional_keys__))
    builder = VTON(config_name="hard", s3_prefixes=s3_prefixes, **options)
    how = builder.context.how(builder.run, check_workers(num_proc))
    triplets = builder.find(quiet=True)
    chosen = triplets.manifest if wanted.sample is None else triplets.manifest.sampled(wanted.sample)
    chunks = share_of(partition(chosen, verify="structure"), builder.run)
    statistics, refused = _measured(builder.context, chunks, how, pixels=wanted.checks != "structure")
    alone = "" if builder.run.shard is None else _ALONE
    return report(builder.context, chunks, triplets, statistics, wanted, refused=refused, alone=alone)


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
    with tqdm(total=len(chunks), desc="Looking", unit=" units", disable=None, leave=False) as bar:
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
    manifest = Manifest(pa.concat_tables([whole.table.slice(0, 0), *(chunk.rows for chunk in chunks)]))
    measures = Measures(manifest, statistics.images, statistics.triplets)
    pattern = check_entities(wanted.entities)
    entities = {} if pattern is None else entities_of(measures.rows["stem"], pattern)
    asked = Asked(wanted.checks, thresholds_of(wanted.thresholds), entities, context.prefixes, alone)
    findings, skipped = find(measures, triplets.audit, refused, asked)
    sampled = wanted.sample is not None and len(manifest) < len(whole)
    return Validation(len(manifest), statistics.images.num_rows, sampled, findings, skipped, len(whole))
