"""One WebDataset shard: a plain tar that `webdataset` and `load_dataset("webdataset")` read."""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import datasets
import pyarrow as pa

from vton_hf.errors import ImageError
from vton_hf.images import format_of

CAPTIONS: Final = ("caption", "text", "edit_prompt", "prompt")
"""Columns that become a sample's `.txt`, where WebDataset's loaders look for the caption; the first one counts."""

_EXTENSIONS: Final = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}


def image_kinds(rows: pa.Table, features: datasets.Features) -> dict[str, str]:
    """The extension of each image column, as the first row's bytes have it.

    Raises:
        ImageError: If an image is no PNG, JPEG or WebP.
    """
    images = [name for name, feature in features.items() if isinstance(feature, datasets.Image)]
    return {name: _kind(0, name, rows[name][0].as_py()) for name in images}


def sample_features(features: datasets.Features, kinds: Mapping[str, str]) -> datasets.Features:
    """The columns that `load_dataset` makes of the samples."""
    texts = {name: feature for name, feature in features.items() if name not in kinds}
    images = {f"{name}.{kind}": datasets.Image() for name, kind in kinds.items()}
    caption = {"txt": datasets.Value("string")} if _caption(features) else {}
    own = {name: datasets.Value("string") for name in ("__key__", "__url__")}
    return datasets.Features(own | images | {"json": dict(sorted(texts.items()))} | caption)


def write_tar(
    path: Path, tables: Iterable[pa.Table], features: datasets.Features, *, first: int, kinds: Mapping[str, str]
) -> None:
    """Write rows as samples: `000000012.NAME.png` for each image, `000000012.json` with all texts.

    A sample is called by its position, since a mix may show a triplet several times. Where one of `CAPTIONS` is a
    column, `000000012.txt` holds it as well. The same rows give the same bytes.

    An image's extension is what its bytes are. Readers take name and extension together for the column's name: of a
    column with PNGs and JPEGs `load_dataset` would show None in every row that differs from the first.

    Args:
        path: The file to write; what it holds is lost, and it stays half written where this raises.
        tables: The rows, a table at a time; all with the schema of `features`, image cells with bytes.
        features: Which columns are images; the others are texts.
        first: Position of the first row in its split, counted from 0.
        kinds: The extension of each image column, in all files of the split: see `image_kinds`.

    Raises:
        ImageError: If an image is no PNG, JPEG or WebP, or a column holds images of several kinds.
        OSError: If the disk is full or fails.
    """
    caption = _caption(features)
    position = first
    with tarfile.open(path, "w") as tar:
        for table in tables:
            for row in range(table.num_rows):
                cells = {name: table[name][row].as_py() for name in features}
                for name, kind in kinds.items():
                    _check_kind(name, _kind(position, name, cells[name]), kind)
                for extension, data in _sample(cells, kinds, caption):
                    _add(tar, f"{position:09d}.{extension}", data)
                position += 1


def _sample(cells: Mapping[str, Any], kinds: Mapping[str, str], caption: str | None) -> Iterator[tuple[str, bytes]]:
    """What a row holds: extensions and bytes."""
    for name, kind in kinds.items():
        yield f"{name}.{kind}", cells[name]["bytes"]
    texts = {name: text for name, text in cells.items() if name not in kinds}
    yield "json", json.dumps(texts, ensure_ascii=False, sort_keys=True, default=str).encode()
    if caption is not None:
        yield "txt", (cells[caption] or "").encode()


def _kind(position: int, name: str, cell: Mapping[str, Any]) -> str:
    try:
        return _EXTENSIONS[format_of(cell["bytes"])]
    except ImageError as error:
        raise ImageError(f"row {position} cannot be exported: {name} {cell['path']!r} is {error}") from None


def _caption(features: datasets.Features) -> str | None:
    return next((name for name in CAPTIONS if isinstance(features.get(name), datasets.Value)), None)


def _check_kind(name: str, kind: str, expected: str) -> None:
    if kind != expected:
        raise ImageError(
            f"{name!r} holds .{expected} and .{kind} images, which readers of WebDataset take for two columns. "
            f"Make all of one kind with image_format='png', 'jpeg' or 'webp', or export Parquet files."
        )


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # of 1970, nobody's, readable by all
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
