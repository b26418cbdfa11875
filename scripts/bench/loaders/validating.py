"""Looking for what is wrong with images: ours beside what people take for single images, and a report of many."""

import io
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from job import Job
from PIL import Image

import vton_hf
from vton_hf.cache import Chunk, StoredImages, ThreeImages, collect, partition
from vton_hf.cache.statistics import IMAGE_SCHEMA, TRIPLET_SCHEMA, StatisticsFiles
from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES, ImageKey, format_key
from vton_hf.report import Evidence, Measures, Scope, find, thresholds_of
from vton_hf.triplets import Audit, Manifest, select_triplets

ROOT = "s3://imagined/dataset_ultimate/"
COPIED = 0.02  # of the images, half of them not to the last bit

IMAGE = {
    "measured_on": "original", "format": "PNG", "mode": "RGB", "bits": 8, "frames": 1, "alpha": False, "orientation": 1,
    "trailing": 0, "width": 768, "height": 1024, "hidden": 0.0, "brightness": 0.5, "contrast": 0.2, "entropy": 7.0,
    "q01": 0.05, "q05": 0.1, "q95": 0.9, "q99": 0.95, "saturation": 0.3, "chroma": 0.5, "white_border": 0.1,
    "sharpness": 0.6, "bar_top": 0.0, "bar_bottom": 0.0, "bar_left": 0.0, "bar_right": 0.0,
}  # fmt: skip
TRIPLET = {
    "similarity": 0.8, "similarity_shifted": 0.8, "similarity_scaled": 0.8, "scale": 1.0, "changed": 0.15, "worn": 0.95,
    "garment_target_change": 1.0, "garment_person_change": 1.0,
}  # fmt: skip


