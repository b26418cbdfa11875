"""1.8 million keys to a checked manifest by vton-hf, and to a mere list by the fastest lister and by s3fs."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import obstore
import s3fs
from job import BUCKET, REGION, ROLES, Job
from obstore.store import S3Store
from store.index import FOLDERS

import vton_hf.builder
import vton_hf.storage.s3  # imports are not what is compared
from loaders.peak import peak_mb

PAGE = 10_000


def leaves(job: Job) -> dict[str, float]:
    """Ours, of the 18 folders that hold images."""
    return _manifest(job, [f"s3://{BUCKET}/{folder}" for folder in FOLDERS])


def root(job: Job) -> dict[str, float]:
    """Ours, of their root."""
    return _manifest(job, [job.s3_root])


def _manifest(job: Job, prefixes: list[str]) -> dict[str, float]:
    start = time.perf_counter()
    options = {"s3_prefixes": prefixes, "cache_dir": job.made, "storage_options": job.storage_options}
    found = vton_hf.VTON(config_name="hard", **options).triplets
    seconds = time.perf_counter() - start
    return _figures(sum(found.manifest.sizes().values()) * len(ROLES), seconds)


def with_s3fs(job: Job) -> dict[str, float]:
    """`find` with details, as sizes and ETags need it."""
    files = s3fs.S3FileSystem(**job.storage_options)
    start = time.perf_counter()
    found = files.find(f"{BUCKET}/dataset_ultimate", detail=True)
    return _figures(len(found), time.perf_counter() - start)


def with_obstore(job: Job) -> dict[str, float]:
    """All 18 folders at once, into Arrow; nothing is grouped or checked."""
    store = S3Store(BUCKET, endpoint=job.endpoint, region=REGION, client_options={"allow_http": True})
    start = time.perf_counter()
    with ThreadPoolExecutor(len(FOLDERS)) as pool:
        parts = list(pool.map(lambda folder: _pages(store, folder), FOLDERS))
    seconds = time.perf_counter() - start
    return _figures(sum(page.num_rows for pages in parts for page in pages), seconds)


def _pages(store: S3Store, folder: str) -> list[Any]:
    return list(obstore.list(store, folder, chunk_size=PAGE, return_arrow=True))


def _figures(keys: int, seconds: float) -> dict[str, float]:
    return {"rate": keys / seconds, "seconds": seconds, "keys": keys, "peak_mb": peak_mb()}
