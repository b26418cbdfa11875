"""`set_transform` on datasets and streams: what comes out, whose random numbers, what is refused."""

import copy
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from datasets.distributed import split_dataset_by_node
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms as v1
from torchvision import tv_tensors
from torchvision.transforms import v2

import vton_hf
from tests.bucket import Bucket, Load, encoded, loader, png, triplet_keys
from tests.s3 import BUCKET, MotoS3
from vton_hf.naming import ROLES

CROP = v1.Compose([v1.RandomCrop(8), v1.ToTensor()])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    return Bucket(tmp_path_factory.mktemp("bucket")).fill(4)


@pytest.fixture(scope="module")
def loaded(drawn: Bucket, tmp_path_factory: pytest.TempPathFactory) -> datasets.Dataset:
    dataset: datasets.Dataset = loader(drawn.prefix, tmp_path_factory.mktemp("cache"))()
    return dataset


@pytest.fixture
def rows(loaded: datasets.Dataset) -> datasets.Dataset:
    return copy.copy(loaded)


def pixels(bucket: Bucket, row: dict[str, Any], role: str) -> torch.Tensor:
    """uint8 [3, H, W] straight from the bucket."""
    key = triplet_keys(row["difficulty"], row["gender"], row["stem"])[role]
    with Image.open(bucket.folder / key) as image:
        return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def test_the_default_is_floats_between_minus_one_and_one(rows: Any, drawn: Bucket) -> None:
    assert vton_hf.set_transform(rows) is rows
    row = rows[0]
    for role in ROLES:
        assert row[role].dtype == torch.float32
        assert torch.allclose(row[role], pixels(drawn, row, role) / 127.5 - 1)
    assert (row["gender"], row["garment"]) == (row["key"].split("/")[1], "dress")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_types(rows: Any, dtype: torch.dtype) -> None:
    image = vton_hf.set_transform(rows, dtype=dtype)[0]["cloth_image"]
    assert image.dtype == dtype
    assert -1 <= image.min() < image.max() <= 1


def test_uint8_leaves_the_arithmetic_to_the_gpu(rows: Any, drawn: Bucket) -> None:
    row = vton_hf.set_transform(rows, dtype=torch.uint8)[3]
    assert all(torch.equal(row[role], pixels(drawn, row, role)) for role in ROLES)


@pytest.mark.parametrize("aspect", ["stretch", "pad", "crop", "catvton"])
def test_a_size_comes_before_the_transform(rows: Any, aspect: str) -> None:
    row = vton_hf.set_transform(rows, image_size=(20, 10), aspect=aspect)[0]
    assert all(row[role].shape == (3, 20, 10) for role in ROLES)
    seen = vton_hf.set_transform(rows, lambda image: image.size, image_size=(20, 10), aspect=aspect)[0]
    assert seen["cloth_image"] == (10, 20)


def test_catvton_crops_people_and_pads_garments(bucket: Bucket, load: Load) -> None:
    keys = bucket.add_triplet("easy", "male", "000")
    for key in keys.values():
        bucket.put(key, encoded(Image.new("RGB", (40, 20), "black")))
    row = vton_hf.set_transform(load("easy"), image_size=(20, 20), aspect="catvton")[0]
    assert row["initial_image"].max() == row["try_on_image"].max() == -1
    assert (row["cloth_image"].mean().item(), row["cloth_image"].max().item()) == (0, 1)


def test_v1_gets_pil_and_v2_gets_what_it_can_take(rows: Any) -> None:
    assert isinstance(vton_hf.set_transform(rows, lambda image: image)[0]["cloth_image"], Image.Image)
    to_float = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.5] * 3)])
    of_pil = v2.Compose([v2.ToImage(), to_float])
    plain = vton_hf.set_transform(rows)[0]["cloth_image"]
    for pipeline in (to_float, of_pil, v1.Compose([v1.ToTensor(), v1.Normalize([0.5], [0.5])])):
        image = vton_hf.set_transform(rows, pipeline)[0]["cloth_image"]
        assert not isinstance(image, tv_tensors.TVTensor)
        assert torch.allclose(image, plain, atol=1e-6)


def test_rows_of_uris_come_out_the_same(bucket: Bucket, load: Load) -> None:
    bucket.fill(3)
    embedded, lazy = load(), load(embed_images=False)
    for one, other in zip(vton_hf.set_transform(embedded, CROP), vton_hf.set_transform(lazy, CROP), strict=True):
        assert all(torch.equal(one[role], other[role]) for role in ROLES)


