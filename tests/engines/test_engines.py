"""Units of work on any engine: what fails is tried again, what fails three times is set aside, an outage ends it."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import vton_hf
from tests.engines.units import Squares, Unit, run, tries
from vton_hf.engines import Engine, InProcess, Processes, RayEngine, SetAside, WorkerError, run_units
from vton_hf.errors import ConfigError, UnavailableError

ENGINES = [InProcess(), Processes(2)]


@pytest.mark.parametrize("engine", ENGINES, ids=["here", "processes"])
def test_a_unit_that_fails_is_tried_again(engine: Engine, tmp_path: Path) -> None:
    assert run(engine, tmp_path, 6, failing={1: 2, 4: 1}) == {number: number**2 for number in range(6)}
    assert tries(tmp_path) == {0: 1, 1: 3, 2: 1, 3: 1, 4: 2, 5: 1}


@pytest.mark.parametrize("engine", ENGINES, ids=["here", "processes"])
def test_a_unit_that_fails_three_times_is_set_aside_and_the_rest_goes_on(engine: Engine, tmp_path: Path) -> None:
    outcomes = run(engine, tmp_path, 6, failing={2: 99})
    aside = outcomes.pop(2)
    assert isinstance(aside, SetAside)
    assert str(aside.error) == "no answer for 2"
    assert outcomes == {number: number**2 for number in range(6) if number != 2}
    assert tries(tmp_path)[2] == 3


@pytest.mark.parametrize("engine", ENGINES, ids=["here", "processes"])
def test_where_nothing_goes_well_any_more_it_ends(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no answer"):
        run(engine, tmp_path, 30, failing=dict.fromkeys(range(3, 30), 99))
    assert len(tries(tmp_path)) < 12


def test_what_does_not_pass_ends_it_at_once(tmp_path: Path) -> None:
    class Refuses(Squares):
        def __call__(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, Any]]:
            for unit in units:
                self._count(unit.number)
                yield unit, ConfigError("no")

    with pytest.raises(ConfigError, match="no"):
        list(run_units(InProcess(), Refuses(tmp_path, {}, {}), [Unit(0), Unit(1)], may_pass=lambda _: False))
    assert tries(tmp_path) == {0: 1}


def test_a_worker_that_dies_costs_a_try_of_what_was_under_way(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert run(Processes(2), tmp_path, 8, deadly={3: 1}) == {number: number**2 for number in range(8)}
    assert tries(tmp_path)[3] == 2
    assert sum(tries(tmp_path).values()) <= 10, "its own, and at most one beside it"
    assert "A worker process died" in caplog.text


def test_a_unit_that_kills_each_worker_is_set_aside_and_blames_no_other(tmp_path: Path) -> None:
    outcomes = run(Processes(2), tmp_path, 6, deadly={3: 99})
    aside = outcomes.pop(3)
    assert isinstance(aside, SetAside)
    assert isinstance(aside.error, WorkerError)
    assert outcomes == {number: number**2 for number in range(6) if number != 3}


def test_without_ray_the_line_to_type_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r'pip install "vton-hf\[ray\]"'):
        RayEngine()
    with pytest.raises(ConfigError, match="is not installed here"):
        vton_hf.load("hard", s3_prefixes=[str(tmp_path)], engine="ray")


@pytest.mark.parametrize("options", [{"num_cpus": 0}, {"memory": -1}])
def test_what_a_task_asks_for_is_checked(options: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="must be"):
        RayEngine(**options)  # type: ignore[arg-type]
