"""Numbers and paths as people have them: of Python, NumPy, torch and pathlib, through every door."""

import contextlib
import traceback
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import torch
from datasets import load_dataset

import vton_hf
from tests.bucket import Bucket, Load
from vton_hf._core.checks import as_int, as_size
from vton_hf.cli import main
from vton_hf.errors import AccessError, ConfigError
from vton_hf.storage import StorageSettings

SIGNED = "https://photos.s3.amazonaws.com/data?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0f0e"
INTS: list[Callable[[int], Any]] = [np.int64, np.uint8, torch.tensor, np.array]
SIZES: list[Callable[[list[int]], Any]] = [
    torch.Size,
    np.array,
    torch.tensor,
    tuple,
    lambda size: [np.int32(edge) for edge in size],
]


@pytest.mark.parametrize(
    "value", [True, np.True_, torch.tensor(True), 7.0, np.float64(7), torch.tensor(7.0), "7", None]
)
def test_what_is_no_int_is_none(value: object) -> None:
    assert as_int(value) is None


@pytest.mark.parametrize(
    "value", [[1], [1, 2, 3], [0, 1], [1, True], [1, 2.0], "12", {1, 2}, 12, None, np.ones((2, 2))]
)
def test_what_is_no_size_is_none(value: object) -> None:
    assert as_size(value) is None


def config_id(**options: object) -> str:
    return str(vton_hf.VTON(config_name="hard", s3_prefixes=["/data"], **options).config_id)


@pytest.mark.parametrize("make", INTS, ids=["int64", "uint8", "torch", "array"])
def test_an_int_of_any_kind_is_the_same_dataset(make: Callable[[int], Any]) -> None:
    for name in ("seed", "limit", "epoch_size"):
        assert config_id(**{name: make(7)}) == config_id(**{name: 7})
    assert config_id(image_format="jpeg", image_quality=make(90)) == config_id(image_format="jpeg", image_quality=90)
    assert config_id(difficulty_weights={"hard": make(1)}) == config_id(difficulty_weights={"hard": 1})


@pytest.mark.parametrize("make", SIZES, ids=["Size", "array", "torch", "tuple", "list"])
def test_a_size_of_any_kind_is_the_same_dataset(make: Callable[[list[int]], Any]) -> None:
    assert config_id(image_size=make([8, 6])) == config_id(image_size=(8, 6))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_weight_of_numpy_is_the_number_that_it_shows(kind: Callable[[float], Any]) -> None:
    weights = {"easy": 0.3, "medium": 0.7}
    of_numpy = {name: kind(weight) for name, weight in weights.items()}
    assert config_id(difficulty_weights=of_numpy) == config_id(difficulty_weights=weights)


@pytest.mark.parametrize("make", [np.int64, torch.tensor], ids=["numpy", "torch"])
def test_every_door_takes_ints_of_any_kind(
    bucket: Bucket, load: Load, tmp_path: Path, make: Callable[[int], Any]
) -> None:
    bucket.fill(3)
    size = make([8, 6]) if make is torch.tensor else np.array([8, 6])
    rows = load(seed=make(7), limit=make(4), epoch_size=make(8), image_size=size, num_proc=make(1))
    assert (len(rows), rows[0]["cloth_image"].size) == (8, (6, 8))
    assert len(list(load(seed=make(7), limit=make(4), epoch_size=make(8), image_size=size, streaming=True))) == 8
    vton_hf.set_transform(rows, image_size=size, seed=make(1), max_broken=make(1))
    rows.set_epoch(make(1))
    assert rows[0]["cloth_image"].shape == (3, 8, 6)
    lazy = vton_hf.S3VTONDataset(
        [bucket.prefix], seed=make(7), limit=make(4), epoch_size=make(6), image_size=size, max_broken=make(1)
    )
    lazy.set_epoch(make(2))
    assert (len(lazy), lazy[make(0)]["cloth_image"].shape) == (6, (3, 8, 6))
    sampler = vton_hf.TripletSampler(
        lazy, make(2), seed=make(1), epoch_size=make(4), rank=make(0), num_replicas=make(1),
        curriculum=vton_hf.Curriculum("linear", stage_length=make(2)),
    )  # fmt: skip
    sampler.set_epoch(make(1))
    assert len(list(sampler)) == 4
    assert vton_hf.contact_sheet([rows.with_format(None)[0]], columns=make(1), height=make(40)).size[0] > 40
    exported = vton_hf.export(
        tmp_path / "out", s3_prefixes=[bucket.prefix], configs="easy", max_shard_size=make(10**6), limit=make(2)
    )
    assert exported.url


