"""The weights of each step of an epoch: the data source's own shares, others, or a curriculum's."""

from collections.abc import Mapping

from vton_hf._core.checks import must_be
from vton_hf.errors import ConfigError, EmptyPoolError
from vton_hf.loader.samplers.curriculum import Curriculum, Schedule, Weights
from vton_hf.mixing import check_weights, tell_shares


class WeightSchedule:
    """What a sampler was asked for, checked against the rows there are.

    Args:
        weights: As for `check_weights`, or None.
        curriculum: A `Curriculum`, a function of the step, or None.
        sizes: Rows per difficulty; those without a row are left out.

    Raises:
        ConfigError: If an argument makes no sense, or both are given.
        EmptyPoolError: If a difficulty that has weight has no row.
    """

    def __init__(
        self, weights: Weights | None, curriculum: Curriculum | Schedule | None, sizes: Mapping[str, int]
    ) -> None:
        if weights is not None and curriculum is not None:
            raise ConfigError("weights= and curriculum= are given, and each says it all: leave out one of them.")
        if curriculum is not None and not callable(curriculum):
            raise must_be("curriculum", curriculum, "a Curriculum, or a function of the step")
        self._sizes = sizes
        self._curriculum = Curriculum(curriculum) if callable(curriculum) else None
        if isinstance(curriculum, Curriculum):
            self._curriculum = curriculum
        if weights is not None:
            tell_shares(weights)
        weights = sizes if weights is None else weights
        self._check("weights=", check_weights(weights))
        # The user's own numbers, not normalised: 1 to 2 is a third exactly.
        self._fixed: Weights = dict(weights)
        for stage in self._curriculum.possible() if self._curriculum else ():
            self._check(repr(curriculum), stage)

    def steps(self, epoch: int, count: int) -> list[Weights]:
        """The weights of each of an epoch's `count` steps."""
        if self._curriculum is None:
            return [self._fixed] * count
        if self._curriculum.unit == "epoch":
            return [self._scheduled(self._curriculum, epoch)] * count
        unique: dict[tuple[float, ...], Weights] = {}
        each = (self._scheduled(self._curriculum, number) for number in range(epoch * count, (epoch + 1) * count))
        return [unique.setdefault(tuple(weights.values()), weights) for weights in each]

    def __str__(self) -> str:
        if self._curriculum:
            return repr(self._curriculum)
        return ", ".join(f"{name} {weight:.6g}" for name, weight in check_weights(self._fixed).items())

    def _scheduled(self, curriculum: Curriculum, number: int) -> Weights:
        weights = curriculum(number)
        self._check(f"{curriculum!r} at {curriculum.unit} {number}", weights)
        return weights

    def _check(self, who: str, weights: Weights) -> None:
        for name, weight in weights.items():
            if weight and name not in self._sizes:
                raise EmptyPoolError(
                    f"No samples available for difficulty {name!r}, to which {who} gives weight; the data source has "
                    f"{dict(self._sizes)}. Load one that holds it (the config 'hard' has all three), or give it "
                    "weight 0."
                )
