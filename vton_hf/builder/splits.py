"""`split=` in all its forms, turned into ranges of rows of the splits that there are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import datasets

from vton_hf.errors import ConfigError
from vton_hf.triplets import TRAIN

_ALONE: Final = (TRAIN,)


class Part(NamedTuple):
    """Rows of one split."""

    split: str
    rows: range


def parts_of(split: Any, rows: Mapping[str, int]) -> list[Part]:
    """The rows that a split names.

    Args:
        split: A split's name, `"all"`, a slice such as `"train[:10%]"`, a sum of them, a
            `datasets.ReadInstruction` or a `datasets.Split`.
        rows: The rows of each split that there is.

    Returns:
        Parts, to be joined in order.

    Raises:
        ConfigError: If it names another split or cannot be read.

    >>> parts_of("train[:10%]+train[-2:]", {"train": 100})
    [Part(split='train', rows=range(0, 10)), Part(split='train', rows=range(98, 100))]
    """
    try:
        parts = _instruction(split, list(rows)).to_absolute(dict(rows))
    except ValueError as error:
        raise _unreadable(split, error, list(rows)) from error
    return [
        Part(part.splitname, range(part.from_ or 0, rows[part.splitname] if part.to is None else part.to))
        for part in parts
    ]


def splits_in(split: Any, names: Sequence[str]) -> list[str]:
    """The splits of which a split has rows, each once.

    Raises:
        ConfigError: If it names another split or cannot be read.

    >>> splits_in("test[:1]+train+test", ["train", "test"])
    ['test', 'train']
    """
    return list(dict.fromkeys(part.split for part in parts_of(split, dict.fromkeys(names, 1))))


def check_split(split: Any, names: Sequence[str] = _ALONE) -> None:
    """Refuse what names no split, in all forms that `each_split` takes.

    Raises:
        ConfigError: If it names another split or cannot be read.
    """
    each_split(split, lambda part: parts_of(part, dict.fromkeys(names, 1)), dict, names)


def check_whole(split: object, names: Sequence[str]) -> str:
    """The name of a whole split.

    Raises:
        ConfigError: If it is none.
    """
    if str(split) not in names:
        raise ConfigError(
            f"split={split!r} is no whole split. There {'is' if len(names) == 1 else 'are'} "
            f"{', '.join(map(repr, names))}.{_others(names)}"
        )
    return str(split)


def name_of(split: Any, names: Sequence[str] = _ALONE) -> datasets.NamedSplit:
    """What a dataset of these rows calls its split, as that of any `load_dataset` does.

    >>> name_of("train[:10%]"), name_of("all")
    (NamedSplit('train[:10%]'), NamedSplit('train'))
    """
    return datasets.NamedSplit(_instruction(split, names).to_spec())


def _others(names: Sequence[str]) -> str:
    return " splits={'validation': 0.05} makes others." if len(names) == 1 else ""


def _instruction(split: Any, names: Sequence[str]) -> datasets.ReadInstruction:
    if isinstance(split, datasets.ReadInstruction):
        return split
    try:
        return datasets.ReadInstruction.from_spec("+".join(names) if str(split) == "all" else str(split))
    except ValueError as error:
        raise _unreadable(split, error, names) from error


def _unreadable(split: Any, error: ValueError, names: Sequence[str]) -> ConfigError:
    return ConfigError(
        f"split={split!r} cannot be read ({error}). Allowed: {', '.join(map(repr, names))}, a slice such as "
        f"'{TRAIN}[:10%]' or '{TRAIN}[100:200]', a sum of slices, or None for all.{_others(names)}"
    )


def each_split(
    split: Any, load: Callable[[Any], Any], combine: Callable[[dict[Any, Any]], Any], names: Sequence[str] = _ALONE
) -> Any:
    """Load whatever was asked for: one split, or several in a list, a tuple or a dictionary.

    Args:
        split: None means all splits by name.
        load: Makes the dataset of one split.
        combine: What a dictionary of datasets is made into, such as `datasets.DatasetDict`.
        names: The splits that there are.
    """
    if split is None:
        split = {name: name for name in names}
    if isinstance(split, dict):
        return combine({name: each_split(part, load, combine, names) for name, part in split.items()})
    if isinstance(split, (list, tuple)):
        return type(split)(each_split(part, load, combine, names) for part in split)
    return load(split)