def test_settings_of_a_store_take_numbers_of_any_kind() -> None:
    given = StorageSettings(timeout=np.float32(2), deadline=torch.tensor(9), concurrency=np.int64(8))  # type: ignore[arg-type]
    assert repr(given) == "StorageSettings(timeout=2.0, deadline=9, concurrency=8)"
    with pytest.raises(ConfigError, match=r"timeout must be a number above 0"):
        StorageSettings(timeout=np.True_)


def test_a_path_is_taken_wherever_a_place_is(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.fill(2)
    names = tmp_path / "names.txt"
    names.write_text("easy/female/000\n")
    root, cache = bucket.folder / "dataset_ultimate", tmp_path / "cache"
    monkeypatch.chdir(bucket.folder)
    for prefixes in (root, [root], [Path("dataset_ultimate")], PurePosixPath(root)):
        rows = load_dataset(
            "vton_hf", "easy", split="train", s3_prefixes=prefixes, cache_dir=cache, exclude=PurePosixPath(names)
        )
        assert len(rows) == 3
        assert len(vton_hf.load("easy", s3_prefixes=prefixes, cache_dir=cache, streaming=False)) == 4
        assert len(vton_hf.S3VTONDatasetEasy(prefixes, cache_dir=cache, exclude=names)) == 3
    assert config_id(limit=1) == vton_hf.VTON(config_name="hard", s3_prefixes=[Path("/data")], limit=1).config_id


def by_load(option: str) -> object:
    return load_dataset("vton_hf", "hard", split="train", s3_prefixes=[option])


def by_torch(option: str) -> object:
    return vton_hf.S3VTONDatasetHard([option])


def by_exclude(option: str) -> object:
    return load_dataset("vton_hf", "hard", split="train", s3_prefixes=["/data"], exclude=option)


def by_endpoint(option: str) -> object:
    return load_dataset("vton_hf", "hard", s3_prefixes=["s3://b/a"], storage_options={"endpoint_url": f"x{option}"})


@pytest.mark.parametrize("door", [by_load, by_torch, by_exclude, by_endpoint])
def test_no_error_repeats_a_signature(door: Callable[[str], object]) -> None:
    with pytest.raises(ConfigError) as caught:
        door(SIGNED)
    whole = "".join(traceback.format_exception(caught.value))
    assert "***" in str(caught.value)
    assert not [secret for secret in ("AKIA", "0f0e") if secret in whole]


@pytest.mark.parametrize(
    "arguments", [["scan", SIGNED], ["plan", SIGNED, "/data"], ["scan", "/data", "--exclude", SIGNED]]
)
def test_the_command_line_repeats_none(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        assert main(arguments) == 2
    err = capsys.readouterr().err
    assert "***" in err
    assert not [secret for secret in ("AKIA", "0f0e") if secret in err]


def test_names_that_match_nothing_are_told_without_one(
    bucket: Bucket, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.fill(1)
    load("easy", exclude=[SIGNED])
    assert "***" in caplog.text
    assert "0f0e" not in caplog.text


def test_missing_credentials_name_the_spelling_of_the_way_that_was_called(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AccessError, match=r'pass storage_options=\{"anon": True\}, or call vton_hf.configure'):
        load_dataset("vton_hf", "hard", split="train", s3_prefixes=["s3://b/a"])
    assert main(["scan", "s3://b/a"]) == 1
    err = capsys.readouterr().err
    assert "For a public bucket add --anonymous." in err
    assert 'anon":' not in err
