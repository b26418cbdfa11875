"""What notebooks show of datasets, plans, manifests, validations and profiles: `_repr_html_`."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import datasets
from PIL import Image
from torch.utils.data import DataLoader

import vton_hf
from tests.bucket import Bucket, Load
from tests.pages import HOSTILE, write_bucket
from vton_hf.mixing import plan


class Shown(HTMLParser):
    """HTML taken apart: texts, widths of bars in em, and pictures."""

    def __init__(self, thing: Any) -> None:
        super().__init__()
        self.html: str = thing._repr_html_()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.pictures: list[Image.Image] = []
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            kind, _, data = str(dict(attrs)["src"]).partition(",")
            assert kind == "data:image/webp;base64"
            self.pictures.append(Image.open(io.BytesIO(base64.b64decode(data))))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def bars(self) -> list[float]:
        return [float(width) for width in re.findall(r"width:([\d.]+)em;min", self.html)]


def test_a_dataset_and_what_is_made_of_it_show_what_they_hold_and_a_triplet_of_each_difficulty(
    load: Load, bucket: Bucket
) -> None:
    bucket.fill(4)
    ds = load("hard")
    shown = Shown(ds)
    assert shown.texts[0] == "24 rows, 20 triplets"
    assert shown.bars == [6, 6, 12]
    assert "12 rows (50.0%), 8 triplets" in shown.texts
    assert len(shown.pictures) == 3
    assert {key.partition("/")[0] for key in shown.texts[-3:]} == {"easy", "medium", "hard"}
    assert Shown(ds.select(range(5))).texts[0].startswith("5 rows")
    assert Shown(ds.shuffle(seed=1)).bars == [6, 6, 12]
    assert Shown(ds.filter(lambda row: row["difficulty"] == "easy")).bars == [12]
    assert len(Shown(vton_hf.with_transform(ds, image_size=(8, 6))).pictures) == 3
    assert Shown(ds.class_encode_column("difficulty")).bars == [6, 6, 12]
    assert Shown(ds.select([])).texts == ["0 rows, 0 triplets"]


def test_of_rows_that_name_their_images_those_are_fetched_if_the_store_answers(load: Load, bucket: Bucket) -> None:
    bucket.fill(2)
    ds = load("medium", embed_images=False)
    shown = Shown(ds)
    assert len(shown.pictures) == 2
    for path in bucket.folder.rglob("*.png"):
        path.unlink()
    assert len(Shown(ds).pictures) == 2, "hatched boxes"
    assert Shown(ds).bars == shown.bars


def test_other_datasets_are_shown_as_ever() -> None:
    assert not hasattr(datasets.Dataset.from_dict({"difficulty": ["easy"], "key": ["a"]}), "_repr_html_")


def test_a_torch_dataset_shows_its_plan_and_a_triplet_of_each_difficulty(bucket: Bucket) -> None:
    bucket.fill(3)
    shown = Shown(vton_hf.get_vton_dataset("medium", [bucket.prefix]))
    assert shown.texts[0] == "12 rows an epoch"
    assert len(shown.pictures) == 2


def test_a_plan_shows_what_was_asked_and_got() -> None:
    shown = Shown(plan({"easy": 60, "medium": 20}, {"easy": 0.5, "medium": 0.5}, epoch_size=80))
    assert shown.bars == [12, 12]
    assert shown.texts[-5:] == ["medium", "20", "40", "20", "100.0%"]


def test_a_manifest_shows_triplets_by_difficulty(bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(2)
    builder = vton_hf.VTON(config_name="hard", s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path))
    shown = Shown(builder.find().manifest)
    assert shown.texts[0].startswith("12 triplets, ")
    assert shown.bars == [12, 12, 12]
    assert "initial_image" in shown.texts


def test_a_validation_shows_its_worst_cases_and_names_are_texts(tmp_path: Path) -> None:
    prefix = write_bucket(tmp_path, 3, ("nothing-changed", "truncated"))
    found = vton_hf.validate(prefix, cache_dir=tmp_path / "cache")
    shown = Shown(found)
    assert shown.texts[0] == "6 triplets, 18 images looked at"
    assert "truncated (error)" in shown.texts
    assert "nothing-changed: hard/female/nothing-changed" in shown.texts
    assert len(shown.pictures) == 2
    for part in (tmp_path / "cache").rglob("*.parquet"):
        part.unlink()
    assert len(Shown(found).pictures) == 2, "hatched boxes: what was measured is gone"
    ds = vton_hf.load("medium", s3_prefixes=prefix, cache_dir=str(tmp_path / "cache"))
    hostile = Shown(ds.filter(lambda row: row["stem"] == HOSTILE))
    assert any(HOSTILE in text for text in hostile.texts)
    assert "script" not in hostile.tags


def test_a_profile_shows_its_stages(bucket: Bucket) -> None:
    bucket.fill(3)
    loader = DataLoader(vton_hf.get_vton_dataset("easy", [bucket.prefix], image_size=(16, 12)), batch_size=1)
    shown = Shown(vton_hf.profile_loader(loader, batches=3))
    assert len(shown.bars) == 4
    assert "decode" in shown.texts
    assert any("triplets/s" in text for text in shown.texts)
