"""Weights that change with the step or the epoch."""

import pickle
import re
from functools import partial
from typing import Any

import pytest

from vton_hf.errors import ConfigError
from vton_hf.loader.samplers import Curriculum
from vton_hf.mixing import RECIPES, check_weights

EASY, MEDIUM, HARD = (check_weights(recipe) for recipe in RECIPES.values())


def growing(number: int) -> dict[str, float]:
    return {"easy": 1, "hard": number}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("step", [EASY, EASY, MEDIUM, MEDIUM, HARD, HARD, HARD]),
        ("reversed", [HARD, HARD, MEDIUM, MEDIUM, EASY, EASY, EASY]),
        ("constant", [HARD] * 7),
    ],
)
def test_stages_come_one_after_the_other_and_the_last_stays(kind: str, expected: list[dict[str, float]]) -> None:
    curriculum = Curriculum(kind, stage_length=2)
    assert [curriculum(number) for number in range(7)] == expected
    assert curriculum(10**9) == expected[-1]


def test_a_soft_curriculum_moves_on_a_straight_line() -> None:
    curriculum = Curriculum("linear", stage_length=4)
    assert curriculum(0) == EASY
    assert curriculum(1) == pytest.approx({"easy": 0.825, "medium": 0.175, "hard": 0})
    assert curriculum(2) == pytest.approx({"easy": 0.65, "medium": 0.35, "hard": 0})
    assert curriculum(4) == MEDIUM
    assert curriculum(6) == pytest.approx({"easy": 0.275, "medium": 0.475, "hard": 0.25})
    assert curriculum(8) == curriculum(9) == curriculum(1_000) == HARD


def test_stages_may_be_the_users_own() -> None:
    curriculum = Curriculum("step", stage_length=1, unit="epoch", stages=[{"medium": 3, "hard": 1}, {"hard": 7}])
    assert curriculum(0) == {"easy": 0.0, "medium": 0.75, "hard": 0.25}
    assert curriculum(1) == curriculum(5) == {"easy": 0.0, "medium": 0.0, "hard": 1.0}


def test_none_needs_no_stage() -> None:
    assert Curriculum("constant", stages=[{"easy": 2}])(3) == EASY


def test_a_function_is_asked_for_each_number() -> None:
    assert Curriculum(growing)(3) == {"easy": 0.25, "medium": 0.0, "hard": 0.75}


def test_a_function_that_gives_nonsense_is_named_with_the_step() -> None:
    said = "Curriculum(<lambda>, unit='step') at step 3: Weights must be {difficulty: weight}"
    with pytest.raises(ConfigError, match="<lambda>") as raised:
        Curriculum(lambda number: {"eazy" if number == 3 else "easy": 1})(3)
    assert said in str(raised.value)
    with pytest.raises(
        ConfigError, match=re.escape("at epoch 0: Weights must be {difficulty: weight} of easy, medium, hard, got None")
    ):
        Curriculum({}.get, unit="epoch")(0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"kind": "sof"},
            "kind must be 'step', 'linear', 'reversed', 'constant', or a function of the step, got 'sof'.",
        ),
        ({"kind": None}, "kind must be"),
        ({"kind": "linear"}, "stage_length must be a whole number from 1, got None."),
        ({"kind": "step", "stage_length": 0}, "stage_length must be a whole number from 1, got 0."),
        ({"kind": "constant", "stage_length": 1.5}, "stage_length must be a whole number from 1, got 1.5."),
        ({"kind": "step", "stage_length": 5, "unit": "steps"}, "unit must be 'step' or 'epoch', got 'steps'."),
        ({"kind": "step", "stage_length": 5, "stages": []}, "stages must be a sequence of weights"),
        ({"kind": "step", "stage_length": 5, "stages": {"easy": 1}}, "stages must be a sequence of weights"),
        (
            {"kind": "step", "stage_length": 5, "stages": [{"easy": -1}]},
            "The weight of 'easy' must be a finite number from 0, got -1.",
        ),
        ({"kind": growing, "stage_length": 5}, "leave out stage_length= and stages=."),
        ({"kind": growing, "stages": [EASY]}, "leave out stage_length= and stages=."),
    ],
)
def test_senseless_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        Curriculum(**arguments)


@pytest.mark.parametrize("number", [-1, 0.5, None, True])
def test_a_number_that_is_no_count_is_refused(number: Any) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"step must be a whole number from 0, got {number!r}.")):
        Curriculum("constant")(number)


def test_it_cannot_be_changed_and_travels_between_processes() -> None:
    curriculum = Curriculum("linear", stage_length=4, stages=[{"easy": 1}, {"hard": 1}])
    copy = pickle.loads(pickle.dumps(curriculum))
    assert copy == curriculum
    assert copy(1) == curriculum(1)
    assert pickle.loads(pickle.dumps(Curriculum(growing)))(3) == Curriculum(growing)(3)
    with pytest.raises(AttributeError):
        curriculum.stage = 5  # type: ignore[misc]
    curriculum(0)["easy"] = 9
    assert curriculum(0) == EASY


@pytest.mark.parametrize(
    ("curriculum", "shown"),
    [
        (Curriculum("constant"), "Curriculum('constant', unit='step')"),
        (Curriculum("linear", stage_length=500), "Curriculum('linear', stage_length=500, unit='step')"),
        (Curriculum("step", stage_length=2, unit="epoch"), "Curriculum('step', stage_length=2, unit='epoch')"),
        (Curriculum(growing), "Curriculum(growing, unit='step')"),
        (Curriculum(partial(growing, number=1)), "Curriculum(partial, unit='step')"),
        (
            Curriculum("constant", stages=[{"hard": 1}]),
            "Curriculum('constant', unit='step', stages=({'easy': 0.0, 'medium': 0.0, 'hard': 1.0},))",
        ),
    ],
)
def test_it_shows_what_it_is(curriculum: Curriculum, shown: str) -> None:
    assert repr(curriculum) == shown


@pytest.mark.parametrize(
    ("former", "now"), [("none", "constant"), ("hard", "step"), ("soft", "linear"), ("reverse", "reversed")]
)
def test_names_of_version_0_1_go_on_with_a_warning(former: str, now: str) -> None:
    with pytest.warns(DeprecationWarning, match=re.escape(f"write Curriculum('{now}')")) as kind:
        curriculum = Curriculum(former, stage_length=2)  # type: ignore[arg-type]
    assert curriculum == Curriculum(now, stage_length=2)  # type: ignore[arg-type]
    assert kind[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="write stage_length="):
        assert Curriculum(now, stage=2) == curriculum  # type: ignore[arg-type]