def test_uris_of_a_batch_are_fetched_together_with_the_options_they_were_loaded_with(
    s3: MotoS3, tmp_path: Path
) -> None:
    for index in range(6):
        for key in triplet_keys("easy", "male", f"{index:03d}").values():
            s3.put(BUCKET, key, png(key))
    load = loader(f"s3://{BUCKET}/dataset_ultimate/", tmp_path, storage_options=s3.storage_options)
    rows = vton_hf.set_transform(load("easy", embed_images=False), CROP)
    s3.reset_counts()
    assert torch.stack(rows[:4]["cloth_image"]).shape == (4, 3, 8, 8)
    assert sum(s3.gets().values()) == 12
    stripped = vton_hf.set_transform(
        load("easy", embed_images=False).with_format(None), CROP, storage_options=s3.storage_options
    )
    assert torch.equal(stripped[0]["cloth_image"], rows[0]["cloth_image"])


def test_randomness_follows_from_seed_epoch_and_key(rows: Any) -> None:
    def look(dataset: Any) -> dict[str, bytes]:
        return {row["key"]: row["try_on_image"].numpy().tobytes() for row in dataset}

    first = look(vton_hf.set_transform(rows, CROP, seed=5))
    assert look(rows) == first
    assert look(rows.shuffle(seed=1)) == first
    batch = rows[[7, 3]]
    assert [image.numpy().tobytes() for image in batch["try_on_image"]] == [first[key] for key in batch["key"]]
    rows.set_epoch(1)
    second = look(rows)
    assert sum(first[key] == second[key] for key in first) < len(first) / 2
    rows.set_epoch(0)
    assert look(rows) == first
    assert look(vton_hf.set_transform(rows, CROP, seed=6)) != first


def test_the_epoch_is_told_through_what_was_selected_from_it(rows: Any) -> None:
    vton_hf.set_transform(rows, CROP)
    part = rows.select([2, 5]).train_test_split(test_size=1, seed=0)["train"]
    before = part[0]["try_on_image"]
    vton_hf.transform_of(part).set_epoch(4)
    assert not torch.equal(part[0]["try_on_image"], before)
    with pytest.raises(vton_hf.ConfigError, match=r"call vton_hf\.with_transform"):
        vton_hf.transform_of(rows.with_format(None))


def test_copies_go_their_own_way(rows: Any) -> None:
    vton_hf.set_transform(rows, CROP)
    before = rows[0]["try_on_image"]
    for other in (copy.deepcopy(rows), pickle.loads(pickle.dumps(rows))):
        other.set_epoch(3)
        assert not torch.equal(other[0]["try_on_image"], before)
        assert torch.equal(rows[0]["try_on_image"], before)


def test_one_column_alone(rows: Any) -> None:
    vton_hf.set_transform(rows, image_size=(4, 4))
    assert rows["key"][:2] == [rows[0]["key"], rows[1]["key"]]
    assert rows["cloth_image"][1].shape == (3, 4, 4)
    assert set(rows.select_columns(["difficulty", "stem"])[0]) == {"difficulty", "stem"}


def test_columns_that_say_whose_images_they_are_must_stay(rows: Any) -> None:
    vton_hf.set_transform(rows)
    with pytest.raises(vton_hf.ConfigError, match=r"lack 'difficulty' and 'key'.*remove_unused_columns=False"):
        rows.select_columns(list(ROLES))[0]


def test_an_error_of_the_transform_is_the_users_own(rows: Any) -> None:
    vton_hf.set_transform(rows, v1.RandomCrop(50))
    with pytest.raises(ValueError, match="larger") as caught:
        rows[0]
    assert "12 x 16 pixels" in caught.value.__notes__[0]
    assert "initial_image of " in caught.value.__notes__[0]
    assert vton_hf.transform_of(rows).failures() == []


@pytest.mark.parametrize("options", [{}, {"embed_images": False}])
def test_a_stream(bucket: Bucket, load: Load, options: dict[str, Any]) -> None:
    bucket.fill(4)
    stored = vton_hf.set_transform(load(), CROP)
    stream = vton_hf.with_transform(load(streaming=True, **options), CROP)
    expected = {row["key"]: row["try_on_image"] for row in stored}
    rows = list(stream)
    assert [row["key"] for row in rows] == stored.with_format(None)["key"][:]
    assert all(torch.equal(row["try_on_image"], expected[row["key"]]) for row in rows)
    stream.set_epoch(1)
    assert not all(torch.equal(row["try_on_image"], expected[row["key"]]) for row in stream)


