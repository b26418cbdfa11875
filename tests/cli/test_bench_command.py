"""`vton-hf bench`."""

from pathlib import Path

import pytest

from tests.bucket import Bucket
from vton_hf.cli import main


@pytest.mark.parametrize("mode", ["lazy", "cached", "streaming"])
def test_it_shows_the_time_budget(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    bucket.fill(8)
    how = ["--mode", mode, "--num-workers", "0", "--batch-size", "2", "--batches", "4", "--image-size", "16x12"]
    assert main(["bench", "--prefix", bucket.prefix, *how, "--cache-dir", str(tmp_path / "c")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{mode}, batches of 2, images of 16x12\n")
    assert "8 triplets in 4 batches, no workers" in shown
    for stage in ("fetch", "decode", "transform", "collate", "rest"):
        assert f"\n{stage} " in shown
    assert "\nBound by " in shown


def test_a_config_and_a_step_can_be_given(bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bucket.fill(4)
    how = ["--config", "hard", "--num-workers", "0", "--batch-size", "2", "--step", "2000", "--batches", "2"]
    assert main(["bench", bucket.prefix, *how, "--image-size", "16x12", "--cache-dir", str(tmp_path)]) == 0
    assert "The training step bounds this run" in capsys.readouterr().out


def test_what_cannot_be_timed_is_said(bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bucket.fill(1)
    assert main(["bench", bucket.prefix, "--num-workers", "0", "--cache-dir", str(tmp_path)]) == 2
    assert "smaller --batch-size" in capsys.readouterr().err
