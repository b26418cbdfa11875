"""Cutting pools: every triplet in one chunk, the same one as the bucket grows, none too large."""

from pathlib import Path

import pyarrow as pa
import pytest

from vton_hf.cache.chunks.build import older_chunks
from vton_hf.cache.chunks.partition import TARGET_BYTES, TARGET_ROWS, Chunk, partition
from vton_hf.images.spec import ImageSpec
from vton_hf.naming import DIFFICULTIES, GENDERS
from vton_hf.triplets import Manifest, discover


def manifest(count: int, size: int = 1000, etag: str = "e") -> Manifest:
    """So many triplets of each difficulty and gender."""
    names = {"cloth_image": "cloth_dress", "initial_image": "person", "try_on_image": "vton"}
    uris = sorted(
        f"s3://b/{difficulty}/{gender}/{role}/{index:05d}_{name}.png"
        for difficulty in DIFFICULTIES
        for gender in GENDERS
        for role, name in names.items()
        for index in range(count)
    )
    sizes = pa.array([size] * len(uris), pa.int64())
    return discover(pa.table({"uri": uris, "size": sizes, "etag": [etag] * len(uris)}))[0]


def test_the_chunks_in_order_are_the_manifest() -> None:
    whole = manifest(150)
    parts = [chunk.rows for chunk in partition(whole, verify="structure")]
    assert pa.concat_tables(parts).equals(whole.table)


def test_no_chunk_is_larger_than_the_targets() -> None:
    for whole in (manifest(700), manifest(20, size=TARGET_BYTES // 10)):
        for chunk in partition(whole, verify="structure"):
            assert chunk.rows.num_rows <= TARGET_ROWS
            assert chunk.bytes <= TARGET_BYTES or chunk.rows.num_rows == 1


def test_a_pool_is_one_difficulty_and_gender() -> None:
    for chunk in partition(manifest(100), verify="structure"):
        difficulty, gender = chunk.pool.split("-")
        assert set(chunk.rows["difficulty"].to_pylist()) == {difficulty}
        assert set(chunk.rows["gender"].to_pylist()) == {gender}


def test_triplets_keep_their_chunk_as_the_bucket_grows() -> None:
    small = {
        (chunk.pool, chunk.bits): set(chunk.rows["key"].to_pylist()) for chunk in partition(manifest(60), verify="none")
    }
    grown = {
        (chunk.pool, chunk.bits): set(chunk.rows["key"].to_pylist()) for chunk in partition(manifest(90), verify="none")
    }
    for (pool, bits), keys in small.items():
        heirs = [found for (p, b), found in grown.items() if p == pool and (b.startswith(bits) or bits.startswith(b))]
        assert keys <= set().union(*heirs)


def test_a_chunks_name_changes_with_its_content_and_only_then() -> None:
    def names(whole: Manifest, verify: str = "structure") -> list[str]:
        return [chunk.name for chunk in partition(whole, verify=verify)]

    assert names(manifest(100)) == names(manifest(100))
    assert not set(names(manifest(100))) & set(names(manifest(100, etag="other")))
    assert not set(names(manifest(100))) & set(names(manifest(100), verify="decode"))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("original-hard-male-01-2", True),
        ("original-hard-male-0-2", True),
        ("original-hard-male-all-2", True),
        ("original-hard-male-011-2", True),
        ("original-hard-male-00-2", False),
        ("original-hard-male-1-2", False),
        ("original-hard-female-01-2", False),
        ("original-easy-male-01-2", False),
        ("8x6-png-hard-male-01-2", False),
    ],
)
def test_an_older_chunk_may_hold_bytes_if_it_covers_a_part_of_the_same_pool(
    tmp_path: Path, other: str, expected: bool
) -> None:
    (tmp_path / other).mkdir()
    chunk = Chunk("hard-male", "01", manifest(1).table, "structure")
    assert older_chunks([chunk], tmp_path) == {chunk.name: (tmp_path / other,) if expected else ()}


@pytest.mark.parametrize(
    ("image_spec", "name"),
    [
        (ImageSpec(), "original-easy-female-all-e1c3013daa5d7eca"),
        (ImageSpec(None, "jpeg"), "full-jpeg-easy-female-all-e1c3013daa5d7eca"),
        (ImageSpec((8, 6)), "8x6-png-r2-easy-female-all-e1c3013daa5d7eca"),
        (ImageSpec((8, 6), "jpeg", "crop", 90), "8x6-crop-jpeg-q90-r2-easy-female-all-e1c3013daa5d7eca"),
        (ImageSpec(to_srgb=True), "original-srgb-easy-female-all-e1c3013daa5d7eca"),
    ],
    ids=str,
)
def test_only_chunks_whose_pixels_are_others_than_before_have_another_name(image_spec: ImageSpec, name: str) -> None:
    chunk, *_ = partition(manifest(1), verify="structure", image_spec=image_spec)
    assert chunk.name == name
