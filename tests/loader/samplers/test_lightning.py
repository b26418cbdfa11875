"""Lightning's Trainer: it tells the sampler its epochs, and a checkpoint holds the sampler's state."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.python import TRAINERS, program

SCRIPT = program("train_with_lightning")


@pytest.mark.parametrize(("devices", "workers"), [(1, 2), (2, 0)])
def test_a_run_goes_on_where_its_checkpoint_was_taken_and_again(devices: int, workers: int, tmp_path: Path) -> None:
    done = TRAINERS.run(SCRIPT, os.environ, str(tmp_path), str(devices), str(workers))
    assert done.returncode == 0, done.stderr[-3000:]
    whole, *resumed = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[[")]
    assert whole == expected(16)
    for stop, again in ((4, resumed[:2]), (8, resumed[2:])):
        assert again == [expected(16)[stop : stop + 5], expected(16)[stop + 3 :]]


def expected(steps: int) -> list[Any]:
    """The rows of each step, by the sampler alone."""
    from tests.loader.samplers.sources import batches, rows
    from vton_hf import TripletSampler

    sampler, drawn = TripletSampler(rows(12, 12, 24), 8), []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        drawn += batches(sampler, 8)
    return [[step, batch] for step, batch in enumerate(drawn[:steps])]
