"""The order of an epoch of ten million rows."""

import time

from job import Job

from loaders.peak import peak_mb
from vton_hf import mixing

ROWS = 10_000_000
SIZES = {"easy": 3_000_000, "medium": 3_000_000, "hard": 6_000_000}
HARD = {"easy": 0.25, "medium": 0.25, "hard": 0.5}


def plan(job: Job) -> dict[str, float]:
    """In the hard mix."""
    del job
    start = time.perf_counter()
    made = mixing.plan(SIZES, HARD, epoch_size=ROWS)
    return {"rate": time.perf_counter() - start, "rows": len(made), "peak_mb": peak_mb()}
