"""What this package uses of others without being invited: each name in one file, and still there."""

import ast
import multiprocessing
import re
from collections.abc import Callable
from pathlib import Path

import datasets
import fsspec
import pytest
import s3fs
import torch
from datasets.iterable_dataset import ExamplesIterable
from huggingface_hub import HfApi
from torch.utils.data import DataLoader
from torch.utils.data._utils import worker

import vton_hf

PACKAGE = Path(vton_hf.__file__).parent
ROWS = datasets.Dataset.from_dict({"row": [0, 1]})

NAMES: dict[str, tuple[str, Callable[[], object]]] = {
    "_build_cache_dir": ("builder/readable.py", lambda: datasets.DatasetBuilder._build_cache_dir),
    "_call_s3": ("storage/s3.py", lambda: s3fs.S3FileSystem._call_s3),
    "_estimate_nbytes": ("builder/formats.py", lambda: ROWS._estimate_nbytes),
    "_ex_iterable": ("transforms/api.py", lambda: ROWS.to_iterable_dataset()._ex_iterable),
    "_fingerprint": ("builder/assemble.py", lambda: ROWS._fingerprint),
    "_indices": ("builder/indices.py", lambda: ROWS.select([1, 0])._indices.column(0)),
    "_iterator": ("loader/profile.py", lambda: DataLoader(ROWS)._iterator is None),
    "_new_shared_fd_cpu": ("loader/shared_memory.py", lambda: torch.UntypedStorage._new_shared_fd_cpu),
    "_share_fd_cpu_": ("loader/shared_memory.py", lambda: torch.UntypedStorage._share_fd_cpu_),
    "_state_dict": ("builder/resume.py", lambda: ExamplesIterable(dict, {}).state_dict is not None),
    "_strip_protocol": ("storage/fsspec_backend.py", lambda: fsspec.AbstractFileSystem._strip_protocol),
    "_validate_yaml": ("exports/hub/repository.py", lambda: HfApi._validate_yaml),
}
"""An attribute of a library's object, the one file that reads it, and how to see that it exists."""

TEXTS: dict[str, tuple[str, Callable[[], object]]] = {
    "_push_parquet_shards_to_hub": ("builder/formats.py", lambda: datasets.Dataset._push_parquet_shards_to_hub),
    "_target": ("loader/orphans.py", lambda: multiprocessing.Process(target=print)._target),  # type: ignore[attr-defined]
    "_worker_loop": ("loader/orphans.py", lambda: worker._worker_loop),
}
"""The same, where the name is looked up as a text."""

HARMLESS = {"_ArgumentGroup": "in an annotation", "_finds_vton_hf": "ours, on a function of datasets"}

OF_PYTHON = {"_exit", "_getframe", "_replace", "_asdict", "_fields"}
"""Names that Python documents."""


def own_names() -> set[str]:
    """The private names that this package itself defines."""
    names: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and ast.unparse(node.value) == "self"
            ):
                names.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return names


def borrowed() -> dict[str, set[str]]:
    """The private attributes that it does not define, and the files that read them."""
    own, files = own_names(), dict[str, set[str]]()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and re.match(r"_[^_]", node.attr) and node.attr not in own | OF_PYTHON:
                files.setdefault(node.attr, set()).add(path.relative_to(PACKAGE).as_posix())
    return files


def test_each_private_name_is_used_in_one_file() -> None:
    assert {name: files for name, files in borrowed().items() if name not in HARMLESS} == {
        name: {file} for name, (file, _) in NAMES.items()
    }


@pytest.mark.parametrize("name", [*NAMES, *TEXTS])
def test_a_private_name_is_still_there(name: str) -> None:
    _, seek = (NAMES | TEXTS)[name]
    assert seek() is not None


@pytest.mark.parametrize("name", TEXTS)
def test_a_name_that_is_looked_up_stands_in_one_file(name: str) -> None:
    holders = [
        path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if f'"{name}"' in path.read_text()
    ]
    assert holders == [TEXTS[name][0]]
