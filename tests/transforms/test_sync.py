"""The same picture in both roles comes out the same, whatever the transform draws."""

import io
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms as v1
from torchvision.transforms import v2

import vton_hf
from tests.bucket import Bucket, Load, encoded, loader, png, triplet_keys
from vton_hf.naming import ROLES

PERSON, GARMENT, TARGET = ROLES

V1 = {
    "flip": v1.RandomHorizontalFlip(),
    "crop": v1.RandomCrop(8),
    "resized crop": v1.RandomResizedCrop(10),
    "rotation": v1.RandomRotation(40),
    "jitter": v1.ColorJitter(0.5, 0.5, 0.5, 0.3),
    "perspective": v1.RandomPerspective(p=1.0),
}
V2 = {
    "flip": v2.RandomHorizontalFlip(),
    "crop": v2.RandomCrop(8),
    "resized crop": v2.RandomResizedCrop(10),
    "rotation": v2.RandomRotation(40),
    "jitter": v2.ColorJitter(0.5, 0.5, 0.5, 0.3),
    "zoom": v2.RandomZoomOut(p=1.0),
}


def numpy_crop(image: Image.Image) -> Image.Image:
    left = np.random.randint(0, 5)  # noqa: NPY002 - what old transforms draw from
    return image.crop((left, 0, left + 7, 16))


