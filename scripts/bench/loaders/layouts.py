"""600,000 rows found in a listing that is there: the bucket's own grammar beside other layouts, each with its files."""

import json
import time
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
from job import Job

from loaders.peak import peak_mb
from vton_hf.triplets import DifficultyRules, Naming, discover, read_layout

COUNT = 600_000
ROOT = "s3://bucket/data/"


def found(job: Job) -> dict[str, float]:
    """Discovery as a user has it, `layout="auto"`, without the listing itself."""
    name = job.extra["layout"]
    keys, files = _TREES[name](range(job.extra.get("count", COUNT)))
    uris = sorted(ROOT + key for key in [*keys, *files])
    sizes, etags = pa.array(range(1, len(uris) + 1), pa.int64()), pa.array([f"{row:032x}" for row in range(len(uris))])
    listing = pa.table({"uri": uris, "size": sizes, "etag": etags})
    bodies = {ROOT + key: text.encode() for key, text in files.items()}

    def read(wanted: Sequence[str]) -> list[bytes]:
        return [bodies[uri] for uri in wanted]

    start = time.perf_counter()
    naming = Naming(read_layout("auto"), (ROOT,), read)
    manifest, audit = discover(listing, below=[ROOT], rules=DifficultyRules("hard"), naming=naming)
    seconds = time.perf_counter() - start
    if [seen.layout for seen in audit.seen] != [name]:
        raise ValueError(f"{name} was taken for {audit.seen}.")
    return {"rate": seconds, "rows": len(manifest), "peak_mb": peak_mb()}


Tree = tuple[Iterator[str], dict[str, str]]


def _vton(numbers: range) -> Tree:
    folders = [f"{difficulty}/{gender}" for difficulty in ("easy", "medium", "hard") for gender in ("female", "male")]
    names = ("initial_image/{0}_person.png", "cloth_image/{0}_cloth_{1}.png", "try_on_image/{0}_vton.png")
    keys = (
        f"{folders[number % 6]}/{name.format(f'fh_{number:06d}', f'fc_{number % 977:06d}')}"
        for number in numbers
        for name in names
    )
    return keys, {}


def _viton_hd(numbers: range) -> Tree:
    names = ("train/image/{0}_00.jpg", "train/cloth/{0}_00.jpg", "train/agnostic-mask/{0}_00_mask.png")
    keys = (name.format(f"{number:06d}") for number in numbers for name in names)
    return keys, {"train_pairs.txt": "".join(f"{number:06d}_00.jpg {number:06d}_00.jpg\n" for number in numbers)}


def _dresscode(numbers: range) -> Tree:
    categories = ("upper_body", "lower_body", "dresses")
    names = ("images/{0}_0.jpg", "images/{0}_1.jpg", "label_maps/{0}_4.png")
    keys = (f"{categories[number % 3]}/{name.format(f'{number:06d}')}" for number in numbers for name in names)
    lines = (f"{number:06d}_0.jpg\t{number:06d}_1.jpg\t{number % 3}\n" for number in numbers)
    return keys, {"train_pairs.txt": "".join(lines)}


def _catvton(numbers: range) -> Tree:
    names = ("person/fh_{0}.jpg", "garment/fc_{0}.jpg", "mask/fh_{0}.png")
    keys = (name.format(f"{number:06d}") for number in numbers for name in names)
    return keys, {"train_pairs.txt": "".join(f"fh_{number:06d}.jpg fc_{number:06d}.jpg\n" for number in numbers)}


def _table(numbers: range) -> Tree:
    columns = ("initial_image_file_name", "cloth_image_file_name", "try_on_image_file_name")
    keys = (f"{folder}/{number:06d}.jpg" for number in numbers for folder in "pcr")
    rows = (
        json.dumps(
            {name: f"{folder}/{number:06d}.jpg" for name, folder in zip(columns, "pcr", strict=True)} | {"caption": "a"}
        )
        for number in numbers
    )
    return keys, {"metadata.jsonl": "\n".join(rows)}


_TREES: dict[str, Callable[[range], Tree]] = {
    "vton": _vton,
    "viton-hd": _viton_hd,
    "dresscode": _dresscode,
    "catvton": _catvton,
    "table": _table,
}
