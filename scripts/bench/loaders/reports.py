"""Statistics of imagined images, and the time that a full report of them takes."""

import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vton_hf.cache import partition
from vton_hf.cache.statistics import IMAGE_SCHEMA, TRIPLET_SCHEMA, StatisticsFiles
from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES, ImageKey, format_key
from vton_hf.triplets import Manifest, select_triplets

ROOT = "s3://imagined/dataset_ultimate/"
REPEATED = 0.02  # of the images are copies of another one, half of them not to the last bit


def manifest(count: int) -> Manifest:
    """So many triplets, spread over all folders."""
    uris = [
        f"{format_key(ImageKey(f'{ROOT}{difficulty}/{gender}/', role, f'{stem:07d}', 'dress' if role == ROLES[1] else ''))}"
        for difficulty in DIFFICULTIES
        for gender in GENDERS
        for stem in range(count // 6)
        for role in ROLES
    ]
    uris.sort()
    etags = [f"{number:032x}" for number in range(len(uris))]
    listing = pa.table({"uri": uris, "size": pa.array([1_100_000] * len(uris), pa.int64()), "etag": etags})
    return select_triplets(listing)[0]


def write(whole: Manifest, folder: Path) -> int:
    """Write what would have been measured of its images; gives how many files of a unit there are."""
    files, rng = StatisticsFiles(folder), np.random.default_rng(0)
    pool = _Codes(rng)
    chunks = partition(whole, verify="structure")
    for chunk in chunks:
        files.write(chunk.unit, _images(chunk.rows, pool, rng), _triplets(chunk.rows, rng))
    return len(chunks)


class _Codes:
    """Hashes as real pictures have them: garments on white share many bits, and a few are copies."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._seen = {role: np.zeros((0, 2), np.uint64) for role in ROLES}
        self._common = rng.integers(0, 2**64, 2, np.uint64)
        # Of a garment on white the outermost cells are alike: a third of its bits say nothing.
        self._fixed = np.array(
            [rng.integers(0, 2**64, dtype=np.uint64) & rng.integers(0, 2**64, dtype=np.uint64) for _ in range(2)]
        )

    def draw(self, role: str, count: int) -> np.ndarray:
        codes = self._rng.integers(0, 2**64, (count, 2), np.uint64)
        if role == ROLES[1]:
            codes = (codes & ~self._fixed) | (self._common & self._fixed)
        seen = self._seen[role]
        copies = np.flatnonzero(self._rng.random(count) < REPEATED)
        if len(seen) and len(copies):
            flipped = np.uint64(1) << self._rng.integers(0, 64, (len(copies), 2)).astype(np.uint64)
            flipped[::2] = 0
            codes[copies] = seen[self._rng.integers(0, len(seen), len(copies))] ^ flipped
        self._seen[role] = np.concatenate([seen, codes[:8]])
        return codes


def _images(rows: pa.Table, pool: _Codes, rng: np.random.Generator) -> pa.Table:
    count, parts = rows.num_rows, []
    for role in ROLES:
        codes = pool.draw(role, count)
        columns: dict[str, Any] = {
            "uri": rows[role], "etag": rows[f"{role}_etag"], "bytes": rows[f"{role}_size"], "role": [role] * count,
            "measured_on": ["original"] * count, "format": ["PNG"] * count, "mode": ["RGB"] * count,
            "bits": [8] * count, "frames": [1] * count, "alpha": [False] * count, "orientation": [1] * count,
            "trailing": [0] * count, "width": [768] * count, "height": [1024] * count, "hidden": [0.0] * count,
            "content": [codes[i].tobytes() for i in range(count)], "phash": codes[:, 0], "dhash": codes[:, 1],
            "colours": [_cells(code) for code in codes], "thumbnail": [rng.bytes(1500) for _ in range(count)],
        }  # fmt: skip
        usual = {"brightness": 0.5, "contrast": 0.2, "entropy": 7, "q01": 0.05, "q05": 0.1, "q95": 0.9, "q99": 0.95}
        usual |= {"saturation": 0.3, "chroma": 0.5, "white_border": 0.1, "sharpness": 0.6}
        for name, value in usual.items():
            columns[name] = rng.normal(value, value / 12, count).astype(np.float32)
        arrays = [
            columns.get(field.name, [None] * count if field.name[:3] != "bar" else [0.0] * count)
            for field in IMAGE_SCHEMA
        ]
        parts.append(
            pa.table(
                [
                    a.cast(f.type) if isinstance(a, pa.ChunkedArray) else pa.array(a, f.type)
                    for a, f in zip(arrays, IMAGE_SCHEMA, strict=True)
                ],
                schema=IMAGE_SCHEMA,
            )
        )
    return pa.concat_tables(parts).sort_by("uri")


def _cells(code: np.ndarray) -> bytes:
    """Mean colours: the same for equal codes, and nearly so for copies."""
    tone = int(code[0] >> np.uint64(40)) % 120 + 60
    return (
        np.random.default_rng(int(code[0] >> np.uint64(48)))
        .integers(tone - 40, tone + 40, 48)
        .astype(np.uint8)
        .tobytes()
    )


def _triplets(rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    count = rows.num_rows
    usual = {
        "similarity": 0.8,
        "similarity_shifted": 0.8,
        "similarity_scaled": 0.8,
        "scale": 1,
        "changed": 0.15,
        "worn": 0.95,
        "garment_target_change": 1,
        "garment_person_change": 1,
    }
    columns: dict[str, Any] = {name: rows[name] for name in ("key", *ROLES)}
    for field in TRIPLET_SCHEMA:
        if field.name not in columns:
            value = usual.get(field.name, 0.0)
            columns[field.name] = rng.normal(value, 0.001 + value / 25, count).astype(np.float32)
    return pa.table(
        [
            columns[field.name]
            if isinstance(columns[field.name], pa.ChunkedArray)
            else pa.array(columns[field.name], field.type)
            for field in TRIPLET_SCHEMA
        ],
        schema=TRIPLET_SCHEMA,
    )


def report(whole: Manifest, folder: Path) -> dict[str, Any]:
    """Look for all that can be found."""
    from vton_hf.cache import collect
    from vton_hf.report.validation import Asked, Measures, find, thresholds_of
    from vton_hf.triplets import Audit
    from vton_hf.triplets.audit import SCHEMA

    start = time.perf_counter()
    chunks = partition(whole, verify="structure")
    statistics = collect(chunks, folder)
    read = time.perf_counter() - start
    measures = Measures(whole, statistics.images, statistics.triplets)
    asked = Asked("all", thresholds_of(None), {}, [ROOT])
    table, _ = find(measures, Audit(SCHEMA.empty_table()), {}, asked)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": time.perf_counter() - start, "reading": read, "findings": table.num_rows, "MB": peak}


if __name__ == "__main__":
    mode, count, where = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    imagined = manifest(count)
    print(write(imagined, where) if mode == "write" else report(imagined, where))
