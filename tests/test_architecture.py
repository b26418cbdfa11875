"""Packages import in one order and by their `__init__`, each its own third parties; files stay small, and are documented."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import vton_hf

PACKAGE = Path(vton_hf.__file__).parent
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

PACKAGES = [
    "errors",
    "naming",
    "registry",
    "_core",
    "storage",
    "mixing",
    "images",
    "triplets",
    "engines",
    "cache",
    "report",
    "builder",
    "evaluating",
    "transforms",
    "loader",
    "exports",
    "demo",
    "__init__",
    "cli",
]
"""From the bottom: each may import those before it, even inside a function; `__init__` is the package itself."""

ENTERED_ANYWHERE = {"_core", "loader"}
"""Whoever takes one thing of these should not import all."""

MAY_USE = {
    "_core": "datasets",
    "storage": "aiobotocore botocore fsspec numpy obstore pyarrow s3fs xxhash",
    "mixing": "numpy",
    "images": "PIL imagecodecs kornia_rs numpy xxhash",
    "triplets": "numpy pyarrow xxhash",
    "engines": "loky ray",
    "cache": "datasets filelock numpy pyarrow",
    "report": "PIL numpy pyarrow",
    "builder": "datasets numpy pyarrow",
    "evaluating": "PIL datasets numpy",
    "transforms": "PIL datasets numpy torch torchvision",
    "loader": "datasets numpy pyarrow torch",
    "exports": "PIL datasets huggingface_hub numpy pyarrow yaml",
    "demo": "PIL moto numpy s3fs",
    "cli": "PIL datasets huggingface_hub numpy packaging pyarrow torch torchvision",
}
"""Third parties of each package. `torch` is in those that `import vton_hf` leaves alone; the rest needs Python alone."""


def package_of(file: str) -> str:
    return file.partition("/")[0].removesuffix(".py")


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((PACKAGE / file).read_text(encoding="utf-8"))


def imported(file: str) -> Iterator[str]:
    """Dotted names of all modules a file imports, wherever in it."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            whole = node.module == "vton_hf"
            yield from (f"vton_hf.{alias.name}" if whole else str(node.module) for alias in node.names)


def packages_behind(file: str) -> set[str]:
    names = {name.split(".")[1] if "." in name else "__init__" for name in imported(file) if is_own(name)}
    return {name if name in PACKAGES else "__init__" for name in names} - {package_of(file)}


def offenders(offence: Callable[[str], Any]) -> dict[str, Any]:
    """The files with an offence, and what it is."""
    found = {file: offence(file) for file in FILES}
    return {file: offence for file, offence in found.items() if offence}


def is_own(name: str) -> bool:
    return name.partition(".")[0] == "vton_hf"


def test_the_list_names_the_packages_there_are() -> None:
    assert sorted(PACKAGES) == sorted({package_of(file) for file in FILES})
    assert set(MAY_USE) <= set(PACKAGES)


def test_a_package_imports_only_those_before_it() -> None:
    assert offenders(lambda file: packages_behind(file) - set(PACKAGES[: PACKAGES.index(package_of(file))])) == {}


def test_the_demo_imports_errors_and_names_alone() -> None:
    assert offenders(lambda file: package_of(file) == "demo" and packages_behind(file) - {"errors", "naming"}) == {}


def test_a_package_uses_only_its_own_third_parties() -> None:
    def others(file: str) -> set[str]:
        used = {name.partition(".")[0] for name in imported(file) if not is_own(name)}
        return used - sys.stdlib_module_names - set(MAY_USE.get(package_of(file), "").split())

    assert offenders(others) == {}


def test_a_package_is_imported_by_its_init() -> None:
    def inner(file: str) -> set[str]:
        deep = [name.split(".") for name in imported(file) if is_own(name) and name.count(".") > 1]
        return {".".join(name) for name in deep if name[1] not in {package_of(file), *ENTERED_ANYWHERE}}

    assert offenders(lambda file: inner(file) - {"vton_hf.demo.server"}) == {}, "that one needs moto, which is an extra"


def mentions(file: str, *names: str) -> list[int]:
    """The lines on which a file uses one of these names or dotted names."""
    return [
        node.lineno
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in names
    ]


def test_only_storage_reads_the_environment() -> None:
    names = ("os.environ", "os.environb", "os.getenv", "environ", "getenv", "os.path.expandvars")
    assert offenders(lambda file: package_of(file) != "storage" and mentions(file, *names)) == {}


def test_only_the_command_line_prints_or_exits() -> None:
    names = ("print", "sys.exit", "exit", "sys.stdout", "input")
    assert offenders(lambda file: package_of(file) != "cli" and mentions(file, *names)) == {}


def test_a_file_is_short_and_says_what_it_is() -> None:
    lengths = {file: (PACKAGE / file).read_text(encoding="utf-8").count("\n") for file in FILES}
    assert offenders(lambda file: lengths[file] if lengths[file] > 250 else 0) == {}, "so many lines: cut it in two"
    assert offenders(lambda file: not ast.get_docstring(tree(file))) == {}


def test_no_function_is_longer_than_a_screen() -> None:
    def long(file: str) -> dict[str, int]:
        functions = [node for node in ast.walk(tree(file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        lengths = [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in functions]
        return {name: length for name, length in lengths if length > 40}

    assert offenders(long) == {}


def test_the_architecture_page_names_every_file_that_there_is() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`([\w/]+\.py)`", page) if not name.startswith("tests/")}
    assert named == {file for file in FILES if not file.endswith("__init__.py")}
