"""What `vton_hf` promises is there, in order, and nothing else is."""

import ast
import builtins
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

import vton_hf
from vton_hf import errors

FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.VTONError)]


def ruff_order(name: str) -> tuple[int, str]:
    """As RUF022 sorts: constants, then classes, then the rest."""
    return 0 if name.isupper() else 1 if name[0].isupper() else 2, name


def test_whoever_builds_exports_or_previews_needs_no_torch() -> None:
    code = "import sys, vton_hf.builder, vton_hf.exports, vton_hf.cli.running, vton_hf.cli.previewing as _; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"


def test_all_is_sorted_and_names_each_once() -> None:
    assert vton_hf.__all__ == sorted(set(vton_hf.__all__), key=ruff_order)


def test_all_is_what_can_be_had() -> None:
    assert set(dir(vton_hf)) == {*vton_hf.__all__, "__version__"} - {"Delivery", "TimeBudget", "time_budget"}
    lazy = {alias.name for node in type_checking_block() for alias in node.names}
    assert lazy == set(vton_hf._LAZY_MODULES), "what a type checker sees is what is imported when asked for"


def test_a_name_stays_what_it_is_when_its_room_is_entered() -> None:
    for package in set(vton_hf._LAZY_MODULES.values()):
        import_module(f"vton_hf.{package}")
    assert [name for name in vton_hf.__all__ if not callable(getattr(vton_hf, name))] == []


def type_checking_block() -> list[ast.ImportFrom]:
    tree = ast.parse(Path(vton_hf.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    return [node for node in block.body if isinstance(node, ast.ImportFrom)]


def test_a_star_import_brings_all_of_it() -> None:
    names: dict[str, object] = {}
    exec("from vton_hf import *", names)
    assert set(names) - {"__builtins__"} == set(vton_hf.__all__)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'vton_hf' has no attribute 'transform'$"):
        _ = vton_hf.transform


def test_the_version_is_that_of_the_installed_package() -> None:
    assert vton_hf.__version__ == version("vton-hf")


def test_every_public_name_is_explained() -> None:
    assert [name for name in vton_hf.__all__ if not getattr(vton_hf, name).__doc__] == []


@pytest.mark.parametrize("kind", FAMILY)
def test_an_error_is_public_and_stands_in_the_tree_below_its_parents(kind: type[Exception]) -> None:
    assert getattr(vton_hf, kind.__name__) is kind
    lines = (errors.__doc__ or "").splitlines()
    (line,) = [line for line in lines if re.search(rf"\b{kind.__name__}\b", line)]
    own, *others = kind.__bases__
    assert [base.__name__ for base in others] == re.findall(r"\((\w+)\)", line)
    assert all(hasattr(builtins, base.__name__) for base in others)
    above = [other for other in lines[: lines.index(line)] if indent(other) < indent(line)]
    assert kind is errors.VTONError or re.search(rf"\b{own.__name__}\b", above[-1])


def indent(line: str) -> int:
    match = re.search(r"\w", line)
    return match.start() if match else sys.maxsize


@pytest.mark.parametrize(
    ("imported", "spared"),
    [
        ("vton_hf", "datasets numpy pyarrow s3fs torch"),
        # What each worker of a build imports.
        ("vton_hf.cache", "aiobotocore aiohttp botocore datasets huggingface_hub s3fs torch"),
    ],
)
def test_imports_are_light(imported: str, spared: str) -> None:
    code = f"import sys, {imported}; print(*sorted(set({spared.split()}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
