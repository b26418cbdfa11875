"""`datasets`' own operations on every form of a dataset, beside a stock dataset of the same rows."""

import copy
import itertools
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from datasets import DatasetDict, Image, Value, concatenate_datasets, interleave_datasets
from PIL import Image as Pillow

import vton_hf
from tests.bucket import Bucket, Load, loader, png, triplet_keys
from tests.fake_hub import Hub, run_python
from tests.pushing import Client, seen
from tests.python import program
from tests.s3 import BUCKET, MotoS3
from vton_hf.naming import ROLES

Op = Callable[[Any], Any]

pytestmark = [
    # What `datasets` itself calls.
    pytest.mark.filterwarnings("ignore:Specifying null_placement in SortOptions:FutureWarning"),
    pytest.mark.filterwarnings("ignore:To copy construct from a tensor:UserWarning"),
]


class Forms:
    """One mix in four forms, and stock datasets of the same rows."""

    def __init__(self, load: Load, folder: Path) -> None:
        self.load = load
        self._folder = folder
        self._count = itertools.count()
        self._loaded = {
            "embedded": load(),
            "uris": load(embed_images=False),
            "stream": load(streaming=True),
        }
        self.stock = self._stock_of(self._loaded["embedded"])
        self._uris = self._stock_of(self._loaded["uris"].with_format(None))

    @staticmethod
    def _stock_of(dataset: Any) -> datasets.Dataset:
        rows = dataset.with_format("arrow")[:].to_pylist()
        return datasets.Dataset.from_list(rows, features=dataset.features, split=datasets.Split("train"))

    def ours(self, form: str) -> Any:
        """A copy of what was loaded once: 156 loads less."""
        dataset = copy.copy(self._loaded[form.removeprefix("transformed").strip() or "embedded"])
        if "transformed" not in form:
            return dataset
        return (vton_hf.with_transform if "stream" in form else vton_hf.set_transform)(dataset, flipped)

    def stocks(self, form: str, *, stored: bool = False) -> datasets.Dataset:
        """With `stored`, the one whose rows look as they are stored: by their URIs, where nothing else is."""
        if form == "stream":
            return self.stock.to_iterable_dataset()
        if form == "transformed stream":
            return self.stock.to_iterable_dataset().map(flip, batched=True, batch_size=8)
        rows = self._uris if stored and "uris" in form else self.stock
        return rows if stored or "transformed" not in form else rows.with_transform(flip)

    def path(self, ending: str = "") -> str:
        return str(self._folder / f"written-{next(self._count)}{ending}")


def flipped(image: Pillow.Image) -> torch.Tensor:
    return torch.tensor(np.array(image.convert("RGB"))[::-1].copy())


def flip(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: [flipped(cell) for cell in column] if name in ROLES else column for name, column in batch.items()}


def flip_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: flipped(value) if name in ROLES else value for name, value in row.items()}


def plain(value: Any) -> Any:
    """Something to compare by `==`."""
    if isinstance(value, Pillow.Image):
        return "image", value.mode, value.size, value.tobytes()
    if isinstance(value, torch.Tensor | np.ndarray):
        return type(value).__name__, str(value.dtype), tuple(value.shape), value.tolist()
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forms]:
    folder = tmp_path_factory.mktemp("operations")
    bucket = Bucket(folder / "bucket").fill(2)
    datasets.disable_progress_bars()
    yield Forms(loader(bucket.prefix, folder / "cache"), folder)
    datasets.enable_progress_bars()


def with_name_length(row: dict[str, Any]) -> dict[str, int]:
    return {"length": len(row["key"])}


