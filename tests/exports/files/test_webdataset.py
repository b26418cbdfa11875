"""A shard is read by the two programs it is written for, and is the same bytes whoever writes it."""

import errno
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest

from tests.bucket import encoded, png
from tests.exports.files.test_columns import TABLE, opened, triplets
from tests.python import TRAINERS
from vton_hf.cache.features import features
from vton_hf.errors import ImageError
from vton_hf.exports.columns import parse_columns
from vton_hf.exports.webdataset import image_kinds, sample_features, write_tar
from vton_hf.naming import ROLES

CONTROLNET = parse_columns("controlnet", "{garment} für {key}")
JPEG = encoded(opened({"bytes": png("j")}), "JPEG")
WEBP = encoded(opened({"bytes": png("w")}), "WEBP")


def write(path: Path, tables: Iterable[pa.Table], features: datasets.Features, *, first: int) -> None:
    """A file whose first row says what kinds of images the split has."""
    begun = iter(tables)
    table = next(begun)
    write_tar(path, chain([table], begun), features, first=first, kinds=image_kinds(table, features))


def members(path: Path) -> dict[str, bytes]:
    """What the tar holds, in order."""
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def test_a_row_becomes_one_sample(tmp_path: Path) -> None:
    write(tmp_path / "a.tar", [TABLE], features(), first=41)
    held = members(tmp_path / "a.tar")
    kinds = [*(f"{role}.png" for role in ROLES), "json"]
    assert list(held) == [f"{key}.{kind}" for key in ("000000041", "000000042") for kind in kinds]
    assert held["000000042.cloth_image.png"] == TABLE["cloth_image"][1].as_py()["bytes"]
    assert held["000000042.json"] == (
        b'{"difficulty": "hard", "garment": "dress", "gender": "female", "key": "k/1", "stem": "1"}'
    )


def test_a_caption_is_a_text_of_its_own_too(tmp_path: Path) -> None:
    write(tmp_path / "a.tar", [CONTROLNET.apply(TABLE)], CONTROLNET.features, first=0)
    held = members(tmp_path / "a.tar")
    assert held["000000001.txt"].decode() == "dress für k/1"
    assert held["000000001.json"].decode() == '{"difficulty": "hard", "key": "k/1", "text": "dress für k/1"}'
    several = parse_columns("text=stem,caption,image=cloth_image")
    write(tmp_path / "b.tar", [several.apply(TABLE)], several.features, first=0)
    assert members(tmp_path / "b.tar")["000000000.txt"] == b"dress the person in the garment"
    image = parse_columns("text=cloth_image")
    write(tmp_path / "c.tar", [image.apply(TABLE)], image.features, first=0)
    assert list(members(tmp_path / "c.tar"))[:2] == ["000000000.text.png", "000000000.json"]


def test_an_extension_says_what_the_bytes_are(tmp_path: Path) -> None:
    write(tmp_path / "a.tar", [triplets([JPEG] * 2, [WEBP] * 2)], features(), first=0)
    assert [name for name in members(tmp_path / "a.tar") if name.startswith("000000001.")] == [
        "000000001.initial_image.jpg",
        "000000001.cloth_image.webp",
        "000000001.try_on_image.png",
        "000000001.json",
    ]


def test_a_column_of_two_kinds_is_refused(tmp_path: Path) -> None:
    tables = [triplets([png("a")], [png("b")]), triplets([JPEG], [png("b")])]
    with pytest.raises(ImageError) as caught:
        write(tmp_path / "a.tar", tables, features(), first=0)
    assert str(caught.value).startswith("'initial_image' holds .png and .jpg images, which readers of WebDataset take")


def test_an_image_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        write(tmp_path / "a.tar", [triplets([png("a"), b"GIF89a"], [png("b")] * 2)], features(), first=5)
    assert str(caught.value) == (
        "row 6 cannot be exported: initial_image 's3://b/initial_image/1.png' is not a PNG, JPEG or WebP image: begins "
        "with b'GIF89a', which is GIF; convert it to PNG, JPEG or WebP"
    )


