"""The issue's figures, over real S3 requests: exact plans, windows, ranks, seeds."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.bucket import Load, loader
from tests.s3 import BUCKET, MotoS3

WEIGHTS = {"easy": 0.25, "medium": 0.25, "hard": 0.5}


@pytest.fixture
def load(s3: MotoS3, tmp_path: Path) -> Load:
    s3.fill(10)
    return loader(f"s3://{BUCKET}/dataset_ultimate/", tmp_path / "cache", storage_options=s3.storage_options)


def test_ten_thousand_rows_are_the_recipe_to_the_row(load: Load) -> None:
    assert Counter(load("medium", epoch_size=10_000)["difficulty"]) == {"easy": 3_000, "medium": 7_000}
    hard = load("hard", epoch_size=10_000)["difficulty"][:]
    assert Counter(hard) == {"easy": 2_500, "medium": 2_500, "hard": 5_000}
    for name, weight in WEIGHTS.items():
        seen = np.cumsum([0, *(difficulty == name for difficulty in hard)])
        assert abs(seen[32:] - seen[:-32] - 32 * weight).max() <= 2
        for step in (2, 4, 8):
            shares = [np.mean([d == name for d in hard[rank::step]]) for rank in range(step)]
            assert max(abs(share - weight) for share in shares) <= 0.05


def test_the_default_bucket_and_the_seeds_variables_are_enough(
    s3: MotoS3, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load("medium")["key"][:]
    for name, value in {
        "S3_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "S3_BUCKET_NAME": BUCKET,
        "AWS_ENDPOINT_URL": s3.url,
    }.items():
        monkeypatch.setenv(name, value)
    prefixes = ["dataset_ultimate/easy/", "dataset_ultimate/medium/"]
    assert load("medium", s3_prefixes=prefixes, storage_options=None)["key"][:] == expected
