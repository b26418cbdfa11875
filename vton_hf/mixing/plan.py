"""The plan of an epoch: which row of which difficulty stands at which position."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vton_hf._core import html
from vton_hf._core.checks import check_int
from vton_hf.mixing.order import bits, rows, spread
from vton_hf.mixing.recipes import apportion, drawn, epoch_length, exact
from vton_hf.naming import DIFFICULTY

logger = logging.getLogger("vton_hf")

_ADVICE: Final = "Triplets repeat, also across a train_test_split; epoch_size='min' is the longest mix without repeats."


@dataclass(frozen=True, slots=True)
class Share:
    """What one difficulty contributes to an epoch."""

    difficulty: str
    weight: float  # 0..1, of all difficulties 1
    available: int  # triplets in the pool
    asked: int  # the quota, in rows
    got: int
    repeats: int  # rows beyond a triplet's first
    coverage: float  # 0..1

    @classmethod
    def of(cls, name: str, weight: float, size: int, quota: int) -> "Share":
        """Account for a difficulty of which `quota` rows are drawn from `size` triplets."""
        repeats = max(0, quota - size)
        return cls(name, weight, size, quota, quota, repeats, (quota - repeats) / size if size else 0.0)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plan:
    """The n rows of an epoch, in order; the arrays are read-only.

    Examples:
        >>> print(plan({"easy": 60, "medium": 80}, {"easy": 0.3, "medium": 0.7}, epoch_size=100))
        Total: 100 samples
        ├── Easy: 30 (30%)
        ├── Medium: 70 (70%)
        └── Hard: 0 (0%)
    """

    pools: tuple[str, ...]  # the difficulties drawn from, in the order of `DIFFICULTIES`
    pool: NDArray[np.int8]  # [n]; which of `pools` stands at each position
    row: NDArray[np.int64]  # [n]; which row of that pool
    shares: tuple[Share, ...]  # one for each of `DIFFICULTIES`

    def __len__(self) -> int:
        return len(self.row)

    def __repr__(self) -> str:
        return f"Plan({len(self):,} rows: {', '.join(f'{share.difficulty} {share.got:,}' for share in self.shares)})"

    def __str__(self) -> str:
        lines = [
            f"{share.difficulty.title()}: {share.got:,} ({_percent(share.got, len(self))})" for share in self.shares
        ]
        branches = [f"├── {line}" for line in lines[:-1]]
        return "\n".join([f"Total: {len(self):,} samples", *branches, f"└── {lines[-1]}"])

    def _repr_html_(self) -> str:
        shares = [share for share in self.shares if share.weight or share.got]
        lines = [
            (
                share.difficulty,
                share.got,
                f"{share.got:,} rows ({_percent(share.got, len(self))}), asked {_part(share)}",
            )
            for share in shares
        ]
        header = ["difficulty", "triplets", "rows", "repeats", "coverage"]
        rows = [
            [share.difficulty, share.available, share.got, share.repeats, f"{share.coverage:.1%}"] for share in shares
        ]
        return html.box(f"{len(self):,} rows an epoch", html.bars(lines), html.table(header, rows))

    def composition(self) -> list[Share]:
        """What the epoch holds of each difficulty, those at weight 0 included."""
        return list(self.shares)

    def indices(self, positions: Sequence[int] | slice = slice(None)) -> NDArray[np.int64]:
        """Number the rows at some positions as in the concatenation of the pools, in the order of `pools`; int64 [n].

        >>> sorted(plan({"easy": 3, "hard": 3}, {"easy": 1, "hard": 1}).indices().tolist())
        [0, 1, 2, 3, 4, 5]
        """
        sizes = [share.available for share in self.shares if share.difficulty in self.pools]
        starts = np.cumsum([0, *sizes[:-1]], dtype=np.int64)
        # A slice makes views; a list of no positions would be one of floats.
        at = positions if isinstance(positions, slice) else np.asarray(positions, np.int64)
        return starts[self.pool[at]] + self.row[at]


def plan(
    sizes: Mapping[str, int],
    weights: Mapping[str, float],
    *,
    seed: int = 0,
    epoch: int = 0,
    epoch_size: int | str | None = None,
    mix_by: str = DIFFICULTY,
) -> Plan:
    """Lay out an epoch: exact quotas, evenly mixed; the same arguments give the same plan on any machine.

    Any 32 rows in sequence hold the recipe within 2 or 3 rows, also on a rank that takes every k-th (see `spread`).
    Where a quota exceeds its pool, every triplet is shown m times before any is m + 1 times; see `warn_of_repeats`.

    Args:
        sizes: Triplets per difficulty; a missing difficulty has none.
        weights: As for `check_weights`.
        seed: Any int >= 0.
        epoch: Any int >= 0; each has its own order.
        epoch_size: As for `epoch_length`.
        mix_by: As for `check_weights`.

    Raises:
        ConfigError: If an argument makes no sense.
        EmptyPoolError: If a pool with a weight above 0 holds no triplet.

    >>> mix = plan({"easy": 400, "medium": 300}, {"easy": 0.3, "medium": 0.7}, epoch_size=200)
    >>> [share.got for share in mix.composition()]
    [60, 140, 0]
    """
    seed, epoch = check_int("seed", seed), check_int("epoch", epoch)
    shares = shares_of(sizes, weights, epoch_size=epoch_size, mix_by=mix_by)
    pools = drawn(sizes, parts := exact(weights, mix_by), mix_by)
    names, quotas = list(parts), {share.difficulty: share.got for share in shares}
    pool = spread([quotas[name] for name in pools], bits(seed, epoch, 0))
    row = np.empty(len(pool), np.int64)
    for index, (name, size) in enumerate(pools.items()):
        row[pool == index] = rows(size, quotas[name], bits(seed, epoch, 1 + names.index(name)))
    pool.flags.writeable = row.flags.writeable = False
    return Plan(tuple(pools), pool, row, shares)


def shares_of(
    sizes: Mapping[str, int],
    weights: Mapping[str, float],
    *,
    epoch_size: int | str | None = None,
    mix_by: str = DIFFICULTY,
) -> tuple[Share, ...]:
    """What each difficulty contributes to an epoch; no row is drawn, which takes a second for 10 million.

    Args:
        sizes: Triplets per difficulty; a missing difficulty has none.
        weights: As for `check_weights`.
        epoch_size: As for `epoch_length`.
        mix_by: As for `check_weights`.

    Returns:
        One for each of `DIFFICULTIES`, or for each value that is weighed.

    Raises:
        ConfigError: If an argument makes no sense.
        EmptyPoolError: If a pool with a weight above 0 holds no triplet.
    """
    parts = exact(weights, mix_by)
    quotas = apportion(parts, epoch_length(sizes, weights, epoch_size, mix_by))
    return tuple(Share.of(name, float(parts[name]), int(sizes.get(name, 0)), quotas[name]) for name in parts)


def warn_of_repeats(shares: Sequence[Share], advice: str = _ADVICE, *, mix_by: str = DIFFICULTY) -> None:
    """Log in one line of which difficulties triplets repeat, and how often; nothing if none does."""
    short = [share for share in shares if share.repeats]
    if short:
        details = "; ".join(
            f"{share.difficulty!r}, {share.asked:,} asked, {share.available:,} available" for share in short
        )
        logger.warning("Target count exceeds available samples: %s %s. %s", mix_by, details, advice)


def _part(share: Share) -> str:
    return f"{100 * share.weight:.3g}%"


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole if whole else 0.0
    return f"{share:.0f}%" if share == round(share) else f"{share:.3g}%"
