"""A worker's memory is neither wiped for each batch nor does it grow."""

import platform
import resource
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import DataLoader

import vton_hf
from tests.bucket import Bucket

BATCH = 4
PAGES_OF_A_BATCH = BATCH * 3 * (3 * 512 * 512 * 4) // 4096


def pages(samples: Any) -> tuple[int, int]:
    """Pages that this process was given so far, and the most that it held at once, in KiB; the samples are dropped."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_minflt, used.ru_maxrss


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_the_memory_of_a_batch_serves_the_next(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(8)
    rows = vton_hf.S3VTONDataset([bucket.prefix], image_size=(512, 512), cache_dir=str(tmp_path))
    seen = list(DataLoader(rows, batch_size=BATCH, num_workers=1, collate_fn=pages))
    faults = [after[0] - before[0] for before, after in pairwise(seen[4:])]
    assert sorted(faults)[len(faults) // 2] < PAGES_OF_A_BATCH / 10
    assert seen[-1][1] - seen[4][1] < 60_000
