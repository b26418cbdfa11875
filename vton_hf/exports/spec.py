"""What to export: which configs and splits, in which columns and files; checked before anything is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from inspect import signature
from typing import Any, Final

import datasets

from vton_hf._core.checks import check_choice, must_be, unknown_option
from vton_hf._core.options import EXPORT_FORMATS, PushOptions
from vton_hf.builder import VTON, VTONConfig, check_split, splits_in
from vton_hf.errors import ConfigError
from vton_hf.exports.columns import Columns, parse_columns
from vton_hf.exports.shards import MAX_SHARD_SIZE, parse_size
from vton_hf.mixing import RECIPES

SUFFIXES: Final = {"parquet": ".parquet", "webdataset": ".tar"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSpec:
    """What is exported, and how; checked.

    Attributes:
        configs: The names of the mixes.
        splits: What each split holds, as `split=` of `load_dataset`.
        columns: What leaves of each row.
        format: `"parquet"` or `"webdataset"`.
        max_shard_size: Bytes that a file may have.
        num_proc: Worker processes of a build.
    """

    configs: tuple[str, ...]
    splits: Mapping[str, Any]
    columns: Columns
    format: str
    max_shard_size: int
    num_proc: int | None

    @property
    def suffix(self) -> str:
        """Of a file's name."""
        return SUFFIXES[self.format]


def parse_export(
    configs: str | Sequence[str],
    *,
    split: Any = None,
    num_proc: int | None = None,
    columns: Any = None,
    caption: str | None = None,
    format: str = "parquet",  # noqa: A002 - what users write
    max_shard_size: int | str | None = None,
    **load_options: Any,
) -> tuple[ExportSpec, list[VTON]]:
    """Check what is asked for; gives how to export, and a builder for each of `configs`.

    Raises:
        ConfigError: If it makes no sense.
    """
    check_choice("format", format, EXPORT_FORMATS)
    _check_names(load_options)
    for name in ("features", "streaming"):
        if load_options.pop(name, None):
            raise ConfigError(
                f"{name}= is not for exports: {'columns= chooses columns' if name == 'features' else ''}"
                f"{'embed_images=False exports images without storing them here first' if name == 'streaming' else ''}."
            )
    names = _names(configs)
    builders = [VTON(config_name=name, **load_options) for name in names]
    spec = ExportSpec(
        configs=tuple(names),
        splits=_splits(split, builders[0].context.parts.names),
        columns=parse_columns(columns, caption),
        format=format,
        max_shard_size=parse_size(MAX_SHARD_SIZE if max_shard_size is None else max_shard_size),
        num_proc=num_proc,
    )
    config = builders[0].config
    if config.mixing == "interleave" and not config.embed_images:
        raise ConfigError("mixing='interleave' mixes what is built: here it needs embed_images=True.")
    return spec, builders


def _check_names(load_options: Mapping[str, Any]) -> None:
    """Refuse names that neither an export nor a builder knows; those of the builder alone it checks itself."""
    allowed = {*PushOptions.__annotations__, "configs", "license", "dry_run"}
    builders = {*signature(datasets.DatasetBuilder).parameters, *(field.name for field in fields(VTONConfig))}
    for name in sorted(set(load_options) - allowed - builders - {"features", "streaming"}):
        raise unknown_option(name, allowed)


def _names(configs: str | Sequence[str]) -> list[str]:
    names = [configs] if isinstance(configs, str) else list(configs)
    if not names or len(set(names)) != len(names) or not set(names) <= set(RECIPES):
        raise must_be("configs", configs, f"one or more of {', '.join(map(repr, RECIPES))}, each once")
    return names


def _splits(split: Any, names: Sequence[str]) -> dict[str, Any]:
    if split is None:
        return {name: name for name in names}
    splits = split if isinstance(split, dict) else {_called(split, names): split}
    wrong = [name for name in splits if not isinstance(name, str) or not name.isidentifier() or name == "all"]
    if not splits or wrong or any(isinstance(part, (dict, list, tuple)) for part in splits.values()):
        several = "{'train': 'train[:90%]', 'validation': 'train[90%:]'}"
        rule = f"None for all, a slice such as 'train[:90%]', or several by name, such as {several}"
        raise must_be("split", split, rule)
    check_split(splits, names)
    return splits


def _called(split: Any, names: Sequence[str]) -> str:
    """What a single split is called where it goes: as the one that it is a part of.

    Raises:
        ConfigError: If it is a part of several.
    """
    parts = [] if isinstance(split, (list, tuple)) else splits_in(split, names)
    if len(parts) > 1:
        raise ConfigError(
            f"split={split!r} is of several splits, {' and '.join(parts)}. Say what its rows are called, such as "
            f"split={{'held_out': {str(split)!r}}}."
        )
    return parts[0] if parts else names[0]