def ours(job: Job) -> dict[str, float]:
    """All checks, of files, pictures and triplets, on all cores."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache:
        found = vton_hf.validate(f"{job.bucket}/dataset_ultimate/", cache_dir=cache, num_proc=os.cpu_count())
    return {"rate": found.images / (time.perf_counter() - start), "images": found.images}


def cleanvision(job: Job) -> dict[str, float]:
    """Its checks of single images and its duplicates, on all cores."""
    from cleanvision import Imagelab  # noqa: PLC0415 - in this environment alone

    start = time.perf_counter()
    lab = Imagelab(data_path=job.bucket)
    lab.find_issues(n_jobs=os.cpu_count(), verbose=False)
    return {"rate": len(lab.issues) / (time.perf_counter() - start), "images": len(lab.issues)}


def write(job: Job) -> dict[str, Any]:
    """What would have been measured of imagined images; as many files as of real ones."""
    files, rng = StatisticsFiles(job.folder), np.random.default_rng(0)
    seen: dict[str, list[Any]] = {role: [] for role in ROLES}
    for chunk in partition(_manifest(job), verify="structure"):
        images = pa.concat_tables(_images(chunk.rows, role, rng, seen[role]) for role in ROLES).sort_by("uri")
        files.write(chunk.unit, images, _triplets(chunk.rows, rng))
    return {"triplets": job.triplets}


def report(job: Job) -> dict[str, float]:
    """Read all statistics and run all checks."""
    whole = _manifest(job)
    start = time.perf_counter()
    found = _found(job, whole, partition(whole, verify="structure"))
    seconds = time.perf_counter() - start
    return {"rate": seconds, "MB": _peak(), "triplets": job.triplets, "findings": found.findings.num_rows}


def page(job: Job) -> dict[str, float]:
    """Write the page of such a report; of imagined images it has thumbnails alone."""
    whole = _manifest(job)
    chunks = partition(whole, verify="structure")
    found = _found(job, whole, chunks)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        size = found.to_html(f"{folder}/page.html").stat().st_size
    return {"rate": time.perf_counter() - start, "MB": _peak(), "triplets": job.triplets, "page_MB": size / 1e6}


def _found(job: Job, whole: Manifest, chunks: list[Chunk]) -> vton_hf.Validation:
    statistics = collect(chunks, job.folder)
    measures = Measures(whole, statistics.images, statistics.triplets)
    scope = Scope("all", thresholds_of(None), {}, [ROOT])
    findings, skipped = find(measures, Audit.nothing(), {}, scope)
    images = _Thumbnails(chunks, _Cache(job.folder), None)
    evidence = Evidence(whole, measures, scope, images, Audit.nothing())
    return vton_hf.Validation(len(whole), statistics.images.num_rows, False, findings, evidence, skipped, len(whole))


@dataclass(frozen=True)
class _Cache:
    """Where statistics lie."""

    statistics: Path


class _Thumbnails(StoredImages):
    """Of images that nobody can read."""

    def originals(self, rows: Sequence[int]) -> Iterator[tuple[int, ThreeImages]]:
        """Their thumbnails."""
        return self.thumbnails(rows)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _manifest(job: Job) -> Manifest:
    count = job.extra["imagined"] // (len(DIFFICULTIES) * len(GENDERS))
    uris = sorted(_uris(count))
    etags = [f"{number:032x}" for number in range(len(uris))]
    listing = pa.table({"uri": uris, "size": pa.array([1_100_000] * len(uris), pa.int64()), "etag": etags})
    return select_triplets(listing)[0]


def _uris(count: int) -> Iterator[str]:
    for difficulty in DIFFICULTIES:
        for gender in GENDERS:
            for stem in range(count):
                for role in ROLES:
                    garment = "dress" if role == ROLES[1] else ""
                    yield format_key(ImageKey(f"{ROOT}{difficulty}/{gender}/", role, f"{stem:07d}", garment))


def _images(rows: pa.Table, role: str, rng: np.random.Generator, seen: list[Any]) -> pa.Table:
    count = rows.num_rows
    codes = _codes(role, count, rng, seen)
    columns: dict[str, Any] = {
        "uri": rows[role],
        "etag": rows[f"{role}_etag"],
        "bytes": rows[f"{role}_size"],
        "role": [role] * count,
        "content": [code.tobytes() for code in codes],
        "phash": codes[:, 0],
        "dhash": codes[:, 1],
        "colours": [_cells(code) for code in codes],
        "thumbnail": [_thumbnail(number) for number in rng.integers(0, 500, count)],
    }
    return _table(columns, IMAGE, IMAGE_SCHEMA, count, rng)


@cache
def _thumbnail(number: int) -> bytes:
    """A JPEG of some 1.5 KB."""
    noise = Image.fromarray(np.random.default_rng(number).integers(60, 200, (10, 8, 3), np.uint8))
    buffer = io.BytesIO()
    noise.resize((48, 64), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90, subsampling=0)
    return buffer.getvalue()


def _triplets(rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    names = dict.fromkeys(TRIPLET_SCHEMA.names, 0.0) | TRIPLET
    return _table({name: rows[name] for name in ("key", *ROLES)}, names, TRIPLET_SCHEMA, rows.num_rows, rng)


def _table(
    columns: dict[str, Any], usual: dict[str, Any], schema: pa.Schema, count: int, rng: np.random.Generator
) -> pa.Table:
    """A column that is not there has its usual value, and numbers scatter about it; without one it is null."""
    for field in schema:
        if field.name not in columns:
            value = usual.get(field.name)
            scattered = pa.types.is_float32(field.type) and value is not None
            columns[field.name] = rng.normal(value, abs(value) / 25, count) if scattered else [value] * count
    arrays = [columns[field.name] for field in schema]
    made = [
        array.cast(field.type) if isinstance(array, pa.ChunkedArray) else pa.array(array).cast(field.type)
        for array, field in zip(arrays, schema, strict=True)
    ]
    return pa.table(made, schema=schema)


def _codes(role: str, count: int, rng: np.random.Generator, seen: list[Any]) -> Any:
    """Hashes as pictures have them: of garments on white a quarter of the bits are alike, and a few are copies."""
    codes = rng.integers(0, 2**64, (count, 2), np.uint64)
    if role == ROLES[1]:
        alike = np.random.default_rng(1).integers(0, 2**64, (2, 2), np.uint64)
        codes &= ~(alike[0] & alike[1])
    for number in np.flatnonzero(rng.random(count) < COPIED) if seen else ():
        codes[number] = seen[rng.integers(len(seen))]
        codes[number, 0] ^= np.uint64(rng.integers(2))
    seen += list(codes[:8])
    return codes


def _cells(code: Any) -> bytes:
    """Mean colours, the same for copies."""
    tone = int(code[0] >> np.uint64(40)) % 120 + 60
    own = np.random.default_rng(int(code[0] >> np.uint64(48)))
    return own.integers(tone - 40, tone + 40, 48).astype(np.uint8).tobytes()
