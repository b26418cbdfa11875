"""What is no fault but should be known: counted and told by a build, told once while training or streaming."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader

import vton_hf
from tests.bucket import Bucket, Load, encoded, png, triplet_keys
from tests.images import icc
from vton_hf.cli import main
from vton_hf.images import notices
from vton_hf.images.aspect import distortions
from vton_hf.naming import ROLES

PERSON, GARMENT, TARGET = ROLES
P3 = icc.screen(icc.DISPLAY_P3)
PROFILE = "Images with a colour profile that is not sRGB"
UNCONVERTED = "Images with a colour profile that cannot be converted to sRGB"
PAIR = "Triplets whose try-on image has another shape than the person and is stretched to it"
SIZE = "Triplets with an image that image_size stretches to another shape"


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was told yet in this process."""
    monkeypatch.setattr(notices, "_warned", set())


def told(caplog: Any) -> list[str]:
    """The notices since the last look."""
    found = [line for line in caplog.messages if line.startswith(("Images with", "Triplets w"))]
    caplog.clear()
    return found


def fill(bucket: Bucket, **shapes: tuple[int, int]) -> None:
    """Three triplets of portraits; the images of a role in another shape where one is given."""
    for index in range(3):
        for role, key in triplet_keys("easy", "male", f"{index:03d}").items():
            bucket.put(key, png(key, shapes.get(role, (12, 16))))


def in_p3(bucket: Bucket, role: str, stem: str, kind: str = "PNG", profile: bytes = P3, **options: Any) -> str:
    key = triplet_keys("easy", "male", stem)[role]
    return bucket.put(key, encoded(Image.open(io.BytesIO(png(key))), kind, icc_profile=profile, **options))


def lazy(bucket: Bucket, tmp_path: Path, **options: Any) -> vton_hf.S3VTONDataset:
    return vton_hf.S3VTONDataset([bucket.prefix], cache_dir=str(tmp_path / "cache"), **options)


@pytest.mark.parametrize("num_proc", [None, 2])
@pytest.mark.parametrize("options", [{}, {"image_size": (16, 12)}, {"image_format": "jpeg"}], ids=str)
def test_a_build_counts_profiles_and_tells_once(
    bucket: Bucket, load: Load, caplog: Any, options: dict[str, Any], num_proc: int | None
) -> None:
    fill(bucket)
    in_p3(bucket, GARMENT, "000")
    first, *_ = [in_p3(bucket, role, "001", "JPEG") for role in (PERSON, TARGET)]
    load("easy", num_proc=num_proc, **options)
    (line,) = told(caplog)
    assert line.startswith(f"{PROFILE}: 3, the first ")
    assert line.endswith(" (by hand). Profiles are ignored; to_srgb=True converts the colours.")
    assert first.rsplit("/", 2)[0] in line
    load("easy", **options)
    assert told(caplog) == [], "nothing is new"


def test_what_a_build_counted_stays_counted_as_the_bucket_grows(bucket: Bucket, load: Load, caplog: Any) -> None:
    fill(bucket, try_on_image=(16, 12))
    in_p3(bucket, GARMENT, "000")
    load("easy", image_size=(8, 6))
    assert [line.split(",")[0] for line in told(caplog)] == [f"{PROFILE}: 1", f"{PAIR}: 3"]
    bucket.add_triplet("easy", "male", "003")
    load("easy", image_size=(8, 6))
    assert [line.split(",")[0] for line in told(caplog)] == [f"{PROFILE}: 1", f"{PAIR}: 3"]


def test_a_chunk_of_an_earlier_version_is_read_and_taken_over(bucket: Bucket, load: Load, tmp_path: Path) -> None:
    fill(bucket)
    load("easy")
    for name, key in (("report.json", "noticed"), ("sources.json", "notices")):
        (path,) = (tmp_path / "cache").rglob(name)
        facts = json.loads(path.read_text())
        del facts[key]
        path.write_text(json.dumps(facts))
    size = path.stat().st_size
    report = path.with_name("report.json")
    facts = json.loads(report.read_text())
    facts["files"]["sources.json"] = size
    report.write_text(json.dumps(facts))
    assert len(load("easy")) == 3
    bucket.add_triplet("easy", "male", "003")
    assert len(load("easy")) == 4


