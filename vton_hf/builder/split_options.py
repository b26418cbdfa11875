"""The options that say how splits are made, and what each may be."""

from collections.abc import Mapping

from vton_hf._core.checks import must_be
from vton_hf._core.options import EpochSize, EpochSizes
from vton_hf.errors import ConfigError
from vton_hf.triplets import TRAIN, SplitPolicy


def sizes_of(epoch_size: EpochSizes) -> Mapping[str, EpochSize]:
    """Rows of an epoch by split, as far as they were said: a size by itself is that of `train`."""
    return epoch_size if isinstance(epoch_size, Mapping) else {TRAIN: epoch_size}


def check_split_options(splits: object, split_by: str | None, entities: object, epoch_size: EpochSizes) -> None:
    """Refuse what makes no sense.

    Raises:
        ConfigError: With what was found and what is allowed.
    """
    if splits is None:
        _check_alone(split_by, entities, epoch_size)
    elif not isinstance(splits, str):
        policy = SplitPolicy.of(splits, split_by, entities)
        check_sizes(epoch_size, policy.names)
    elif not splits or split_by is not None or entities is not None:
        raise ConfigError(
            f"splits={splits!r} names a file that says all of it: leave out split_by= and entities=. Shares are "
            f"written splits={{'validation': 0.05}}."
        )


def check_sizes(epoch_size: EpochSizes, names: tuple[str, ...]) -> None:
    """Refuse sizes of splits that there are not, or that would repeat triplets.

    Raises:
        ConfigError: With the splits that there are.
    """
    for name, size in sizes_of(epoch_size).items():
        if name not in names:
            raise must_be("epoch_size", epoch_size, f"a size of {', '.join(map(repr, names))}")
        if name != TRAIN and size == "max":
            raise ConfigError(
                f"epoch_size={{{name!r}: 'max'}} repeats triplets, and {name!r} holds each at most once. Allowed are "
                f"'min', as many as the recipe gives without a repeat, and a number."
            )


def _check_alone(split_by: str | None, entities: object, epoch_size: EpochSizes) -> None:
    for name, value in (("split_by", split_by), ("entities", entities)):
        if value is not None:
            raise ConfigError(
                f"{name}={value!r} says how splits are made, and none are. Say which, such as "
                f"splits={{'validation': 0.05, 'test': 0.05}}."
            )
    if isinstance(epoch_size, Mapping):
        raise ConfigError(
            f"epoch_size={dict(epoch_size)!r} is by split, and there is only 'train'. Say which there are, such as "
            f"splits={{'validation': 0.05}}."
        )