def python_flip(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else image


PIPELINES: dict[str, Callable[[Any], Any]] = {
    **{f"v1 {name}": v1.Compose([step, v1.ToTensor()]) for name, step in V1.items()},
    **{f"v2 {name} of PIL": v2.Compose([step, v2.PILToTensor()]) for name, step in V2.items()},
    **{f"v2 {name} of tensors": v2.Compose([step, v2.ToDtype(torch.float32, scale=True)]) for name, step in V2.items()},
    "numpy": v1.Compose([numpy_crop, v1.PILToTensor()]),
    "random": v1.Compose([python_flip, v1.PILToTensor()]),
}


@pytest.fixture(scope="module")
def same_pictures(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """24 triplets in which one picture plays all three parts."""
    folder = tmp_path_factory.mktemp("same")
    bucket = Bucket(folder / "bucket")
    for index in range(24):
        keys = triplet_keys("easy", "female", f"{index:03d}")
        for key in keys.values():
            bucket.put(key, png(keys[PERSON]))
    return loader(bucket.prefix, folder / "cache")("easy")


@pytest.fixture(scope="module")
def untouched(same_pictures: Any) -> list[torch.Tensor]:
    """The persons of those rows."""
    return [row[PERSON] for row in vton_hf.set_transform(same_pictures, v1.PILToTensor())]


def agree(rows: list[dict[str, torch.Tensor]], one: str, other: str) -> int:
    return sum(torch.equal(row[one], row[other]) for row in rows)


@pytest.mark.parametrize("name", PIPELINES)
def test_by_default_all_three_are_transformed_alike(
    same_pictures: Any, untouched: list[torch.Tensor], name: str
) -> None:
    rows = list(vton_hf.set_transform(same_pictures, PIPELINES[name]))
    assert agree(rows, PERSON, TARGET) == agree(rows, PERSON, GARMENT) == 24
    assert len({row[PERSON].numpy().tobytes() for row in rows}) > 20
    assert sum(torch.equal(row[PERSON], person) for row, person in zip(rows, untouched, strict=True)) < 20


@pytest.mark.parametrize("name", ["v1 crop", "v2 rotation of PIL", "v2 jitter of tensors"])
def test_the_garment_may_draw_its_own(same_pictures: Any, name: str) -> None:
    rows = list(vton_hf.set_transform(same_pictures, PIPELINES[name], sync="person_target"))
    assert agree(rows, PERSON, TARGET) == 24
    assert agree(rows, PERSON, GARMENT) < 6


@pytest.mark.parametrize("name", ["v1 crop", "v2 rotation of PIL", "v2 jitter of tensors"])
def test_without_sync_nothing_agrees(same_pictures: Any, name: str) -> None:
    rows = list(vton_hf.set_transform(same_pictures, PIPELINES[name], sync="none"))
    assert agree(rows, PERSON, TARGET) < 6
    assert agree(rows, PERSON, GARMENT) < 6


def test_a_target_of_another_size_is_brought_to_the_persons_first(bucket: Bucket, load: Load) -> None:
    """A vertical edge in the middle stays where it is in the person when both are cropped at random."""
    for index in range(12):
        keys = bucket.add_triplet("easy", "male", f"{index:03d}")
        for role, edge in ((PERSON, 16), (GARMENT, 20), (TARGET, 32)):
            picture = Image.new("RGB", (2 * edge, 2 * edge), "black")
            picture.paste("white", (edge, 0, 2 * edge, 2 * edge))
            bucket.put(keys[role], encoded(picture))
    rows = vton_hf.set_transform(load("easy"), v1.Compose([v1.RandomCrop(20), v1.ToTensor()]))
    for row in rows:
        assert row[PERSON].shape == row[TARGET].shape == (3, 20, 20)
        assert torch.equal(row[PERSON] > 0.5, row[TARGET] > 0.5)


FIXED = [
    v1.Compose([v1.Resize((24, 24)), v1.RandomCrop(20), v1.ToTensor()]),
    v2.Compose([v2.ToImage(), v2.RandomHorizontalFlip(), v2.Compose([v2.Resize([24, 24])]), v2.RandomCrop(20)]),
    torch.nn.Sequential(v2.Resize((24, 24)), v2.RandomCrop(20)),
    v2.Resize((24, 24)),
]


@pytest.mark.parametrize("pipeline", FIXED)
def test_a_target_is_resized_once_where_the_pipeline_begins_with_a_fixed_size(
    bucket: Bucket, load: Load, pipeline: Any
) -> None:
    """It is what the pipeline makes of the target alone: nothing of it was lost in the person's smaller size."""
    keys = bucket.add_triplet("easy", "male", "000")
    bucket.put(keys[PERSON], encoded(Image.new("RGB", (10, 14), "gray")))
    bucket.put(keys[TARGET], png("fine", (48, 48)))
    bucket.put(keys[GARMENT], png("fine", (48, 48)))
    row = vton_hf.set_transform(load("easy"), pipeline)[0]
    assert row[PERSON].shape == row[TARGET].shape
    assert torch.equal(row[TARGET], row[GARMENT])


@pytest.mark.parametrize(
    "pipeline",
    [
        v1.Compose([v1.Resize(24), v1.RandomCrop(20)]),
        v1.Compose([v1.RandomCrop(8), v1.Resize((24, 24))]),
        v1.Compose([v1.RandomApply([v1.Resize((24, 24))], p=1.0)]),
        v1.Compose([lambda image: image, v1.Resize((24, 24))]),
        v1.Compose([v1.RandomResizedCrop((24, 24))]),
    ],
)
def test_any_other_pipeline_gets_the_target_in_the_persons_size(bucket: Bucket, load: Load, pipeline: Any) -> None:
    keys = bucket.add_triplet("easy", "male", "000")
    picture = png("fine", (30, 40))
    bucket.put(keys[PERSON], picture)
    bucket.put(keys[TARGET], encoded(Image.open(io.BytesIO(picture)).resize((60, 80), Image.Resampling.NEAREST)))
    row = vton_hf.set_transform(load("easy"), v1.Compose([pipeline, v1.ToTensor()]))[0]
    alone = Image.open(io.BytesIO(picture)).resize((60, 80), Image.Resampling.NEAREST)
    bucket.put(keys[TARGET], encoded(alone.resize((30, 40), Image.Resampling.LANCZOS)))
    again = vton_hf.set_transform(load("easy"), v1.Compose([pipeline, v1.ToTensor()]))[0]
    assert torch.equal(row[TARGET], again[TARGET])


def test_the_callers_own_generators_are_left_alone(same_pictures: Any) -> None:
    drawn = []
    for look in (False, True):
        torch.manual_seed(3)
        np.random.seed(3)  # noqa: NPY002
        random.seed(3)
        if look:
            vton_hf.set_transform(same_pictures, PIPELINES["numpy"])[0:3]
        drawn.append((torch.rand(1).item(), np.random.rand(), random.random()))  # noqa: NPY002
    assert drawn[0] == drawn[1]