@pytest.mark.parametrize("how", ["lazy", "set_transform", "stream", "stream and set_transform", "uris"])
def test_a_profile_is_told_once_while_reading(
    bucket: Bucket, load: Load, tmp_path: Path, caplog: Any, how: str
) -> None:
    fill(bucket)
    uris = {in_p3(bucket, GARMENT, stem) for stem in ("000", "001", "002")}
    made: Any = {
        "lazy": lambda: lazy(bucket, tmp_path),
        "set_transform": lambda: vton_hf.set_transform(load("easy")),
        "stream": lambda: load("easy", streaming=True),
        "stream and set_transform": lambda: vton_hf.with_transform(load("easy", streaming=True)),
        "uris": lambda: load("easy", embed_images=False),
    }[how]()
    told(caplog)
    for _ in range(2):
        assert len([row for row in made]) == 3  # noqa: C416 - a stream has no length
    (line,) = told(caplog)
    assert line.startswith(f"{PROFILE}, such as ")
    assert any(uri in line for uri in uris)


def test_workers_tell_once_together(bucket: Bucket, tmp_path: Path) -> None:
    fill(bucket, try_on_image=(16, 12))
    in_p3(bucket, GARMENT, "000")
    loader = DataLoader(lazy(bucket, tmp_path), num_workers=2, collate_fn=vton_hf.collate_triplets)
    # Workers inherit it.
    logger, handler = logging.getLogger("vton_hf"), logging.FileHandler(tmp_path / "log")
    logger.addHandler(handler)
    try:
        for _ in range(2):
            assert len(list(loader)) == 3
    finally:
        logger.removeHandler(handler)
        handler.close()
    said = (tmp_path / "log").read_text()
    assert said.count(PROFILE) == said.count(PAIR) == 1


def test_to_srgb_is_the_same_in_a_build_on_the_fly_and_in_a_stream(
    bucket: Bucket, load: Load, tmp_path: Path, caplog: Any
) -> None:
    keys = bucket.add_triplet("easy", "male", "000")
    bucket.put(keys[TARGET], encoded(Image.new("RGB", (12, 16), (234, 51, 35)), "PNG", icc_profile=P3))
    plain = bucket.folder / keys[GARMENT]
    stored = load("easy", to_srgb=True)
    rows = {
        "stored": stored[0],
        "resized": load("easy", to_srgb=True, image_size=(16, 12))[0],
        "encoded": load("easy", to_srgb=True, image_format="png-fast")[0],
        "streamed": next(iter(load("easy", to_srgb=True, streaming=True))),
        "on the fly": vton_hf.set_transform(load("easy"), lambda image: image, to_srgb=True)[0],
        "on the fly, streamed": next(
            iter(vton_hf.with_transform(load("easy", streaming=True), lambda image: image, to_srgb=True))
        ),
        "lazy": lazy(bucket, tmp_path, transform=lambda image: image, to_srgb=True)[0],
        "materialized": lazy(bucket, tmp_path, transform=lambda image: image, to_srgb=True, materialize=True)[0],
    }
    pixels = {how: np.asarray(row[TARGET]) for how, row in rows.items()}
    for how, found in pixels.items():
        np.testing.assert_array_equal(found, pixels["stored"], err_msg=how)
        assert np.abs(found[0, 0].astype(int) - (255, 0, 0)).max() <= 4
        assert rows[how][GARMENT].tobytes() == Image.open(plain).tobytes()
    tensor = vton_hf.set_transform(load("easy"), to_srgb=True)[0][TARGET]
    np.testing.assert_allclose((tensor.permute(1, 2, 0).numpy() + 1) * 127.5, pixels["stored"], atol=0.01)
    assert load("easy")[0][TARGET].getpixel((0, 0)) == (234, 51, 35), "the default stays apart"
    raw = stored.cast_column(GARMENT, datasets.Image(decode=False))[0]
    assert raw[GARMENT]["bytes"] == plain.read_bytes(), "what needs no conversion keeps its bytes"
    assert [line for line in told(caplog) if "to_srgb" not in line] == []


def test_the_command_line_converts(bucket: Bucket, tmp_path: Path, capsys: Any) -> None:
    fill(bucket)
    in_p3(bucket, GARMENT, "000")
    main(["build", "easy", bucket.prefix, "--to-srgb", "--cache-dir", str(tmp_path)])
    names = [path.name for path in (tmp_path / "vton_hf/chunks").iterdir() if path.is_dir()]
    assert names
    assert all(name.startswith("original-srgb-easy-") for name in names)
    capsys.readouterr()
    main(["plan", "easy", bucket.prefix, "--to-srgb", "--cache-dir", str(tmp_path)])
    assert "all is built" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["stored", "streamed", "on the fly"])
