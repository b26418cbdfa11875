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
        ("hard", [EASY, EASY, MEDIUM, MEDIUM, HARD, HARD, HARD]),
        ("reverse", [HARD, HARD, MEDIUM, MEDIUM, EASY, EASY, EASY]),
        ("none", [HARD] * 7),
    ],
)
def test_stages_come_one_after_the_other_and_the_last_stays(kind: str, expected: list[dict[str, float]]) -> None:
    curriculum = Curriculum(kind, stage=2)
    assert [curriculum(number) for number in range(7)] == expected
    assert curriculum(10**9) == expected[-1]


def test_a_soft_curriculum_moves_on_a_straight_line() -> None:
    curriculum = Curriculum("soft", stage=4)
    assert curriculum(0) == EASY
    assert curriculum(1) == pytest.approx({"easy": 0.825, "medium": 0.175, "hard": 0})
    assert curriculum(2) == pytest.approx({"easy": 0.65, "medium": 0.35, "hard": 0})
    assert curriculum(4) == MEDIUM
    assert curriculum(6) == pytest.approx({"easy": 0.275, "medium": 0.475, "hard": 0.25})
    assert curriculum(8) == curriculum(9) == curriculum(1_000) == HARD


def test_stages_may_be_the_users_own() -> None:
    curriculum = Curriculum("hard", stage=1, unit="epoch", stages=[{"medium": 3, "hard": 1}, {"hard": 7}])
    assert curriculum(0) == {"easy": 0.0, "medium": 0.75, "hard": 0.25}
    assert curriculum(1) == curriculum(5) == {"easy": 0.0, "medium": 0.0, "hard": 1.0}


def test_none_needs_no_stage() -> None:
    assert Curriculum("none", stages=[{"easy": 2}])(3) == EASY


def test_a_function_is_asked_for_each_number() -> None:
    assert Curriculum(growing)(3) == {"easy": 0.25, "medium": 0.0, "hard": 0.75}


def test_a_function_that_gives_nonsense_is_named_with_the_step() -> None:
    said = "Curriculum(<lambda>, unit='step') at step 3: Weights {'eazy': 1}: expected"
    with pytest.raises(ConfigError, match="<lambda>") as raised:
        Curriculum(lambda number: {"eazy" if number == 3 else "easy": 1})(3)
    assert said in str(raised.value)
    with pytest.raises(ConfigError, match=re.escape("at epoch 0: Weights None")):
        Curriculum({}.get, unit="epoch")(0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "sof"}, "kind must be 'none', 'hard', 'soft', 'reverse', or a function of the step, got 'sof'."),
        ({"kind": None}, "kind must be"),
        ({"kind": "soft"}, "stage must be a whole number from 1, got None."),
        ({"kind": "hard", "stage": 0}, "stage must be a whole number from 1, got 0."),
        ({"kind": "none", "stage": 1.5}, "stage must be a whole number from 1, got 1.5."),
        ({"kind": "hard", "stage": 5, "unit": "steps"}, "unit must be 'step' or 'epoch', got 'steps'."),
        ({"kind": "hard", "stage": 5, "stages": []}, "stages must be a sequence of weights"),
        ({"kind": "hard", "stage": 5, "stages": {"easy": 1}}, "stages must be a sequence of weights"),
        ({"kind": "hard", "stage": 5, "stages": [{"easy": -1}]}, "'easy' has -1; expected a finite number >= 0."),
        ({"kind": growing, "stage": 5}, "leave out stage= and stages=."),
        ({"kind": growing, "stages": [EASY]}, "leave out stage= and stages=."),
    ],
)
def test_senseless_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        Curriculum(**arguments)


@pytest.mark.parametrize("number", [-1, 0.5, None, True])
def test_a_number_that_is_no_count_is_refused(number: Any) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"step must be a whole number from 0, got {number!r}.")):
        Curriculum("none")(number)


def test_it_cannot_be_changed_and_travels_between_processes() -> None:
    curriculum = Curriculum("soft", stage=4, stages=[{"easy": 1}, {"hard": 1}])
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
        (Curriculum("none"), "Curriculum('none', unit='step')"),
        (Curriculum("soft", stage=500), "Curriculum('soft', stage=500, unit='step')"),
        (Curriculum("hard", stage=2, unit="epoch"), "Curriculum('hard', stage=2, unit='epoch')"),
        (Curriculum(growing), "Curriculum(growing, unit='step')"),
        (Curriculum(partial(growing, number=1)), "Curriculum(partial, unit='step')"),
        (
            Curriculum("none", stages=[{"hard": 1}]),
            "Curriculum('none', unit='step', stages=({'easy': 0.0, 'medium': 0.0, 'hard': 1.0},))",
        ),
    ],
)
def test_it_shows_what_it_is(curriculum: Curriculum, shown: str) -> None:
    assert repr(curriculum) == shown