ROWS: dict[str, Op] = {
    "row": lambda rows: rows[3],
    "last": lambda rows: rows[-1],
    "slice": lambda rows: rows[2:5],
    "list": lambda rows: rows[[5, 1]],
    "column": lambda rows: rows["cloth_image"][2],
    "text": lambda rows: rows["key"][:],
    "iteration": lambda rows: list(rows)[:3],
    "iter": lambda rows: next(rows.iter(batch_size=2)),
    "batch of a loader": lambda rows: rows.__getitems__([1, 2]),
    "map": lambda rows: rows.map(with_name_length)[1],
    "map over images": lambda rows: (
        rows.map(lambda row: {"kind": type(row["cloth_image"]).__name__})["kind"][0] != "dict"
    ),
    "map to a new image": lambda rows: rows.map(lambda _: {"mask": Pillow.new("L", (3, 3))})[1],
    "filter": lambda rows: rows.filter(lambda row: row["gender"] == "male")[1],
    "select": lambda rows: rows.select([4, 2])[0],
    "shard": lambda rows: rows.shard(3, 1)[0],
    "train_test_split": lambda rows: rows.train_test_split(0.3, seed=1)["test"][0],
    "class_encode_column": lambda rows: rows.class_encode_column("difficulty")[1],
    "stratified split": lambda rows: rows.class_encode_column("difficulty").train_test_split(
        6, seed=1, stratify_by_column="difficulty"
    )["test"][0],
    "concatenate": lambda rows: concatenate_datasets([rows, rows.select([0])])[-1],
    "interleave": lambda rows: interleave_datasets([rows, rows.shuffle(seed=1)])[1],
    "cast text": lambda rows: rows.cast_column("stem", Value("large_string"))[1],
    "cast": lambda rows: rows.cast(rows.features)[1],
    "cast to images": lambda rows: rows.cast_column("cloth_image", Image())[1],
    "rename text": lambda rows: rows.rename_columns({"stem": "id", "gender": "sex"})[1],
    "remove": lambda rows: rows.remove_columns(["stem", "gender"])[1],
    "remove images": lambda rows: rows.remove_columns("cloth_image")[1],
    "select_columns": lambda rows: rows.select_columns(["cloth_image", "key", "difficulty"])[1],
    "add_column": lambda rows: rows.add_column("number", list(range(len(rows))))[1],
    "flatten_indices": lambda rows: rows.select([3, 1]).flatten_indices()[1],
    "align_labels_with_mapping": lambda rows: rows.class_encode_column("difficulty").align_labels_with_mapping(
        {"hard": 0, "easy": 1, "medium": 2}, "difficulty"
    )[1],
    "sort": lambda rows: rows.sort("key")[1],
    "shuffle": lambda rows: rows.shuffle(seed=2)[1],
    "unique": lambda rows: sorted(rows.unique("difficulty")),
    "take and skip": lambda rows: rows.skip(1).take(2)[1],
    "repeat": lambda rows: rows.repeat(2)[len(rows) + 1],
    "batch of text": lambda rows: rows.select_columns(["key", "stem"]).batch(2)[0],
    "to_csv": lambda rows: rows.select_columns(["key", "stem"]).to_pandas().to_csv(),
    "copies": lambda rows: [copy.deepcopy(rows)[1], pickle.loads(pickle.dumps(rows))[1]],
    "split": lambda rows: str(rows.split),
}
"""What gives the same as a stock dataset with the same images and, where there is one, the same transform."""

REWRITING = {"flatten_indices", "class_encode_column", "stratified split", "align_labels_with_mapping"}

STORED: dict[str, Callable[[Any, Forms], Any]] = {
    "reset_format": lambda rows, _: (rows.reset_format(), rows[1])[1],
    "with_format": lambda rows, _: [rows.with_format(kind)[1] for kind in (None, "torch", "numpy")],
    "some columns": lambda rows, _: rows.with_format("torch", columns=["cloth_image"])[1],
    "arrow": lambda rows, _: rows.with_format("arrow")[1].to_pylist(),
    "pandas": lambda rows, _: rows.with_format("pandas")[1].to_dict("records"),
    "dictionary": lambda rows, _: DatasetDict(train=rows).with_format("torch")["train"][1],
    "another transform": lambda rows, _: rows.with_transform(dict)[1],
    "to_pandas": lambda rows, _: rows.to_pandas()["cloth_image"].tolist(),
    "to_dict": lambda rows, _: rows.to_dict(),
    "to_list": lambda rows, _: rows.to_list(),
    "to_json": lambda rows, forms: rows.select_columns(["key"]).to_json(forms.path(".json")),
    "side by side": lambda rows, _: concatenate_datasets(
        [rows, datasets.Dataset.from_dict({"number": list(range(len(rows)))})], axis=1
    )[1],
    "concatenate without a format": lambda rows, _: concatenate_datasets([rows, rows.with_format(None)])[-1],
    "features": lambda rows, _: rows.features,
    "flatten": lambda rows, _: rows.flatten().with_format(None)[1],
    "save_to_disk": lambda rows, forms: saved(rows, forms.path()),
    "to_parquet": lambda rows, forms: written(rows, forms.path(".parquet"), forms.path()),
}
"""What shows the rows without the transform."""