def test_the_same_rows_are_the_same_bytes_however_they_come(tmp_path: Path) -> None:
    table = triplets([png(f"{n}") for n in range(5)], [png("c")] * 5)
    write(tmp_path / "a.tar", [table], features(), first=0)
    write(tmp_path / "b.tar", (table.slice(start, 2) for start in (0, 2, 4)), features(), first=0)
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    with tarfile.open(tmp_path / "a.tar") as tar:
        kept = {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode, m.isreg()) for m in tar}
    assert kept == {(0, 0, 0, "", "", 0o644, True)}


def test_one_table_at_a_time_is_asked_for(tmp_path: Path) -> None:
    sizes: list[int] = []

    def tables() -> Iterator[pa.Table]:
        for _ in range(3):
            yield triplets([encoded(opened({"bytes": png("big", (200, 200))}))], [png("c")])
            sizes.append((tmp_path / "a.tar").stat().st_size)

    write(tmp_path / "a.tar", tables(), features(), first=0)
    # Each was on its way to the disk before the next one was made.
    assert sizes == sorted(set(sizes))
    assert sizes[0] > 100_000


def test_a_full_disk_is_told_as_such() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        write(Path("/dev/full"), [TABLE], features(), first=0)
    assert caught.value.errno == errno.ENOSPC


def test_load_dataset_reads_a_file_and_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    folder.mkdir()
    made = CONTROLNET.apply(TABLE)
    for part in range(2):
        write(folder / f"train-0000{part}-of-00002.tar", [made.slice(part, 1)], CONTROLNET.features, first=part)
    options: dict[str, Any] = {"split": "train", "cache_dir": str(tmp_path / "cache")}
    one = str(folder / "train-00001-of-00002.tar")
    for dataset, keys in (
        (datasets.load_dataset(str(folder), **options), ["000000000", "000000001"]),
        (datasets.load_dataset("webdataset", data_files={"train": one}, **options), ["000000001"]),
    ):
        assert dataset["__key__"][:] == keys
        told = sample_features(CONTROLNET.features, image_kinds(made, CONTROLNET.features))
        assert dict(dataset.features) == dict(told)
        row = dataset[-1]
        assert row["image.png"].tobytes() == opened(made["image"][1].as_py()).tobytes()
        assert row["conditioning_image.png"].size == (24, 16)
        assert row["json"] == {"difficulty": "hard", "key": "k/1", "text": "dress für k/1"}
        assert row["txt"] == "dress für k/1"


def test_webdataset_reads_it(tmp_path: Path) -> None:
    columns, expected = parse_columns("person=initial_image,condition,text=caption,key"), []
    for kind, data in {"jpg": JPEG, "png": png("a"), "webp": WEBP}.items():
        table = columns.apply(triplets([data] * 2, [png("b")] * 2))
        write(tmp_path / f"{kind}.tar", [table], columns.features, first=7)
        person, text = opened({"bytes": data}).convert("RGB").tobytes().hex(), "dress the person in the garment"
        expected += [
            [f"00000000{7 + row}", person, [24, 16], text, {"key": f"k/{row}", "text": text}] for row in range(2)
        ]
    # In a process of its own: it leaves files open, of which Python warns.
    program = (
        "import json, sys, webdataset\n"
        "for kind in ('jpg', 'png', 'webp'):\n"
        "    for sample in webdataset.WebDataset(f'{sys.argv[1]}/{kind}.tar', shardshuffle=False).decode('pil'):\n"
        "        person = sample[f'person.{kind}'].tobytes().hex()\n"
        "        stitched = 'png' if kind == 'png' else 'jpg'\n"
        "        rest = [sample[name] for name in ('txt', 'json')]\n"
        "        print(json.dumps([sample['__key__'], person, sample[f'condition.{stitched}'].size, *rest]))\n"
    )
    done = TRAINERS.run(program, os.environ, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == expected
