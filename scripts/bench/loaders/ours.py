"""vton-hf."""

from typing import Any

from job import SIDE, Job
from torch.utils.data import DataLoader

import vton_hf
from loaders.common import torch_loader, v1, workers

ALL = dict.fromkeys(("easy", "medium", "hard"), 1.0)


def lazy(job: Job) -> Any:
    """An epoch from the bucket, map-style."""
    size = {} if job.passes == 1 else {"epoch_size": job.triplets * job.passes}
    dataset = vton_hf.S3VTONDataset([_prefix(job)], **size, **_transform(job), **_source(job))
    return torch_loader(dataset, job, collate_fn=vton_hf.collate_triplets)


def streamed(job: Job) -> Any:
    """An epoch from the bucket, as a stream."""
    rows = vton_hf.load("hard", s3_prefixes=[_prefix(job)], difficulty_weights=ALL, streaming=True, **_source(job))
    rows = vton_hf.with_transform(rows, **_transform(job))
    return DataLoader(rows, batch_size=job.batch, collate_fn=vton_hf.collate_triplets, **workers(job))


def convert(job: Job, **how: Any) -> dict[str, float]:
    """From disk, or the bucket, to the cache."""
    return {"triplets": len(_built(job, **how))}


def cached(job: Job) -> Any:
    """An epoch from the cache."""
    rows = vton_hf.with_transform(_built(job), **_transform(job))
    return torch_loader(rows, job, collate_fn=vton_hf.collate_triplets)


def _built(job: Job, **how: Any) -> Any:
    stored = {} if job.form == "original" else {"image_size": (SIDE, SIDE), "image_format": job.form}
    options = {"s3_prefixes": [_prefix(job)], "difficulty_weights": ALL, "num_proc": job.extra.get("num_proc")}
    return vton_hf.load("hard", **options, **_source(job), **stored, **how)


def _prefix(job: Job) -> str:
    return job.s3_root if job.endpoint else f"file://{job.bucket}/dataset_ultimate/"


def _source(job: Job) -> dict[str, Any]:
    source = {"storage_options": job.storage_options} if job.endpoint else {}
    return {"cache_dir": job.made, **source}


def _transform(job: Job) -> dict[str, Any]:
    return {"transform": v1()} if job.transform == "v1" else {"image_size": (SIDE, SIDE)}