STREAMED: dict[str, Op] = {
    "iteration": lambda rows: list(rows)[:3],
    "take and skip": lambda rows: list(rows.skip(1).take(2)),
    "iter": lambda rows: next(rows.iter(batch_size=2)),
    "map": lambda rows: next(iter(rows.map(with_name_length))),
    "filter": lambda rows: next(iter(rows.filter(lambda row: row["gender"] == "male"))),
    "select_columns": lambda rows: next(iter(rows.select_columns(["key", "cloth_image"]))),
    "rename": lambda rows: next(iter(rows.rename_column("stem", "id").rename_column("cloth_image", "garment_image"))),
    "remove": lambda rows: next(iter(rows.remove_columns(["stem", "cloth_image"]))),
    "torch": lambda rows: next(iter(rows.with_format("torch")))["key"],
    "numpy": lambda rows: next(iter(rows.with_format("numpy"))),
    "repeat": lambda rows: list(rows.repeat(2))[-1],
    "batch": lambda rows: next(iter(rows.batch(2))),
    "shuffle": lambda rows: sorted(row["key"] for row in rows.shuffle(seed=1)),
    "features": lambda rows: rows.features,
}
DECODED: dict[str, Op] = {
    "concatenate": lambda rows: list(concatenate_datasets([rows, rows]))[-1],
    "interleave": lambda rows: list(interleave_datasets([rows, rows]))[3],
    "cast to grey": lambda rows: next(iter(rows.cast_column("cloth_image", Image(mode="L")))),
    "cast to cells": lambda rows: next(iter(rows.cast_column("cloth_image", Image(decode=False)))),
    "decode": lambda rows: next(iter(rows.decode(enable=False))),
    "arrow": lambda rows: next(iter(rows.with_format("arrow"))).to_pylist(),
}
"""Of streams whose images were not transformed."""


def saved(rows: Any, path: str) -> Any:
    rows.save_to_disk(path)
    return datasets.load_from_disk(path)[:]


def written(rows: Any, path: str, cache: str) -> Any:
    rows.to_parquet(path)
    return datasets.Dataset.from_parquet(path, cache_dir=cache)[:]


MAP_STYLE = ("embedded", "uris", "transformed", "transformed uris")


@pytest.mark.parametrize("form", MAP_STYLE)
@pytest.mark.parametrize("name", ROWS)
def test_rows_come_out_as_a_stock_datasets_do(forms: Forms, form: str, name: str) -> None:
    if name in REWRITING and "transformed" in form:
        # A stock dataset would store what its transform makes of each row, and transform that once more.
        expected = flip_row(ROWS[name](forms.stocks("embedded")))
    else:
        expected = ROWS[name](forms.stocks(form))
    assert plain(ROWS[name](forms.ours(form))) == plain(expected)


@pytest.mark.parametrize("form", MAP_STYLE)
@pytest.mark.parametrize("name", STORED)
def test_without_the_transform_rows_are_as_they_are_stored(forms: Forms, form: str, name: str) -> None:
    expected = STORED[name](forms.stocks(form, stored=True), forms)
    assert plain(STORED[name](forms.ours(form), forms)) == plain(expected)


