"""`load_dataset("vton_hf", ...)` finds the builder, and every other name still reaches `datasets`' own code."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import datasets
import pytest
from datasets import get_dataset_config_names, load_dataset

from tests.bucket import Bucket
from tests.fake_hub import Hub, run_python
from vton_hf import registry
from vton_hf.builder.builder import VTON

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SCRIPT = Path(__file__).parents[1] / "builder" / "vton.py"
ORDERS = {
    "vton_hf first": "import vton_hf; from datasets import load_dataset",
    "datasets first": "from datasets import load_dataset; import vton_hf",
}
LOAD = """
import os, sys
from datasets import get_dataset_config_names
os.chdir(sys.argv[1])
rows = load_dataset("vton_hf", "easy", split="train", s3_prefixes=[sys.argv[2]], cache_dir="cache")
print(rows["key"][:], get_dataset_config_names("vton_hf"), "torch" in sys.modules)
"""


@pytest.fixture
def filled(bucket: Bucket) -> Bucket:
    return bucket.fill({"easy": 1}, genders=("male",))


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_the_name_is_found_whatever_is_imported_first(filled: Bucket, tmp_path: Path, order: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", order + LOAD, str(tmp_path), filled.prefix], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "['easy/male/000'] ['easy', 'medium', 'hard'] False"


@pytest.mark.parametrize("place", ["nowhere", "hub", "clone"])
def test_what_a_forgotten_import_gives_is_the_first_that_readme_explains(hub: Hub, tmp_path: Path, place: str) -> None:
    if place == "clone":
        (tmp_path / "vton_hf").mkdir()
        (tmp_path / "vton_hf" / "about.md").write_text("# About\n")
    environment = hub.environment(None, tmp_path / "home") | ({"HF_HUB_OFFLINE": "1"} if place == "nowhere" else {})
    code = "from datasets import load_dataset; load_dataset('vton_hf', 'hard', split='train', s3_prefixes=['/x'])"
    done = run_python(code, environment, cwd=tmp_path)
    messages = README.partition("| message | what to do |")[2].splitlines()[2].split(" | ")[0]
    assert any(message in done.stderr for message in re.findall(r"`([^`]+)`", messages))


def keys(path: str, bucket: Bucket) -> list[str]:
    return list(load_dataset(path, "easy", split="train", s3_prefixes=[bucket.prefix])["key"])


def test_the_script_is_found_by_its_path(filled: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected = ["easy/male/000"]
    assert keys(str(SCRIPT), filled) == expected
    for folder in (SCRIPT.parents[1], SCRIPT.parent, tmp_path):
        monkeypatch.chdir(folder)
        assert keys(os.path.relpath(SCRIPT), filled) == expected
    assert get_dataset_config_names(str(SCRIPT)) == ["easy", "medium", "hard"]


@pytest.mark.parametrize("name", ["vton.py", "other.py", "vton_hf.py"])
def test_another_script_is_not_ours(name: str, tmp_path: Path) -> None:
    script = tmp_path / name
    script.write_text("from vton_hf.builder.builder import VTON" if name != "vton.py" else "VTON = 1")
    assert not registry.is_ours(str(script))


@pytest.mark.parametrize("name", ["vton-hf", "VTON_HF", "org/vton_hf", "vton_hf/", "builder/vton.py.bak", "no/vton.py"])
def test_another_name_is_not_ours(name: str) -> None:
    assert not registry.is_ours(name)


def test_a_folder_called_like_us_does_not_come_between(
    filled: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "vton_hf"
    folder.mkdir()
    (folder / "train.jsonl").write_text('{"key": "wrong"}\n')
    monkeypatch.chdir(tmp_path)
    assert keys("vton_hf", filled) == ["easy/male/000"]
    assert list(load_dataset("./vton_hf", split="train")["key"]) == ["wrong"]


def test_what_comes_with_datasets_still_loads(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"number": number}) + "\n" for number in range(3)))
    rows = load_dataset("json", data_files=str(file), split="train")
    assert list(rows["number"]) == [0, 1, 2]


def test_an_unknown_name_fails_as_it_did() -> None:
    own = datasets.load.dataset_module_factory
    with pytest.raises(Exception, match="no_such_dataset") as before:
        own.__wrapped__("no_such_dataset")
    with pytest.raises(type(before.value)) as after:
        load_dataset("no_such_dataset")
    assert str(after.value) == str(before.value)


def test_the_builder_calls_itself_by_our_name(filled: Bucket) -> None:
    builder = datasets.load_dataset_builder("vton_hf", "hard", s3_prefixes=[filled.prefix])
    assert isinstance(builder, VTON)
    assert (builder.dataset_name, builder.config.name) == ("vton_hf", "hard")


def test_wrapping_twice_wraps_once() -> None:
    wrapped = datasets.load.dataset_module_factory
    registry.register()
    assert datasets.load.dataset_module_factory is wrapped
    assert datasets.inspect.dataset_module_factory is wrapped


@pytest.mark.parametrize("kept", ["dataset_module_factory", "DatasetModule", None])
def test_a_datasets_without_the_door_is_left_alone_with_a_way_out(
    kept: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    load = ModuleType("datasets.load")
    if kept:
        setattr(load, kept, print)
    registry._wrap(load)
    assert getattr(load, "dataset_module_factory", print) is print
    message = (
        "This version of datasets has no dataset_module_factory: load_dataset('vton_hf') will not find the builder. "
        "Use vton_hf.load(...), which takes the same options."
    )
    assert caplog.record_tuples == [("vton_hf", logging.WARNING, message)]
