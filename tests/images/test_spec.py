"""Images that a build stores resized and encoded are those that a transform would make of the originals."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import vton_hf
from tests.bucket import Bucket, encoded, png, triplet_keys
from vton_hf._core.options import ASPECTS
from vton_hf.images import decode
from vton_hf.images.aspect import fit, matched
from vton_hf.images.spec import ImageSpec
from vton_hf.naming import ROLES

PERSON, GARMENT, TARGET = ROLES
KEYS = triplet_keys("easy", "female", "000")
SHAPES = {PERSON: (40, 60), GARMENT: (50, 30), TARGET: (70, 60)}


@pytest.fixture
def uneven(bucket: Bucket) -> Bucket:
    """A triplet of three shapes."""
    for role, key in KEYS.items():
        bucket.put(key, png(key, SHAPES[role]))
    return bucket


@pytest.fixture
def load(uneven: Bucket, tmp_path: Path) -> Any:
    def load(**options: Any) -> Any:
        return vton_hf.load("easy", s3_prefixes=[uneven.prefix], cache_dir=str(tmp_path / "cache"), **options)

    return load


def pictures() -> dict[str, Image.Image]:
    return matched({role: decode(png(key, SHAPES[role])) for role, key in KEYS.items()})


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_target_of_another_shape_follows_its_person(load: Any, aspect: str) -> None:
    row = load(image_size=(24, 20), aspect=aspect)[0]
    for role, picture in pictures().items():
        assert row[role].tobytes() == fit(picture, (24, 20), aspect, role).tobytes()
    (streamed,) = load(image_size=(24, 20), aspect=aspect, streaming=True)
    assert streamed == row


def test_images_that_keep_their_size_keep_it_also_where_they_differ(load: Any) -> None:
    row = load(image_format="png-fast")[0]
    assert {role: row[role].size for role in ROLES} == SHAPES


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_torch_dataset_prepares_while_it_builds(uneven: Bucket, tmp_path: Path, aspect: str) -> None:
    torch = pytest.importorskip("torch")
    options = {"image_size": (24, 20), "aspect": aspect, "cache_dir": str(tmp_path / "cache")}
    lazy = vton_hf.get_vton_dataset("easy", [uneven.prefix], **options)[0]
    built = vton_hf.get_vton_dataset("easy", [uneven.prefix], materialize=True, **options)[0]
    stored = vton_hf.load("easy", s3_prefixes=[uneven.prefix], **options)[0]
    for role in ROLES:
        pixels = torch.from_numpy(np.array(stored[role])).permute(2, 0, 1)
        assert torch.allclose(built[role], pixels / 127.5 - 1)
        # torch's Lanczos is Pillow's to 2 of 255, and a target goes through it twice.
        assert (built[role] - lazy[role]).abs().max() <= 4.01 / 127.5
    (name,) = [path.name for path in (tmp_path / "cache/vton_hf/chunks").iterdir() if not path.suffix]
    assert name.startswith("24x20-png" if aspect == "stretch" else f"24x20-{aspect}-png")


def test_a_target_is_prepared_anew_when_its_person_changes(uneven: Bucket, load: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"image_size": (24, 20), "aspect": "crop"}
    before = load(**options)[0]
    uneven.put(KEYS[PERSON], png(KEYS[PERSON], (60, 40)))
    after = load(**options)[0]
    fresh = vton_hf.load("easy", s3_prefixes=[uneven.prefix], cache_dir=str(tmp_path / "other"), **options)[0]
    assert after == fresh
    assert after[TARGET].tobytes() != before[TARGET].tobytes()
    assert after[GARMENT] == before[GARMENT]


@pytest.mark.parametrize("role", ROLES)
def test_the_image_at_fault_is_named(uneven: Bucket, tmp_path: Path, role: str) -> None:
    uneven.add_triplet("easy", "male", "000")
    uri = uneven.put(KEYS[role], png(KEYS[role])[:-30])
    options = {"s3_prefixes": [uneven.prefix], "cache_dir": str(tmp_path), "image_size": (24, 20)}
    builder = vton_hf.VTON(config_name="easy", **options)
    builder.download_and_prepare()
    (item,) = builder.prepared.skipped
    assert (item.key, item.uri) == ("easy/female/000", uri)
    assert item.reason.startswith("truncated PNG")


def test_garments_of_one_person_are_each_prepared_with_it(uneven: Bucket, load: Any) -> None:
    key = triplet_keys("easy", "female", "000", "shirt")[GARMENT]
    uneven.put(key, png(key, (33, 44)))
    rows = {row["garment"]: row for row in load(cloth="each", image_size=(24, 20))}
    assert set(rows) == {"dress", "shirt"}
    assert rows["dress"][TARGET] == rows["shirt"][TARGET]
    assert rows["shirt"][GARMENT].tobytes() == fit(decode(png(key, (33, 44))), (24, 20), "stretch", GARMENT).tobytes()


def test_what_is_stored_otherwise_has_another_name_and_the_default_none() -> None:
    said = {
        ImageSpec(): "original",
        ImageSpec((8, 6)): "8x6-png",
        ImageSpec((8, 6), "jpeg"): "8x6-jpeg",
        ImageSpec((8, 6), "jpeg", "stretch", 95): "8x6-jpeg",
        ImageSpec(None, "webp"): "full-webp",
        ImageSpec((8, 6), "png-fast", "pad"): "8x6-pad-png-fast",
        ImageSpec((8, 6), "jpeg", "catvton", 90): "8x6-catvton-jpeg-q90",
    }
    assert {image_spec: str(image_spec) for image_spec in said} == said


def test_a_quality_reaches_the_file(load: Any, tmp_path: Path) -> None:
    load(image_format="jpeg", image_quality=20)
    load(image_format="jpeg")
    sizes = {path.parent.name.split("-easy")[0]: path.stat().st_size for path in tmp_path.rglob("data.arrow")}
    assert sizes["full-jpeg-q20"] < sizes["full-jpeg"]


def test_sixteen_bits_and_transparency_are_prepared_as_they_are_seen(uneven: Bucket, load: Any) -> None:
    clear = Image.new("RGBA", SHAPES[GARMENT], (255, 0, 0, 0))
    uneven.put(KEYS[GARMENT], encoded(clear))
    grey = Image.fromarray(np.full((60, 40), 257 * 100, np.uint16))
    buffer = io.BytesIO()
    grey.save(buffer, "PNG")
    uneven.put(KEYS[PERSON], buffer.getvalue())
    row = load(image_format="png")[0]
    assert row[GARMENT].getpixel((3, 3)) == (255, 255, 255)
    assert row[PERSON].getpixel((3, 3)) == (100, 100, 100)