@pytest.mark.parametrize(
    ("form", "name"),
    [*itertools.product(("stream", "transformed stream"), STREAMED), *itertools.product(("stream",), DECODED)],
)
def test_streams_give_what_stock_streams_do(forms: Forms, form: str, name: str) -> None:
    op = (STREAMED | DECODED)[name]
    assert plain(op(forms.ours(form))) == plain(op(forms.stocks(form)))


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("form", MAP_STYLE)
def test_a_stream_can_be_made_of_any_form(forms: Forms, form: str, shards: int) -> None:
    stream = forms.ours(form).to_iterable_dataset(num_shards=shards)
    assert stream.num_shards == shards
    assert plain(list(stream)) == plain(list(forms.stocks(form)))


@pytest.mark.parametrize("form", ["embedded", "uris"])
def test_images_can_be_cast_and_renamed_where_nothing_is_transformed(forms: Forms, form: str) -> None:
    for op in (
        lambda rows: rows.cast_column("cloth_image", Image(mode="L"))[1],
        lambda rows: rows.rename_column("cloth_image", "garment_image")[1],
        lambda rows: list(rows.cast_column("cloth_image", Image(mode="L")).to_iterable_dataset())[1],
    ):
        assert plain(op(forms.ours(form))) == plain(op(forms.stocks(form)))


@pytest.mark.parametrize("form", ["transformed", "transformed uris"])
@pytest.mark.parametrize(
    ("op", "found"),
    [
        (
            lambda rows: rows.cast_column("cloth_image", Image(mode="L")),
            r"8-bit RGB.*v2.Grayscale\(\), or cast .* back",
        ),
        (lambda rows: rows.rename_column("cloth_image", "garment_image"), "'cloth_image' is gone .*collate_fn"),
        (
            lambda rows: rows.with_format(None).select(range(4)).batch(2).with_format(**rows.format),
            r"'initial_image' is List\(",
        ),
    ],
)
def test_what_would_leave_images_out_of_the_transform_is_refused(forms: Forms, form: str, op: Op, found: str) -> None:
    with pytest.raises(vton_hf.ConfigError, match=found):
        op(forms.ours(form))[0]


def test_images_are_looked_at_before_a_transform_is_set(forms: Forms) -> None:
    rows = forms.ours("embedded").cast_column("cloth_image", Image(mode="L"))
    with pytest.raises(vton_hf.ConfigError, match="8-bit RGB"):
        vton_hf.set_transform(rows)
    assert rows[0]["cloth_image"].mode == "L"


def test_other_transforms_are_left_to_datasets(forms: Forms) -> None:
    rows = forms.ours("embedded").with_transform(flip)
    assert plain(rows[1]) == plain(forms.stock.with_transform(flip)[1])
    with pytest.raises(TypeError, match="JSON serializable"):
        rows.save_to_disk(forms.path())


@pytest.mark.parametrize("options", [{}, {"embed_images": False}, {"mixing": "interleave"}, {"streaming": True}])
def test_the_split_is_named_as_datasets_names_it(forms: Forms, options: dict[str, Any]) -> None:
    assert forms.load(**options).split == datasets.Split.TRAIN
    assert forms.load(split=None, **options)["train"].split == datasets.Split.TRAIN
    if options.get("mixing") != "interleave":
        for split in ("train[:50%]", "train[:2]+train[4:]", datasets.ReadInstruction("train", to=3, unit="abs")):
            assert forms.load(split=split, **options).split == getattr(split, "to_spec", lambda name=split: name)()
    assert isinstance(forms.load(**options).split, datasets.NamedSplit)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("options", [{}, {"embed_images": False}])