def test_workers_of_a_stream_that_stay_follow_the_epoch(bucket: Bucket, load: Load) -> None:
    bucket.fill(8)
    stream = vton_hf.with_transform(load(streaming=True), CROP)
    workers = DataLoader(stream, batch_size=4, num_workers=2, persistent_workers=True, timeout=60)

    def look() -> Counter[bytes]:
        return Counter(image.numpy().tobytes() for batch in workers for image in batch["try_on_image"])

    first = look()
    assert look() == first
    stream.set_epoch(1)
    assert look() != first


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (
            {"transform": 3},
            "transform must be a torchvision transform, any other callable of one image, or None for [-1, 1], got 3",
        ),
        ({"sync": "some"}, "sync must be 'all', 'person_target' or 'none'"),
        ({"on_error": "ignore"}, "on_error must be"),
        ({"on_error": "skip"}, "on_error='skip' is for streams"),
        ({"image_size": 512}, "image_size must be"),
        ({"aspect": "pad"}, "aspect='pad' needs a size"),
        ({"dtype": torch.int32}, "dtype must be"),
        ({"to_srgb": "yes"}, "to_srgb must be"),
        ({"transform": CROP, "dtype": torch.uint8}, "but a transform is given"),
        ({"max_broken": 1.5}, "max_broken must be"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_what_makes_no_sense_is_refused(rows: Any, options: dict[str, Any], found: str) -> None:
    with pytest.raises(vton_hf.ConfigError) as caught:
        vton_hf.set_transform(rows, **options)
    assert found in str(caught.value)
    assert isinstance(rows[0]["cloth_image"], Image.Image), "the dataset is as it was"


def test_what_has_no_triplets_is_refused(rows: Any) -> None:
    with pytest.raises(vton_hf.ConfigError, match="not DatasetDict"):
        vton_hf.set_transform(datasets.DatasetDict(train=rows))
    with pytest.raises(vton_hf.ConfigError, match="no column of initial_image"):
        vton_hf.set_transform(datasets.Dataset.from_dict({"a": [1]}))
    with pytest.raises(vton_hf.ConfigError, match="comes from elsewhere"):
        vton_hf.with_transform(rows.to_iterable_dataset())
    with pytest.raises(vton_hf.ConfigError, match=r"epoch must be a whole number from 0, got -1"):
        vton_hf.set_transform(rows).set_epoch(-1)


@pytest.mark.parametrize("start", ["fork", "forkserver"])
def test_workers_that_stay_follow_the_epoch(rows: Any, start: str) -> None:
    vton_hf.set_transform(rows, CROP)
    workers = DataLoader(
        rows, batch_size=5, num_workers=2, persistent_workers=True, timeout=120, multiprocessing_context=start
    )
    for epoch in (0, 1, 0):
        rows.set_epoch(epoch)
        images = torch.cat([batch["try_on_image"] for batch in workers])
        assert torch.equal(images, torch.stack(rows[:]["try_on_image"]))


def test_what_is_made_from_a_stream_follows_the_epoch_too(bucket: Bucket, load: Load) -> None:
    bucket.fill(4)
    part = split_dataset_by_node(vton_hf.with_transform(load(streaming=True), CROP), 0, 2)
    before = [row["try_on_image"] for row in part]
    vton_hf.transform_of(part).set_epoch(1)
    assert not all(torch.equal(old, row["try_on_image"]) for old, row in zip(before, part, strict=True))


def test_a_sampler_tells_the_epoch_to_what_was_selected(rows: Any) -> None:
    part = vton_hf.set_transform(rows, CROP).select(range(8))
    sampler = vton_hf.TripletSampler(part, 4)
    before = part[0]["try_on_image"]
    sampler.set_epoch(3)
    assert not torch.equal(part[0]["try_on_image"], before)


def test_a_stream_that_was_filtered_is_refused(bucket: Bucket, load: Load) -> None:
    bucket.fill(1)
    stream = load(streaming=True).filter(lambda row: row["gender"] == "female")
    with pytest.raises(vton_hf.ConfigError, match=r"call with_transform first.*gender="):
        vton_hf.with_transform(stream, CROP)


FLIP, TO_FLOAT = v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32, scale=True)
NORMALIZE = v2.Normalize([0.5] * 3, [0.5] * 3)


@pytest.mark.parametrize(
    "pipeline",
    [
        torch.nn.Sequential(FLIP, TO_FLOAT, NORMALIZE),
        v2.Compose([FLIP, torch.nn.Sequential(TO_FLOAT), NORMALIZE]),
        v2.Compose([FLIP, TO_FLOAT, lambda image: image * 2 - 1]),
        v1.Compose([FLIP, TO_FLOAT, v1.Normalize([0.5], [0.5])]),
        v2.Compose([v1.RandomApply([FLIP]), TO_FLOAT, NORMALIZE]),
        v1.Compose([FLIP, v1.ToTensor(), v1.Normalize([0.5], [0.5])]),
        v2.Compose([FLIP, lambda image: image, v2.ToImage(), TO_FLOAT, NORMALIZE]),
    ],
)
def test_a_pipeline_gets_the_kind_of_image_it_can_take(rows: Any, pipeline: Any) -> None:
    image = vton_hf.set_transform(rows, pipeline)[0]["cloth_image"]
    assert image.dtype == torch.float32
    assert -1 <= image.min() < -0.5 < 0.5 < image.max() <= 1
