"""`split=` in all its forms, turned into ranges of rows; there is one split, `train`."""

from collections.abc import Callable
from typing import Any, Final

import datasets

from vton_hf.errors import ConfigError

SPLIT: Final = "train"


def row_ranges(split: Any, rows: int) -> list[range]:
    """The rows that a split names.

    Args:
        split: `"train"`, `"all"`, a slice such as `"train[:10%]"`, a sum of them, a
            `datasets.ReadInstruction` or a `datasets.Split`.
        rows: The rows of the whole.

    Returns:
        Ranges of positions, to be joined in order.

    Raises:
        ConfigError: If it names another split or cannot be read.

    >>> row_ranges("train[:10%]+train[-2:]", 100)
    [range(0, 10), range(98, 100)]
    """
    instruction = _instruction(split)
    try:
        parts = instruction.to_absolute({SPLIT: rows})
    except ValueError as error:
        raise _unreadable(split, error) from error
    return [range(part.from_ or 0, rows if part.to is None else part.to) for part in parts]


def name_of(split: Any) -> datasets.NamedSplit:
    """What a dataset of these rows calls its split, as that of any `load_dataset` does.

    >>> name_of("train[:10%]"), name_of("all")
    (NamedSplit('train[:10%]'), NamedSplit('train'))
    """
    return datasets.NamedSplit(_instruction(split).to_spec())


def _instruction(split: Any) -> datasets.ReadInstruction:
    if isinstance(split, datasets.ReadInstruction):
        return split
    try:
        return datasets.ReadInstruction.from_spec(SPLIT if str(split) == "all" else str(split))
    except ValueError as error:
        raise _unreadable(split, error) from error


def _unreadable(split: Any, error: ValueError) -> ConfigError:
    return ConfigError(
        f"split={split!r} cannot be read ({error}). Allowed: {SPLIT!r}, a slice such as "
        f"'{SPLIT}[:10%]' or '{SPLIT}[100:200]', a sum of slices, or None for all."
    )


def is_part(split: Any, rows: int) -> bool:
    """Whether the split is anything but the whole in its order."""
    return row_ranges(split, rows) != [range(rows)]


def each_split(split: Any, load: Callable[[Any], Any], combine: Callable[[dict[Any, Any]], Any]) -> Any:
    """Load whatever was asked for: one split, or several in a list, a tuple or a dictionary.

    Args:
        split: None means all splits by name.
        load: Makes the dataset of one split.
        combine: What a dictionary of datasets is made into, such as `datasets.DatasetDict`.
    """
    if split is None:
        split = {SPLIT: SPLIT}
    if isinstance(split, dict):
        return combine({name: each_split(part, load, combine) for name, part in split.items()})
    if isinstance(split, (list, tuple)):
        return type(split)(each_split(part, load, combine) for part in split)
    return load(split)
