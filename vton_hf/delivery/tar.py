"""One WebDataset shard: a plain tar that `webdataset` and `load_dataset("webdataset")` read."""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import datasets
import pyarrow as pa

from vton_hf.errors import ImageError

CAPTIONS: Final = ("caption", "text", "edit_prompt", "prompt")
"""Columns that become a sample's `.txt`, where WebDataset's loaders look for the caption; the first one counts."""

_STARTS: Final = {b"\x89PNG": "png", b"\xff\xd8": "jpg", b"RIFF": "webp"}


def write_tar(path: Path, tables: Iterable[pa.Table], features: datasets.Features, *, first: int) -> None:
    """Write rows as samples: `000000012.NAME.png` for each image, `000000012.json` with all texts.

    A sample is called by its position, since a mix may show a triplet several times. Where one of `CAPTIONS` is a
    column, `000000012.txt` holds it as well. The same rows give the same bytes.

    An image's extension is what its bytes are, so a column of PNGs and JPEGs has two names: `webdataset` takes
    `"image.png;image.jpg"` for one of them, `load_dataset` refuses.

    Args:
        path: The file to write; what it holds is lost, and it stays half written where this raises.
        tables: The rows, a table at a time; all with the schema of `features`, image cells with bytes.
        features: Which columns are images; the others are texts.
        first: Position of the first row in its split, counted from 0.

    Raises:
        ImageError: If an image is no PNG, JPEG or WebP.
        OSError: If the disk is full or fails.
    """
    images = [name for name, feature in features.items() if isinstance(feature, datasets.Image)]
    caption = next((name for name in CAPTIONS if name in features and name not in images), None)
    position = first
    with tarfile.open(path, "w") as tar:
        for table in tables:
            for row in range(table.num_rows):
                cells = {name: table[name][row].as_py() for name in features}
                for member, data in _sample(f"{position:09d}", cells, images, caption):
                    _add(tar, member, data)
                position += 1


def _sample(key: str, cells: Mapping[str, Any], images: list[str], caption: str | None) -> list[tuple[str, bytes]]:
    """The files of one row: name and bytes."""
    files = [(f"{key}.{name}.{_kind(key, name, cells[name])}", cells[name]["bytes"]) for name in images]
    texts = {name: text for name, text in cells.items() if name not in images}
    files.append((f"{key}.json", json.dumps(texts, ensure_ascii=False, sort_keys=True).encode()))
    return files if caption is None else [*files, (f"{key}.txt", cells[caption].encode())]


def _kind(key: str, name: str, cell: Mapping[str, Any]) -> str:
    data: bytes = cell["bytes"]
    for start, kind in _STARTS.items():
        if data.startswith(start):
            return kind
    raise ImageError(
        f"row {int(key)} cannot be delivered: {name} {cell['path']!r} is no PNG, JPEG or WebP: it begins with "
        f"{data[:12]!r}"
    )


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # of 1970, nobody's, readable by all
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
