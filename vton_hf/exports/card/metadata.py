"""The header's keys that are ours: where the files of each config lie, and what they hold."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import datasets
from datasets.info import DatasetInfosDict
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCardData

from vton_hf.errors import ConfigError
from vton_hf.exports.card.contents import Contents, by_difficulty, hardest
from vton_hf.naming import DIFFICULTIES

TASKS: Final = ("image-to-image",)
TAGS: Final = ("virtual-try-on", "fashion", "vton-hf")
_SIZES: Final = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")

Entry = dict[str, Any]


def merged(old: Mapping[str, Any], contents: Sequence[Contents], *, license: str | None) -> Entry:  # noqa: A002
    """The header with these configs in it; `Contents.name` decides which entries are replaced.

    Raises:
        ConfigError: If an entry of the old header is not what `datasets` expects there.
    """
    ours = [_described(each) for each in contents]
    configs, infos = entries(old, "configs"), entries(old, "dataset_info")
    for config, info in ours:
        # A folder or an own schema would no longer fit the files.
        configs = _with_entry(configs, config, without=("data_dir", "features"))
        infos = _with_entry(infos, info, without=())
    _choose_default(configs)
    new = dict(old)
    if license is not None or old.get("license") is None:
        new["license"] = license or "unknown"
    new["task_categories"] = _with(old.get("task_categories"), TASKS)
    new["tags"] = _with(old.get("tags"), TAGS)
    size = size_category(max(map(_rows, infos)))
    new["size_categories"] = old["size_categories"] if _listed(old.get("size_categories")) == [size] else [size]
    new["dataset_info"] = infos if len(infos) > 1 else infos[0]
    new["configs"] = configs
    return new


def config_entries(header: Mapping[str, Any]) -> dict[str, Entry]:
    """The configs of a merged header, by name."""
    return {entry["config_name"]: entry for entry in header["configs"]}


def default_config(header: Mapping[str, Any]) -> str | None:
    """The config that stock `load_dataset` takes where none is named.

    Raises:
        ConfigError: If there are several.
    """
    names = [name for name, entry in config_entries(header).items() if name == "default" or entry.get("default")]
    if len(names) > 1:
        raise _odd("configs", f"one default config, not {len(names)} ({', '.join(names)})")
    return names[0] if names else None


def columns(header: Mapping[str, Any]) -> dict[str, str]:
    """The columns of our configs in a merged header, with their types."""
    infos = {entry["config_name"]: entry for entry in entries(header, "dataset_info")}
    kinds: dict[str, str] = {}
    for name in sorted(infos, key=by_difficulty):
        if name in DIFFICULTIES:
            kinds |= {column["name"]: _kind(column) for column in infos[name].get("features") or ()}
    return kinds


def paths(value: Any) -> list[str]:
    """The paths and globs of `data_files`, in any of the ways that it may be written."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [value.get("path")] if "split" in value else list(value.values())
    return [path for each in value for path in paths(each)] if isinstance(value, list) else []


def size_category(rows: int) -> str:
    """A number of rows as the Hub's list of sizes has it.

    >>> [size_category(rows) for rows in (999, 1000, 5_000_000, 10**12)]
    ['n<1K', '1K<n<10K', '1M<n<10M', 'n>1T']
    """
    steps = [1000 * 10**power for power in range(len(_SIZES))]
    index = sum(rows >= step for step in steps)
    if index == 0:
        return f"n<{_SIZES[0]}"
    return f"n>{_SIZES[-1]}" if index == len(_SIZES) else f"{_SIZES[index - 1]}<n<{_SIZES[index]}"


def _described(contents: Contents) -> tuple[Entry, Entry]:
    """The entries of a config in `configs` and `dataset_info`, as stock `push_to_hub` writes them."""
    name, splits = contents.name, contents.splits
    info = datasets.DatasetInfo(
        config_name=name,
        features=contents.features,
        splits=datasets.SplitDict(),
        download_size=sum(split.download for split in splits.values()),
        dataset_size=sum(split.bytes for split in splits.values()),
    )
    for key, split in splits.items():
        info.splits.add(datasets.SplitInfo(name=key, num_bytes=split.bytes, num_examples=split.rows))
    files = [{"split": key, "path": split.files} for key, split in splits.items()]
    data = DatasetCardData()
    MetadataConfigs({name: {"data_files": files}}).to_dataset_card_data(data)
    DatasetInfosDict({name: info}).to_dataset_card_data(data)
    return data["configs"][0], {"config_name": name, **data["dataset_info"]}


def entries(header: Mapping[str, Any], key: str) -> list[Entry]:
    """A list of configs, each with its name; a single `dataset_info` may stand there without the list."""
    value = header.get(key)
    if key == "dataset_info" and isinstance(value, dict):
        value = [value]
    listed = value or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise _odd(key, "a list with an entry for each config")
    named = [{"config_name": "default", **entry} if key == "dataset_info" else entry for entry in listed]
    names = [entry.get("config_name") for entry in named]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise _odd(key, "an own `config_name` in every entry")
    return named


def _with_entry(entries: Iterable[Entry], entry: Entry, *, without: Iterable[str]) -> list[Entry]:
    """The entry in place of the one of its name, of which unknown keys stay, or where its difficulty belongs."""
    ordered, name = list(entries), entry["config_name"]
    names = [each["config_name"] for each in ordered]
    if name in names:
        index = names.index(name)
        ordered[index] = {key: value for key, value in ordered[index].items() if key not in without} | entry
        return ordered
    later = (
        index for index, each in enumerate(names) if each in DIFFICULTIES and by_difficulty(each) > by_difficulty(name)
    )
    ordered.insert(next(later, len(ordered)), entry)
    return ordered


def _choose_default(configs: list[Entry]) -> None:
    """Let `load_dataset` without a name work: of several configs, one has to be the default."""
    if len(configs) > 1 and default_config({"configs": configs}) is None:
        names = [entry["config_name"] for entry in configs]
        index = names.index(hardest(names))
        configs[index] = {**configs[index], "default": True}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _with(value: Any, ours: Iterable[str]) -> Any:
    there = _listed(value)
    missing = [each for each in ours if each not in there]
    return [*there, *missing] if missing else value


def _rows(info: Entry) -> int:
    splits = info.get("splits")
    counts = (
        [split.get("num_examples") for split in splits if isinstance(split, dict)] if isinstance(splits, list) else []
    )
    return sum(count for count in counts if isinstance(count, int))


def _kind(column: Mapping[str, Any]) -> str:
    """A column's type in a word, such as Image, string or list."""
    kind = column.get("dtype") or next((key for key in column if key != "name"), "")
    return {"image": "Image"}.get(kind, kind) if isinstance(kind, str) else next(iter(kind), "")


def _odd(key: str, expected: str) -> ConfigError:
    return ConfigError(f"The YAML header of README.md: `{key}` should hold {expected}. Mend it; nothing was written.")
