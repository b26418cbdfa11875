"""A curriculum: weights that change with the step or the epoch."""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from vton_hf._core.checks import check_choice, check_int, must_be
from vton_hf.errors import ConfigError
from vton_hf.mixing import RECIPES, check_weights

Weights = Mapping[str, float]
Schedule = Callable[[int], Weights]

Kind: TypeAlias = Literal["step", "linear", "reversed", "constant"]
Unit: TypeAlias = Literal["step", "epoch"]

KINDS: Final[tuple[str, ...]] = get_args(Kind)
UNITS: Final[tuple[str, ...]] = get_args(Unit)
FORMER: Final = {"none": "constant", "hard": "step", "soft": "linear", "reverse": "reversed"}
"""Kinds by the names of version 0.1, two of which were those of difficulties."""

_STAGES: Final = tuple(check_weights(recipe) for recipe in RECIPES.values())


@dataclass(frozen=True, repr=False)
class Curriculum:
    """A schedule of weights: `curriculum(number)` gives those of a step or an epoch.

    Args:
        kind: `"step"` jumps from stage to stage and stays at the last; `"linear"` moves on a straight line from one
            to the next and stays at the last; `"reversed"` jumps through the stages backwards; `"constant"` is the last
            stage all the time. Or a function of the number that gives `{difficulty: weight}`; the same number must
            always give the same weights, or a resumed run draws other rows. A lambda will do for sampling,
            but such a curriculum cannot be pickled.
        stage_length: The length of a stage in units, an int >= 1. `"constant"` does without, a function must.
        unit: `"step"` counts global batches since training began, over all epochs; `"epoch"` counts epochs. Both
            from 0.
        stages: One or more sets of weights, such as `[{"easy": 1}, {"easy": 1, "hard": 3}]`; by default the recipes
            easy, medium and hard.

    Raises:
        ConfigError: If an argument makes no sense.

    Examples:
        >>> Curriculum("linear", stage_length=1000)(500)
        {'easy': 0.65, 'medium': 0.35, 'hard': 0.0}
    """

    kind: Kind | Schedule
    stage_length: int | None = field(default=None, kw_only=True)
    unit: Unit = field(default="step", kw_only=True)
    stages: Sequence[Weights] = field(default=_STAGES, kw_only=True)
    stage: InitVar[int | None] = field(default=None, kw_only=True)

    def __post_init__(self, stage: int | None) -> None:
        self._take_former_names(stage)
        check_choice("unit", self.unit, UNITS)
        if not callable(self.kind) and self.kind not in KINDS:
            raise must_be("kind", self.kind, f"{', '.join(map(repr, KINDS))}, or a function of the {self.unit}")
        if callable(self.kind) and (self.stage_length is not None or self.stages != _STAGES):
            raise ConfigError("A curriculum that is a function has no stages: leave out stage_length= and stages=.")
        if self.stage_length is not None or (not callable(self.kind) and self.kind != "constant"):
            object.__setattr__(self, "stage_length", check_int("stage_length", self.stage_length, least=1))
        if not isinstance(self.stages, Sequence) or not self.stages:
            raise must_be("stages", self.stages, "a sequence of weights, one for each stage")
        if self.stages != _STAGES:
            object.__setattr__(self, "stages", tuple(check_weights(stage) for stage in self.stages))

    def _take_former_names(self, stage: int | None) -> None:
        if isinstance(self.kind, str) and self.kind in FORMER:
            _deprecated(f"Curriculum({self.kind!r})", f"Curriculum({FORMER[self.kind]!r})")
            object.__setattr__(self, "kind", FORMER[self.kind])
        if stage is not None:
            _deprecated("Curriculum(stage=)", "stage_length=")
            object.__setattr__(self, "stage_length", stage)

    def __call__(self, number: int) -> dict[str, float]:
        """The weights of a step or an epoch.

        Args:
            number: An int >= 0, counted in `unit`.

        Returns:
            All difficulties, with weights that sum to 1.

        Raises:
            ConfigError: If the user's function gives weights that make no sense.
        """
        number = check_int(self.unit, number)
        if callable(self.kind):
            try:
                return check_weights(self.kind(number))
            except ConfigError as error:
                raise ConfigError(f"{self!r} at {self.unit} {number}: {error}") from error
        stages = self.possible()
        done, into = divmod(number, self.stage_length or 1)
        here, there = (stages[min(index, len(stages) - 1)] for index in (done, done + 1))
        if self.kind != "linear" or not into:
            return dict(here)
        length = self.stage_length or 1
        return {name: (here[name] * (length - into) + there[name] * into) / length for name in here}

    def possible(self) -> Sequence[Weights]:
        """The stages in the order in which they come; of a function they are not known."""
        if callable(self.kind):
            return ()
        if self.kind == "constant":
            return self.stages[-1:]
        return self.stages[::-1] if self.kind == "reversed" else self.stages

    def __repr__(self) -> str:
        named = repr(self.kind)
        if callable(self.kind):
            named = getattr(self.kind, "__name__", type(self.kind).__name__)
        options = [f"stage_length={self.stage_length}"] if self.stage_length is not None else []
        options += [f"unit={self.unit!r}"]
        options += [f"stages={self.stages!r}"] if self.stages != _STAGES else []
        return f"Curriculum({', '.join([named, *options])})"


def in_todays_names(text: str) -> str:
    """What a state says of its curriculum, also one that version 0.1 wrote.

    Examples:
        >>> in_todays_names("Curriculum('soft', stage=5, unit='step')")
        "Curriculum('linear', stage_length=5, unit='step')"
    """
    text = re.sub(r"^Curriculum\('(\w+)'", lambda kind: f"Curriculum({FORMER.get(kind[1], kind[1])!r}", text)
    return re.sub(r"^(Curriculum\(.*?, )stage=(?=\d)", r"\1stage_length=", text)


def _deprecated(former: str, now: str) -> None:
    warnings.warn(f"{former} is deprecated: write {now}.", DeprecationWarning, stacklevel=5)