def test_a_profile_that_cannot_be_converted_is_counted(
    bucket: Bucket, load: Load, tmp_path: Path, caplog: Any, how: str
) -> None:
    fill(bucket)
    in_p3(bucket, GARMENT, "000", profile=b"garbage" * 30)
    made: Any = {
        "stored": lambda: load("easy", to_srgb=True),
        "streamed": lambda: load("easy", to_srgb=True, streaming=True),
        "on the fly": lambda: lazy(bucket, tmp_path, to_srgb=True),
    }[how]()
    assert len([row for row in made]) == 3  # noqa: C416
    (line,) = told(caplog)
    assert line.startswith(f"{UNCONVERTED}: 1, the first " if how == "stored" else f"{UNCONVERTED}, such as ")
    assert line.endswith(" (damaged). Their colours are taken as they are.")
    load("easy")
    assert told(caplog) == [], "where profiles are ignored, there is nothing to be done about it"


@pytest.mark.parametrize(
    ("shapes", "size", "aspect", "kinds"),
    [
        ({PERSON: (768, 1024), TARGET: (768, 1024)}, None, "stretch", []),
        ({PERSON: (768, 1024), TARGET: (384, 512)}, None, "stretch", []),
        ({PERSON: (768, 1024), TARGET: (768, 1008)}, None, "stretch", []),
        ({PERSON: (768, 1024), TARGET: (1024, 768)}, None, "stretch", ["target"]),
        ({PERSON: (768, 1024), TARGET: (1024, 1024)}, None, "stretch", ["target"]),
        ({PERSON: (1024, 768), TARGET: (768, 1024)}, (512, 384), "pad", ["target"]),
        ({PERSON: (768, 1024), TARGET: (768, 1024)}, (512, 384), "stretch", []),
        ({PERSON: (768, 1024), TARGET: (768, 1024)}, (512, 512), "stretch", []),
        ({PERSON: (768, 1024), TARGET: (768, 1024)}, (384, 512), "stretch", ["size", "size"]),
        ({PERSON: (768, 1024), TARGET: (1024, 768)}, (512, 384), "stretch", ["target"]),
        ({GARMENT: (1024, 1024)}, (1024, 768), "stretch", []),
        ({GARMENT: (768, 1024)}, (384, 512), "stretch", ["size"]),
        ({PERSON: (768, 1024), TARGET: (768, 1024)}, (384, 512), "pad", []),
        ({PERSON: (768, 1024), TARGET: (768, 1024)}, (384, 512), "crop", []),
        ({PERSON: (768, 1024), TARGET: (768, 1024)}, (384, 512), "catvton", []),
        ({PERSON: (1, 5000), TARGET: (1, 5000)}, (384, 512), "stretch", ["size", "size"]),
    ],
)
def test_only_what_is_visibly_stretched_is_noticed(
    shapes: dict[str, tuple[int, int]], size: tuple[int, int] | None, aspect: str, kinds: list[str]
) -> None:
    assert [notice.kind for notice in distortions(shapes, size, aspect)] == kinds


def test_a_build_counts_what_it_stretches_with_both_shapes(bucket: Bucket, load: Load, caplog: Any) -> None:
    fill(bucket, try_on_image=(16, 12))
    load("easy", image_size=(15, 20))
    pair, size = told(caplog)
    assert pair.startswith(f"{PAIR}: 3, the first easy/male/00")
    assert pair.endswith(" (16 x 12 to 12 x 16). Leave out those that do not belong together with exclude=[...].")
    assert size.startswith(f"{SIZE}: 3, the first easy/male/00")
    assert size.endswith(" (12 x 16 to 20 x 15). image_size is (height, width); aspect='pad' or 'crop' keeps shapes.")
    load("easy")
    load("easy", image_size=(15, 20), aspect="pad")
    assert [line.split(":")[0] for line in told(caplog)] == [PAIR], "padded, the target still follows its person"


@pytest.mark.parametrize("how", ["lazy", "set_transform", "prepared stream"])
def test_what_is_stretched_is_told_once_while_training(
    bucket: Bucket, load: Load, tmp_path: Path, caplog: Any, how: str
) -> None:
    fill(bucket, try_on_image=(16, 12))
    options: Any = {"image_size": (15, 20)}
    made: Any = {
        "lazy": lambda: lazy(bucket, tmp_path, **options),
        "set_transform": lambda: vton_hf.set_transform(load("easy"), **options),
        "prepared stream": lambda: load("easy", streaming=True, **options),
    }[how]()
    for _ in range(2):
        assert len([row for row in made]) == 3  # noqa: C416
    pair, size = sorted(told(caplog))
    assert pair.startswith(f"{PAIR}, such as easy/male/00")
    assert " (16 x 12 to 12 x 16). " in pair
    assert size.startswith(f"{SIZE}, such as easy/male/00")
    assert " (12 x 16 to 20 x 15). " in size
