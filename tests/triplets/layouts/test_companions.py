"""Masks and poses as images: stored, fetched and moved with the image that they belong to."""

from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms as v1
from torchvision.transforms import v2

import vton_hf
from tests.bucket import Bucket, encoded
from tests.s3 import MotoS3
from tests.trees import write_tree
from vton_hf.errors import ConfigError
from vton_hf.images import is_garments

NAMES = ["agnostic_mask", "cloth_mask"]
SIZE = (48, 64)


def halves(seed: int) -> Image.Image:
    """White on the left, black on the right, with colours that tell one from another."""
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    pixels[:, : 8 + seed] = 255
    return Image.fromarray(pixels)


@pytest.fixture
def asked(bucket: Bucket, tmp_path: Path) -> dict[str, Any]:
    """VITON-HD, whose pictures are the masks themselves, so that both must end up alike."""
    return viton_hd(bucket, tmp_path)


@pytest.fixture(scope="module")
def viton(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same, loaded; for whoever changes nothing in it."""
    folder = tmp_path_factory.mktemp("viton")
    return vton_hf.load("easy", **viton_hd(Bucket(folder / "bucket"), folder))


def viton_hd(bucket: Bucket, folder: Path) -> dict[str, Any]:
    for number in range(4):
        stem = f"{number:05d}_00"
        for path in (f"image/{stem}.png", f"agnostic-mask/{stem}_mask.png"):
            bucket.put(f"V/train/{path}", encoded(halves(number)))
        for path in (f"cloth/{stem}.png", f"cloth-mask/{stem}.png"):
            bucket.put(f"V/train/{path}", encoded(halves(10 + number)))
    return {
        "s3_prefixes": [bucket.uri("V/")],
        "cache_dir": str(folder / "cache"),
        "default_difficulty": "easy",
        "companions": NAMES,
    }


WAYS = ({}, {"embed_images": False}, {"streaming": True})


@pytest.mark.parametrize("more", WAYS, ids=["built", "lazy", "streamed"])
def test_they_are_images_whichever_way_rows_come(asked: dict[str, Any], more: Any) -> None:
    ds = vton_hf.load("easy", **asked, **more)
    assert [name for name in ds.features if isinstance(ds.features[name], datasets.Image)] == [
        "cloth_image",
        "try_on_image",
        *NAMES,
    ]
    for row in ds:
        assert row["agnostic_mask"].tobytes() == row["try_on_image"].tobytes()
        assert row["cloth_mask"].tobytes() == row["cloth_image"].tobytes()


MOVES = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomCrop((40, 30)), v2.RandomVerticalFlip()])


@pytest.mark.parametrize("more", WAYS, ids=["built", "lazy", "streamed"])
@pytest.mark.parametrize("sync", ["all", "person_target"])
def test_they_move_with_their_image(asked: dict[str, Any], more: Any, sync: Any) -> None:
    ds = vton_hf.with_transform(vton_hf.load("easy", **asked, **more), MOVES, sync=sync)
    moved = list(ds)
    for row in moved:
        assert torch.equal(row["agnostic_mask"], row["try_on_image"])
        assert torch.equal(row["cloth_mask"], row["cloth_image"])
    assert len({row["agnostic_mask"].numpy().tobytes() for row in moved}) > 1


def test_colours_are_left_alone(asked: dict[str, Any]) -> None:
    jitter = v2.Compose(
        [v2.ColorJitter(0.9, 0.9, 0.9), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.5] * 3)]
    )
    row = vton_hf.with_transform(vton_hf.load("easy", **asked), jitter)[0]
    assert (row["try_on_image"].dtype, row["agnostic_mask"].dtype) == (torch.float32, torch.uint8)
    assert set(row["agnostic_mask"].unique().tolist()) == {0, 255}
    assert row["agnostic_mask"].shape == (3, 64, 48)
    from_pictures = v2.Compose([v2.ToImage(), v2.RandomHorizontalFlip(1.0), v2.ToDtype(torch.float32, scale=True)])
    row = vton_hf.with_transform(vton_hf.load("easy", **asked), from_pictures)[0]
    assert torch.equal(row["agnostic_mask"].float() / 255, row["try_on_image"])
    other = vton_hf.with_transform(vton_hf.load("easy", **asked), v1.ToTensor())[0]
    assert torch.equal(other["agnostic_mask"], other["try_on_image"])


@pytest.mark.parametrize("aspect", ["stretch", "pad", "crop", "catvton"])
def test_they_are_brought_to_a_size_without_mixing_values(asked: dict[str, Any], aspect: Any) -> None:
    prepared = vton_hf.load("easy", image_size=(24, 24), aspect=aspect, image_format="jpeg", **asked)
    resized = vton_hf.with_transform(vton_hf.load("easy", **asked), image_size=(24, 24), aspect=aspect)
    for stored, row in zip(prepared, resized, strict=True):
        for name in NAMES:
            pixels = np.asarray(stored[name].convert("RGB"))
            assert (pixels.shape, stored[name].format) == ((24, 24, 3), "PNG")
            assert set(np.unique(pixels).tolist()) <= {0, 255}
            assert np.array_equal(pixels, row[name].permute(1, 2, 0).numpy())
        padded = aspect == "pad"
        assert np.asarray(stored["agnostic_mask"].convert("L"))[:, 0].any() == (not padded)


def test_a_batch_stacks_them_and_has_none_where_one_is_missing(asked: dict[str, Any], bucket: Bucket) -> None:
    bucket.drop("V/train/agnostic-mask/00001_00_mask.png")
    bucket.put("V/train/cloth-mask/00002_00.png", b"")
    ds = vton_hf.with_transform(vton_hf.load("easy", **asked), image_size=(32, 24))
    (batch,) = DataLoader(ds, batch_size=4, collate_fn=vton_hf.collate_triplets)
    stems = batch["stem"]
    assert batch["try_on_image"].shape == (4, 3, 32, 24)
    assert [stem for stem, mask in zip(stems, batch["agnostic_mask"], strict=True) if mask is None] == ["00001_00"]
    assert [stem for stem, mask in zip(stems, batch["cloth_mask"], strict=True) if mask is None] == ["00002_00"]


def test_a_broken_one_leaves_its_row_out_of_a_build_and_is_replaced_in_training(
    asked: dict[str, Any], bucket: Bucket
) -> None:
    bucket.put("V/train/agnostic-mask/00001_00_mask.png", b"no picture")
    builder = vton_hf.VTON(config_name="easy", **asked)
    builder.download_and_prepare()
    assert [item.key for item in builder.prepared.skipped] == ["easy/00001_00"]
    lazy = vton_hf.with_transform(vton_hf.load("easy", embed_images=False, **asked), on_error="replace", max_broken=1.0)
    assert sorted(lazy["stem"]).count("00001_00") == 0


def test_torch_datasets_exports_and_the_hub_copy_have_them(asked: dict[str, Any], tmp_path: Path) -> None:
    given = {name: value for name, value in asked.items() if name != "s3_prefixes"}
    sample = vton_hf.get_vton_dataset("easy", asked["s3_prefixes"], **given)[0]
    assert sample["agnostic_mask"].shape == (3, 64, 48)
    vton_hf.export(str(tmp_path / "files"), configs="easy", **asked)
    back = datasets.load_dataset(str(tmp_path / "files"), "easy", split="train", cache_dir=str(tmp_path / "back"))
    assert all(row["agnostic_mask"].tobytes() == row["try_on_image"].tobytes() for row in back)
    for more in ({"format": "webdataset"}, {"embed_images": False}):
        vton_hf.export(str(tmp_path / "more"), configs="easy", **asked, **more)


def test_images_are_fetched_once_however_many_companions_are_taken(s3: MotoS3, tmp_path: Path) -> None:
    root = write_tree("viton-hd", lambda key, data: s3.put("photos", key, data))
    asked = {"s3_prefixes": [f"s3://photos/{root}"], "storage_options": s3.storage_options, "cache_dir": str(tmp_path)}
    asked |= {"default_difficulty": "easy"}
    vton_hf.load("easy", **asked)
    s3.reset_counts()
    vton_hf.load("easy", companions=["densepose"], **asked)
    fetched = [key for key in s3.gets() if not key.endswith(".txt")]
    assert (len(fetched), all("densepose" in key for key in fetched)) == (4, True)


@pytest.mark.parametrize(
    ("companions", "said"),
    [
        (["agnostic_msk"], "names 'agnostic_msk', which lies beside no image. Did you mean 'agnostic_mask'?"),
        (["keypoints"], "names 'keypoints', whose files are no pictures"),
        ("agnostic_mask", "companions must be a list of columns"),
        (["densepose", "densepose"], "companions must be a list of columns"),
    ],
    ids=["nearly", "no pictures", "a text", "twice"],
)
def test_what_makes_no_sense_is_refused(bucket: Bucket, tmp_path: Path, companions: Any, said: str) -> None:
    root = write_tree("viton-hd", bucket.put)
    with pytest.raises(ConfigError) as caught:
        vton_hf.load(
            "easy",
            s3_prefixes=[bucket.uri(root)],
            default_difficulty="easy",
            cache_dir=str(tmp_path),
            companions=companions,
        )
    assert said in str(caught.value)


STEPS = {
    "noise": [v2.ToDtype(torch.float32, scale=True), v2.GaussianNoise(sigma=0.001), v2.RandomHorizontalFlip()],
    "grey": [v2.RandomGrayscale(), v2.RandomHorizontalFlip()],
    "channels": [v2.RandomChannelPermutation(), v2.RandomHorizontalFlip()],
    "erasing": [v2.ToImage(), v2.RandomErasing(p=0), v2.RandomHorizontalFlip()],
    "distort": [v2.RandomPhotometricDistort(p=0), v2.RandomHorizontalFlip()],
    "jitter": [v2.ColorJitter(0.01), v2.RandomHorizontalFlip(), v2.ToImage()],
}


@pytest.mark.filterwarnings("ignore:RandomErasing")
@pytest.mark.parametrize("outer", [v2.Compose, v1.Compose, lambda steps: torch.nn.Sequential(*steps)])
@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_steps_that_draw_for_images_alone_leave_them_in_step(viton: Any, steps: Any, outer: Any) -> None:
    flipped = set()
    for row in (row for seed in range(3) for row in vton_hf.with_transform(viton, outer(steps), seed=seed)):
        for image, mask in (("try_on_image", "agnostic_mask"), ("cloth_image", "cloth_mask")):
            pixels = np.asarray(row[image]) if isinstance(row[image], Image.Image) else row[image].permute(1, 2, 0)
            whole = 1.0 if getattr(pixels, "dtype", None) == torch.float32 else 255.0
            white = torch.as_tensor(np.asarray(pixels) / whole).float().mean(2) > 0.5
            assert torch.equal(white, row[mask][0] > 127)
            flipped.add(bool(white[0, 0]))
    assert flipped == {True, False}


@pytest.mark.parametrize("aspect", ["stretch", "crop", "pad", "catvton"])
def test_they_follow_their_image_where_person_and_target_differ_in_size(
    bucket: Bucket, tmp_path: Path, aspect: Any
) -> None:
    for n in range(2):
        bucket.put(f"T/before/{n}.png", encoded(halves(n).resize((96, 48))))
        bucket.put(f"T/cloth/{n}.png", encoded(halves(n)))
        for folder in ("result", "mask"):
            bucket.put(f"T/{folder}/{n}.png", encoded(halves(n).resize((64, 64))))
    layout = {name: f"{place}/{{stem}}.png" for name, place in (("cloth_image", "cloth"), ("try_on_image", "result"))}
    layout |= {"initial_image": "before/{stem}.png", "columns": {"mask": "mask/{stem}.png"}}  # type: ignore[dict-item]
    how = {"s3_prefixes": bucket.uri("T/"), "layout": layout, "default_difficulty": "easy", "companions": ["mask"]}
    fit = {"image_size": (40, 40), "aspect": aspect}
    built = vton_hf.load("easy", cache_dir=tmp_path / "built", **fit, **how)
    lazy = vton_hf.load("easy", cache_dir=tmp_path / "lazy", embed_images=False, **how)
    lazy = vton_hf.with_transform(lazy, None, dtype=torch.uint8, **fit)
    for one, other in zip(built, lazy, strict=True):
        mask = np.asarray(one["mask"])
        assert np.array_equal(mask.transpose(2, 0, 1), other["mask"])
        inside = mask[12:28, :, 0] > 127  # where nothing is padded
        image = np.asarray(one["try_on_image"])[12:28, :, 0] > 127
        assert (inside != image).mean() < 0.06


def test_what_shows_the_garment_as_it_is_worn_goes_with_the_person() -> None:
    assert [is_garments(name) for name in ("cloth_mask", "garment_pose", "warped_cloth_mask", "agnostic_mask")] == [
        True,
        True,
        False,
        False,
    ]
