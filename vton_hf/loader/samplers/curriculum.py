"""A curriculum: weights that change with the step or the epoch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from vton_hf._core.checks import check_int, must_be
from vton_hf.errors import ConfigError
from vton_hf.mixing import RECIPES, check_weights

Weights = Mapping[str, float]
Schedule = Callable[[int], Weights]

KINDS: Final = ("none", "hard", "soft", "reverse")
UNITS: Final = ("step", "epoch")
_STAGES: Final = tuple(check_weights(recipe) for recipe in RECIPES.values())


@dataclass(frozen=True, repr=False)
class Curriculum:
    """A schedule of weights: `curriculum(number)` gives those of a step or an epoch.

    Args:
        kind: `"hard"` jumps from stage to stage and stays at the last; `"soft"` moves on a straight line from one
            to the next and stays at the last; `"reverse"` jumps through the stages backwards; `"none"` is the last
            stage all the time. Or a function of the number that gives `{difficulty: weight}`; the same number must
            always give the same weights, or a resumed run draws other rows. A lambda will do for sampling,
            but such a curriculum cannot be pickled.
        stage: The length of a stage in units, an int >= 1. `"none"` does without, a function must.
        unit: `"step"` counts global batches since training began, over all epochs; `"epoch"` counts epochs. Both
            from 0.
        stages: One or more sets of weights, as for `check_weights`; by default the recipes easy, medium and hard.

    Raises:
        ConfigError: If an argument makes no sense.

    >>> Curriculum("soft", stage=1000)(500)
    {'easy': 0.65, 'medium': 0.35, 'hard': 0.0}
    """

    kind: str | Schedule
    stage: int | None = field(default=None, kw_only=True)
    unit: str = field(default="step", kw_only=True)
    stages: Sequence[Weights] = field(default=_STAGES, kw_only=True)

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise must_be("unit", self.unit, "'step' or 'epoch'")
        if not callable(self.kind) and self.kind not in KINDS:
            raise must_be("kind", self.kind, f"{', '.join(map(repr, KINDS))}, or a function of the {self.unit}")
        if callable(self.kind) and (self.stage is not None or self.stages != _STAGES):
            raise ConfigError("A curriculum that is a function has no stages: leave out stage= and stages=.")
        if self.stage is not None or self.kind in KINDS[1:]:
            object.__setattr__(self, "stage", check_int("stage", self.stage, least=1))
        if not isinstance(self.stages, Sequence) or not self.stages:
            raise must_be("stages", self.stages, "a sequence of weights, one for each stage")
        if self.stages != _STAGES:
            object.__setattr__(self, "stages", tuple(check_weights(stage) for stage in self.stages))

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
        done, into = divmod(number, self.stage or 1)
        here, there = (stages[min(index, len(stages) - 1)] for index in (done, done + 1))
        if self.kind != "soft" or not into:
            return dict(here)
        length = self.stage or 1
        return {name: (here[name] * (length - into) + there[name] * into) / length for name in here}

    def possible(self) -> Sequence[Weights]:
        """The stages in the order in which they come; of a function they are not known."""
        if callable(self.kind):
            return ()
        if self.kind == "none":
            return self.stages[-1:]
        return self.stages[::-1] if self.kind == "reverse" else self.stages

    def __repr__(self) -> str:
        named = repr(self.kind)
        if callable(self.kind):
            named = getattr(self.kind, "__name__", type(self.kind).__name__)
        options = [f"stage={self.stage}"] if self.stage is not None else []
        options += [f"unit={self.unit!r}"]
        options += [f"stages={self.stages!r}"] if self.stages != _STAGES else []
        return f"Curriculum({', '.join([named, *options])})"
