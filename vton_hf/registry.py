"""Makes `datasets.load_dataset("vton_hf", ...)` find the builder.

`datasets` has no way in for builders that come from a package, so its `dataset_module_factory` is wrapped,
for our own names only. Importing `datasets` takes seconds; if it has not been imported yet, the wrapping
waits until it is.
"""

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

logger = logging.getLogger("vton_hf")

NAME: Final = "vton_hf"
_SCRIPT: Final = "vton.py"
_LOADER: Final = "datasets.load"


def register() -> None:
    """Wrap `load_dataset`'s search now, or as soon as `datasets` is imported."""
    loaded = sys.modules.get(_LOADER)
    if loaded is not None:
        _wrap(loaded)
    elif not any(isinstance(finder, _Waiting) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Waiting())


def is_ours(path: object) -> bool:
    """Whether `load_dataset(path)` means this package: its name, or its script `builder/vton.py`."""
    if path == NAME:
        return True
    script = Path(str(path))
    return script.name == _SCRIPT and script.is_file() and NAME.encode() in script.read_bytes()


def _wrap(load: ModuleType) -> None:
    original = getattr(load, "dataset_module_factory", None)
    module = getattr(load, "DatasetModule", None)
    if original is None or module is None:
        logger.warning(
            "This version of datasets has no dataset_module_factory: load_dataset(%r) will not find the builder. "
            "Use vton_hf.load(...), which takes the same options.",
            NAME,
        )
        return
    if getattr(original, "_finds_vton_hf", False):
        return

    @functools.wraps(original)
    def dataset_module_factory(path: str, *args: Any, **kwargs: Any) -> Any:
        if is_ours(path):
            return module(module_path="vton_hf.builder.builder", hash="", builder_kwargs={"dataset_name": NAME})
        return original(path, *args, **kwargs)

    dataset_module_factory._finds_vton_hf = True  # type: ignore[attr-defined]  # noqa: SLF001
    load.dataset_module_factory = dataset_module_factory  # type: ignore[attr-defined]
    inspect = sys.modules.get("datasets.inspect")
    if inspect is not None:
        inspect.dataset_module_factory = dataset_module_factory  # type: ignore[attr-defined]


class _Waiting(importlib.abc.MetaPathFinder):
    """Steps aside once it has seen `datasets.load` being imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if fullname != _LOADER:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _WrappingLoader(spec.loader)
        return spec


class _WrappingLoader(importlib.abc.Loader):
    """Imports as the loader it stands before, then wraps."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _wrap(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