def test_a_broken_sample_is_replaced_by_its_class_label(
    load: Load, bucket: Bucket, options: dict[str, Any], before: bool
) -> None:
    bucket.fill(3)
    bucket.put(triplet_keys("medium", "male", "001")["cloth_image"], b"broken")
    rows = load("medium", epoch_size="max", verify="none", **options)
    difficulties = rows.with_format(None)["difficulty"][:]
    if before:
        rows = vton_hf.set_transform(rows.class_encode_column("difficulty"), image_size=(4, 4))
    else:
        rows = vton_hf.set_transform(rows, image_size=(4, 4)).class_encode_column("difficulty")
    label = rows.features["difficulty"]
    made = rows[:]
    assert label.int2str(made["difficulty"]) == difficulties
    assert {failure.key for failure in vton_hf.transform_of(rows).failures()} == {"medium/male/001"}
    assert "medium/male/001" not in made["key"]
    assert [key.partition("/")[0] for key in made["key"]] == difficulties


def test_streams_of_class_labels_replace_broken_samples(load: Load, bucket: Bucket) -> None:
    bucket.fill(2)
    bucket.put(triplet_keys("medium", "male", "001")["cloth_image"], b"broken")
    rows = load("medium", epoch_size="max", verify="none").class_encode_column("difficulty")
    stream = vton_hf.set_transform(rows, image_size=(4, 4)).to_iterable_dataset()
    assert [row["difficulty"] for row in stream] == rows.with_format(None)["difficulty"][:]
    assert {failure.key for failure in vton_hf.transform_of(stream).failures()} == {"medium/male/001"}


@pytest.mark.parametrize("split", ["train[", "bogus", "train[:5%"])
@pytest.mark.parametrize("options", [{}, {"streaming": True}, {"mixing": "interleave"}])
def test_a_split_that_cannot_be_read_is_said_so(forms: Forms, split: str, options: dict[str, Any]) -> None:
    with pytest.raises(vton_hf.ConfigError, match="split="):
        forms.load(split=split, **options)


def test_a_sampler_reads_class_labels(forms: Forms) -> None:
    rows = forms.ours("embedded")
    encoded = rows.class_encode_column("difficulty")
    parts = encoded.train_test_split(6, seed=1, stratify_by_column="difficulty")["train"]
    assert list(vton_hf.TripletSampler(encoded, 4)) == list(vton_hf.TripletSampler(rows, 4))
    assert len(vton_hf.TripletSampler(parts, 2)) == 6
    other = datasets.Dataset.from_dict({"difficulty": ["easy", "odd"]}).class_encode_column("difficulty")
    with pytest.raises(vton_hf.ConfigError, match="holds 'odd'; allowed are easy"):
        vton_hf.TripletSampler(other, 1)


def test_what_is_written_asks_nothing_of_the_store(s3: MotoS3, tmp_path: Path) -> None:
    """And a stream, or a new column, fetches with the options that the dataset was loaded with."""
    for index in range(3):
        for key in triplet_keys("easy", "male", f"{index:03d}").values():
            s3.put(BUCKET, key, png(key))
    load = loader(f"s3://{BUCKET}/dataset_ultimate/", tmp_path / "cache", storage_options=s3.storage_options)
    rows = load("easy", embed_images=False)
    s3.reset_counts()
    assert saved(rows, str(tmp_path / "saved"))["cloth_image"][0]["bytes"] is None
    assert len(written(rows, str(tmp_path / "rows.parquet"), str(tmp_path / "parquet"))["key"]) == 3
    assert rows.class_encode_column("difficulty").features["difficulty"].names == ["easy"]
    with_number = rows.add_column("number", [0, 1, 2])
    assert sum(s3.gets().values()) == 0
    assert with_number[1]["cloth_image"].size == (12, 16)
    assert [row["cloth_image"].size for row in rows.to_iterable_dataset()] == [(12, 16)] * 3


PUSHES = program("push_operations")


def test_stock_push_to_hub_sends_images_of_any_form(hub: Hub, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(1)
    client = Client(hub, bucket, hub.token("ann", orgs=["team"]), tmp_path)
    done = run_python(PUSHES, client.environment, json.dumps(client.options()))
    assert done.returncode == 0, done.stderr
    expected = seen(vton_hf.load("hard", **client.options()))
    names = ("embedded", "uris", "transformed", "together")
    assert client.load(*names) == dict.fromkeys(names, expected)
