"""600,000 triplets put into splits: by person and garment, beside the slice of rows that people take, which leaks."""

import time

import datasets
import numpy as np
import pyarrow as pa
from job import ROLES, Job

from loaders.peak import peak_mb
from vton_hf.triplets import Manifest, SplitPolicy, assign, check_parts

COUNT = 600_000
DIFFICULTIES = ("easy", "medium", "hard")
SHARES = {"validation": 0.05, "test": 0.05}


def ours(job: Job) -> dict[str, float]:
    """The splits, checked, and counted triplet by triplet; of 20,000 persons and 30,000 garments."""
    manifest = Manifest(_table(job.extra.get("count", COUNT)))
    policy = SplitPolicy.of(SHARES, job.extra["by"], r"fh_(?P<person>\d+)_e\d+_fc_(?P<garment>\d+)")
    start = time.perf_counter()
    found = assign(manifest, policy)
    check_parts(found, manifest, DIFFICULTIES)
    shared = found.shared()
    seconds = time.perf_counter() - start
    if any(shared[kind] for kind in shared if job.extra["by"] in (kind, "both")):
        raise ValueError(f"Splits share {shared}.")
    return {"rate": seconds, "rows": len(manifest), "peak_mb": peak_mb()}


def rows(job: Job) -> dict[str, float]:
    """`train_test_split` of `datasets`, twice: for a test set and a validation set."""
    dataset = datasets.Dataset(_table(job.extra.get("count", COUNT)))
    start = time.perf_counter()
    parts = dataset.train_test_split(0.05, seed=0)
    parts["train"].train_test_split(0.05, seed=0)
    return {"rate": time.perf_counter() - start, "rows": len(dataset), "peak_mb": peak_mb()}


def _table(count: int) -> pa.Table:
    rng = np.random.default_rng(0)
    people, garments = rng.integers(0, 20_000, count), rng.integers(0, 30_000, count)
    stems = [f"fh_{one:06d}_e01_fc_{other:06d}" for one, other in zip(people, garments, strict=True)]
    columns = {"difficulty": np.repeat(DIFFICULTIES, count // 3), "gender": np.repeat("female", count // 3 * 3)}
    stems = stems[: count // 3 * 3]
    uris = [
        f"s3://bucket/dataset_ultimate/{difficulty}/female/try_on_image/{stem}_vton.png"
        for difficulty, stem in zip(columns["difficulty"], stems, strict=True)
    ]
    images = dict.fromkeys(ROLES, pa.array(uris))
    return pa.table(
        {name: pa.array(values) for name, values in columns.items()} | {"stem": stems, "key": stems} | images
    )
