"""What people see who print, or look at in a notebook: one line each that says what it is."""

from pathlib import Path
from typing import Any

import pytest
from torchvision.transforms import v2

import vton_hf
from tests.bucket import Bucket, Load
from vton_hf.mixing import plan


def test_a_plan() -> None:
    assert repr(plan({"easy": 600, "medium": 800}, {"easy": 0.3, "medium": 0.7}, epoch_size=1100)) == (
        "Plan(1,100 rows: easy 330, medium 770, hard 0)"
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {},
            "epoch 0: 2 steps of 8 rows, 2 rows left for other epochs; weights easy 0.25, medium 0.25, hard 0.5; seed 0",
        ),
        ({"seed": 3, "epoch_size": 16}, "epoch 0: 2 steps of 8 rows; weights easy 0.25, medium 0.25, hard 0.5; seed 3"),
        (
            {"rank": 1, "num_replicas": 2, "epoch_size": 17, "weights": {"easy": 1}},
            "epoch 0: 2 steps of 8 rows, part 1 of 2, 1 row left for other epochs; weights easy 1, medium 0, hard 0; seed 0",
        ),
        (
            {"curriculum": vton_hf.Curriculum("step", stage_length=5), "epoch_size": 8},
            "epoch 0: 1 step of 8 rows; weights Curriculum('step', stage_length=5, unit='step'); seed 0",
        ),
    ],
)
def test_a_sampler(load: Load, bucket: Bucket, options: dict[str, Any], told: str) -> None:
    bucket.fill(3)
    rows = load(epoch_size=18)
    options = {"weights": None if "curriculum" in options else {"easy": 1, "medium": 1, "hard": 2}} | options
    assert repr(vton_hf.TripletSampler(rows, 8, **options)) == f"TripletSampler({told})"


def test_a_transform(load: Load, bucket: Bucket) -> None:
    bucket.fill(1)
    plain = vton_hf.set_transform(load("easy"), image_size=(8, 6), seed=4)
    plain.set_epoch(2)
    assert repr(vton_hf.transform_of(plain)) == (
        "TripletTransform(dtype=torch.float32, image_size=(8, 6), aspect='stretch', sync='all', on_error='replace', "
        "seed=4, epoch=2)"
    )
    several = v2.Compose([v2.RandomHorizontalFlip(), v2.Normalize([0.5], [0.5])])
    told = repr(vton_hf.transform_of(vton_hf.set_transform(load("easy"), several, sync="none")))
    assert told.startswith("TripletTransform(Compose( RandomHorizontalFlip(p=0.5) Normalize(")
    assert told.endswith("sync='none', on_error='replace', seed=0, epoch=0)")
    assert "\n" not in told


def test_an_export(bucket: Bucket, tmp_path: Path) -> None:
    options = {"s3_prefixes": [bucket.fill(2).prefix], "cache_dir": str(tmp_path / "cache")}
    told = vton_hf.export(tmp_path / "out", configs=["easy", "hard"], dry_run=True, **options)
    assert repr(told) == (
        f"ExportResult('{tmp_path}/out': easy/train 4 rows, hard/train 12 rows; 2 files, 2 of them new, 31.7 kB)"
    )
