"""Recipes and quotas: how many rows of each difficulty, in exact fractions."""

import logging
import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from vton_hf._core.checks import as_int, check_int, did_you_mean, must_be
from vton_hf.errors import EmptyPoolError
from vton_hf.naming import DIFFICULTIES, DIFFICULTY

logger = logging.getLogger("vton_hf")


def check_weights(weights: Mapping[str, float], mix_by: str = DIFFICULTY) -> dict[str, float]:
    """Validate a recipe and normalise it.

    Args:
        weights: Weight per difficulty, numbers >= 0 in any unit; a missing difficulty weighs 0.
        mix_by: What is weighed: difficulties, or the values of another column, whatever they are.

    Returns:
        All of `DIFFICULTIES`, in that order, with weights that sum to 1; of another column the values, sorted.

    Raises:
        ConfigError: Unless known difficulties are mapped to finite numbers >= 0, at least one above 0.

    >>> check_weights({"hard": 3, "easy": 1})
    {'easy': 0.25, 'medium': 0.0, 'hard': 0.75}
    """
    return {name: float(part) for name, part in exact(weights, mix_by).items()}


def tell_shares(weights: Mapping[str, Any], mix_by: str = DIFFICULTY) -> None:
    """Say in one line, once for the same weights, what shares they stand for if they do not sum to 1.

    Args:
        weights: As for `check_weights`.
        mix_by: As for `check_weights`.

    Raises:
        ConfigError: As `check_weights`.
    """
    check_weights(weights, mix_by)
    _tell_shares(tuple(weights.items()), mix_by)


@lru_cache(maxsize=256)
def _tell_shares(weights: tuple[tuple[str, Any], ...], mix_by: str) -> None:
    total = sum(_fraction(weight) for _, weight in weights)
    if total == 1:
        return
    shares = ", ".join(f"{name} {share:.3g}" for name, share in check_weights(dict(weights), mix_by).items())
    # Whole numbers are meant as a ratio, such as 1 to 3; parts of 1 that miss it are most likely a slip.
    level = logging.INFO if all(_fraction(weight).denominator == 1 for _, weight in weights) else logging.WARNING
    logger.log(level, "Weights %s sum to %g, not to 1; taken as %s.", dict(weights), total, shares)


def quotas(weights: Mapping[str, float], total: int, mix_by: str = DIFFICULTY) -> dict[str, int]:
    """Divide `total` rows by the largest remainder method (Hamilton's), ties in the order of `DIFFICULTIES`.

    A difficulty of weight 0 always gets 0; of `mix_by` as of `check_weights`.

    Raises:
        ConfigError: If the weights (see `check_weights`) or the total (an int >= 0) make no sense.

    >>> quotas({"easy": 0.25, "medium": 0.25, "hard": 0.5}, 10_000)
    {'easy': 2500, 'medium': 2500, 'hard': 5000}
    """
    return apportion(exact(weights, mix_by), check_int("total", total))


def epoch_length(
    sizes: Mapping[str, int],
    weights: Mapping[str, float],
    epoch_size: int | str | None = None,
    mix_by: str = DIFFICULTY,
) -> int:
    """Count the rows of an epoch; at least 1.

    Args:
        sizes: Triplets per difficulty; a missing difficulty has none.
        weights: As for `check_weights`.
        epoch_size: An int, or `None` for as many rows as the pools that the recipe draws from hold triplets,
            `"min"` for the longest exact mix without a repeat, `"max"` for the shortest that shows them all.
        mix_by: As for `check_weights`.

    Raises:
        ConfigError: If the weights or `epoch_size` make no sense.
        EmptyPoolError: If a pool with a weight above 0 holds no triplet.

    >>> from vton_hf.mixing import RECIPES
    >>> sizes = {"easy": 60, "medium": 70}
    >>> [epoch_length(sizes, RECIPES["medium"], size) for size in (None, "min", "max")]
    [130, 100, 199]
    """
    pools = drawn(sizes, parts := exact(weights, mix_by), mix_by)
    if epoch_size is None:
        return sum(pools.values())
    # Of k remainders, one below 1/k never rounds up and one above 1 - 1/k always does: search from there.
    slack = 1 - Fraction(1, len(pools))
    if epoch_size == "min":
        length = min(math.floor((size + slack) / parts[name]) for name, size in pools.items())
        while any(apportion(parts, length)[name] > size for name, size in pools.items()):
            length -= 1
        return length
    if epoch_size == "max":
        length = max(math.ceil((size - slack) / parts[name]) for name, size in pools.items())
        while any(apportion(parts, length)[name] < size for name, size in pools.items()):
            length += 1
        return length
    return check_int("epoch_size", epoch_size, least=1, or_else="None, 'min', 'max'")


def exact(weights: Mapping[str, Any], mix_by: str = DIFFICULTY) -> dict[str, Fraction]:
    """`check_weights` in fractions: 0.29 is 29/100 and not the binary number beside it."""
    if mix_by != DIFFICULTY:
        if not isinstance(weights, Mapping) or not weights or not all(isinstance(name, str) for name in weights):
            raise must_be("Weights", weights, f"{{value of {mix_by!r}: weight}}")
        names = tuple(sorted(weights))
    else:
        names = DIFFICULTIES
    if not isinstance(weights, Mapping) or not weights or not set(weights) <= set(names):
        raise must_be("Weights", weights, f"{{difficulty: weight}} of {', '.join(DIFFICULTIES)}")
    for name, weight in weights.items():
        if (as_int(weight) is None and not isinstance(weight, float | np.floating)) or not 0 <= weight < math.inf:
            raise must_be(f"The weight of {name!r}", weight, "a finite number from 0")
    parts = {name: _fraction(weights.get(name, 0)) for name in names}
    if not (total := sum(parts.values())):
        raise must_be("Weights", weights, f"above 0 for at least one {mix_by}")
    return {name: part / total for name, part in parts.items()}


def _fraction(weight: Any) -> Fraction:
    number = as_int(weight)
    return Fraction(Decimal(str(weight if number is None else number)))


def apportion(parts: Mapping[str, Fraction], total: int) -> dict[str, int]:
    """`quotas` of fractions that sum to 1."""
    unit = math.lcm(*(part.denominator for part in parts.values()))
    split = {name: divmod(part.numerator * (unit // part.denominator) * total, unit) for name, part in parts.items()}
    rows = {name: whole for name, (whole, _) in split.items()}
    for name in sorted(rows, key=lambda each: split[each][1], reverse=True)[: total - sum(rows.values())]:
        rows[name] += 1
    return rows


def drawn(sizes: Mapping[str, int], parts: Mapping[str, Fraction], mix_by: str = DIFFICULTY) -> dict[str, int]:
    """The sizes of the pools that have weight; an `EmptyPoolError` if one of them is empty."""
    pools = {name: int(sizes.get(name, 0)) for name, part in parts.items() if part}
    for name, size in pools.items():
        if size < 1 and mix_by != DIFFICULTY:
            raise EmptyPoolError(
                f"No samples available for {mix_by} {name!r}; found {dict(sizes)}.{did_you_mean(name, sizes)} Give "
                f"that value weight 0, or leave it out."
            )
        if size < 1:
            raise EmptyPoolError(
                f"No samples available for difficulty {name!r}; found {dict(sizes)}. Ensure that the prefixes "
                f"include folders with /{name}/ in their path, or give that difficulty weight 0."
            )
    return pools
