"""How fast images get from S3 into the cache, and what the network and the cores alone would allow."""

import asyncio
import itertools
import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import obstore
from job import BUCKET, REGION, ROLES, SIDE, Job
from obstore.store import S3Store

import vton_hf.builder
import vton_hf.storage.s3  # noqa: F401 - imports are not what is compared
from loaders.common import stored
from loaders.ours import convert
from vton_hf.images.spec import ImageSpec
from vton_hf.storage import Store, settings_for

BATCH = 192
AT_ONCE = 64


def ours(job: Job) -> dict[str, float]:
    """From the bucket to Arrow."""
    start = time.perf_counter()
    images = int(convert(job, statistics=job.extra.get("statistics", True))["triplets"]) * len(ROLES)
    return _figures(images, start)


def read(job: Job) -> dict[str, float]:
    """Fetch only, with the client that ours uses."""
    store = Store(settings_for(job.storage_options))
    start = time.perf_counter()
    uris = [f"s3://{key}" for key in _keys(job)]
    images = sum(len(store.read(uris[first : first + BATCH])) for first in range(0, len(uris), BATCH))
    return _figures(images, start)


def get(job: Job) -> dict[str, float]:
    """Fetch only, with obstore, as many at once."""
    store = S3Store(BUCKET, endpoint=job.endpoint, region=REGION, client_options={"allow_http": True})

    async def all_of(keys: Iterable[str]) -> int:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(key: str) -> int:
            async with gate:
                body = await (await obstore.get_async(store, key)).bytes_async()
            return len(body) > 0

        return sum(await asyncio.gather(*map(one, keys)))

    start = time.perf_counter()
    images = asyncio.run(all_of(key.removeprefix(f"{BUCKET}/") for key in _keys(job)))
    return _figures(images, start)


def prepare(job: Job) -> dict[str, float]:
    """Decode, resize and encode only, on all cores, of bytes that are in memory."""
    triplets = [{role: Path(path).read_bytes() for role, path in one.items()} for one in stored(job)]
    form = job.extra["form"]
    with ProcessPoolExecutor(os.cpu_count(), initializer=_warm_up, initargs=(form, triplets[0])) as pool:
        list(pool.map(time.sleep, [0.5] * (os.cpu_count() or 1)))
        start = time.perf_counter()
        images = sum(pool.map(_prepared, itertools.repeat(form), triplets, chunksize=2))
        return _figures(images, start)


def _prepared(form: str, triplet: dict[str, bytes]) -> int:
    return len(ImageSpec((SIDE, SIDE), form).apply(triplet, "structure"))


def _warm_up(form: str, triplet: dict[str, bytes]) -> None:
    _prepared(form, triplet)


def _keys(job: Job) -> list[str]:
    bucket = Path(job.bucket)
    return [Path(path).relative_to(bucket.parent).as_posix() for one in stored(job) for path in one.values()]


def _figures(images: int, start: float) -> dict[str, float]:
    return {"rate": images / (time.perf_counter() - start), "images": images}
