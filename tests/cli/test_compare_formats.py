"""`vton-hf plan`: what a sample says of preparation, before anything is built."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.bucket import Bucket, encoded, triplet_keys
from tests.images.test_encode import photo
from vton_hf.cli import main

Plan = Callable[..., tuple[int, str, str]]


@pytest.fixture
def plan(bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Plan]:
    """`vton-hf plan easy` on 20 triplets of photographs."""
    for index in range(20):
        for number, key in enumerate(triplet_keys("easy", "male", f"{index:03d}").values()):
            bucket.put(key, encoded(photo(60, 80, 3 * index + number)))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["plan", "easy", bucket.prefix, "--cache-dir", str(tmp_path / "cache"), *arguments])
        return code, *capsys.readouterr()

    yield run
    logging.getLogger("vton_hf").handlers.clear()


def facts(plan: Plan, *arguments: str) -> dict[str, Any]:
    return dict(json.loads(plan(*arguments, "--json")[1]))


def test_a_plan_that_prepares_nothing_fetches_nothing(plan: Plan) -> None:
    assert "sample" not in facts(plan)
    assert "sample" not in plan()[1]


def test_a_plan_tells_size_quality_and_time_from_a_sample(plan: Plan, tmp_path: Path) -> None:
    code, out, _ = plan("--image-size", "40x30", "--image-format", "jpeg", "--image-quality", "80")
    assert code == 0
    assert "A sample of 12 triplets, by image:" in out
    header, original, stored = (line.split("  ") for line in out.splitlines()[-3:])
    assert header[0] == "stored as"
    assert original[0] == "original"
    assert stored[0] == "40x30-jpeg-q80"
    assert "about" in out
    assert not list(tmp_path.rglob("data.arrow"))


def test_the_disk_that_a_sample_tells_is_what_a_build_takes(
    plan: Plan, bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (
        ["--image-size", "40x30", "--image-format", "webp"],
        ["--image-format", "jpeg"],
        ["--image-size", "8x8"],
    ):
        told = facts(plan, *options)
        assert (told["sample"]["triplets"], told["requests"]) == (12, 60)
        assert main(["build", "easy", bucket.prefix, "--cache-dir", str(tmp_path / "cache"), *options]) == 0
        capsys.readouterr()
        (stored,) = [json.loads(path.read_text())["bytes"] for path in tmp_path.rglob("report.json")]
        assert told["disk_needed"] == pytest.approx(stored, rel=0.2)
        for path in tmp_path.rglob("report.json"):
            path.unlink()


def test_a_comparison_shows_every_format(plan: Plan) -> None:
    sample = facts(plan, "--compare", "--image-size", "40x30")["sample"]
    original, trials = sample["original"], sample["trials"]
    png, fast, jpeg, webp = trials
    assert [trial["name"] for trial in trials] == ["40x30-png", "40x30-png-fast", "40x30-jpeg", "40x30-webp"]
    assert original["bytes"] > png["bytes"] > jpeg["bytes"] > webp["bytes"]
    assert fast["bytes"] > png["bytes"]
    assert [(trial["psnr"], trial["ssim"]) for trial in (original, png, fast)] == [(None, None)] * 3
    assert jpeg["psnr"] > webp["psnr"] > 25
    assert 1 > jpeg["ssim"] > webp["ssim"] > 0.8
    assert all(trial["encode_ms"] > 0 < trial["decode_ms"] for trial in trials)
    assert "lossless" in plan("--compare")[1]


def test_broken_triplets_are_passed_over_and_nothing_but_broken_ones_fail(plan: Plan, bucket: Bucket) -> None:
    bucket.put(triplet_keys("easy", "male", "000")["cloth_image"], b"<html>")
    assert facts(plan, "--image-format", "jpeg")["sample"]["triplets"] in (11, 12)
    for index in range(20):
        bucket.put(triplet_keys("easy", "male", f"{index:03d}")["cloth_image"], b"<html>")
    code, _, err = plan("--image-format", "jpeg")
    assert code == 1
    assert "None of the 12 triplets looked at can be used; the first: easy/male/" in err
    assert "not a PNG, JPEG or WebP" in err


def test_pictures_too_small_for_ssim_have_none(plan: Plan) -> None:
    (trial,) = facts(plan, "--image-size", "8x8", "--image-format", "jpeg")["sample"]["trials"]
    assert trial["ssim"] is None
    assert trial["psnr"] > 0


def test_flat_pictures_lose_nothing_and_json_stays_json(plan: Plan, bucket: Bucket) -> None:
    for index in range(20):
        for key in triplet_keys("easy", "male", f"{index:03d}").values():
            bucket.put(key, encoded(Image.new("RGB", (32, 32), "white")))
    (trial,) = facts(plan, "--image-format", "jpeg")["sample"]["trials"]
    assert trial["psnr"] is None
