"""Which options of a torch dataset are whose, and which columns its samples have."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vton_hf._core.checks import must_be, unknown_option
from vton_hf.errors import ConfigError
from vton_hf.loader.options import DatasetOptions
from vton_hf.naming import ROLES

COLUMNS: Final = (*ROLES, "difficulty", "stem")
_STORED: Final = (
    "image_format",
    "image_quality",
    "retry_skipped",
    "shared_cache",
    "engine",
    "allow_missing",
    "statistics",
)
TRANSFORM_OPTIONS: Final = ("sync", "on_error", "max_broken", "image_size", "aspect", "to_srgb", "dtype")
_CHOICE: Final = ("gender", "limit", "cloth", "exclude", "hidden", "default_difficulty", "difficulty_of")
_CHOICE_BY_COLUMN: Final = ("layout", "metadata", "where", "companions", "mix_by")
_SPLITS: Final = ("splits", "split_by", "entities")
BUILDER_OPTIONS: Final = (*_CHOICE, *_CHOICE_BY_COLUMN, *_SPLITS, "verify", "cache_dir", "listing", *_STORED)


def sample_columns(columns: Sequence[str], there: Sequence[str], companions: Sequence[str]) -> tuple[str, ...]:
    """Those of each sample: the usual ones, as far as rows have them, companions, and those that were asked for."""
    usual = [name for name in there if name in COLUMNS or name in companions]
    further = [name for name in there if name not in usual]
    if isinstance(columns, str) or not set(columns) <= {*usual, *further}:
        raise must_be("columns", columns, f"a list of {', '.join(further)}")
    return (*usual, *(name for name in further if name in columns))


def check_names(options: Mapping[str, Any]) -> None:
    """Refuse options that nothing takes.

    Raises:
        ConfigError: With the nearest that there is.
    """
    for name in sorted(set(options) - {*TRANSFORM_OPTIONS, *BUILDER_OPTIONS}):
        raise unknown_option(name, [*DatasetOptions.__annotations__, "s3_bucket", "s3_prefixes", "transform"])
    if options.get("on_error") == "skip":
        raise ConfigError(
            "on_error='skip' is for streams: a dataset with an index has as many samples as rows. "
            "Allowed here: 'replace', 'raise'."
        )


def of_builder(options: Mapping[str, Any], *, materialize: bool) -> dict[str, Any]:
    """Those of the options that are the builder's."""
    chosen: dict[str, Any] = {name: options[name] for name in BUILDER_OPTIONS if name in options}
    if materialize:
        chosen |= {name: options[name] for name in ("image_size", "aspect", "to_srgb") if name in options}
        if options.get("on_error") == "raise":
            chosen["on_error"] = "raise"
    return chosen | {"embed_images": materialize}
