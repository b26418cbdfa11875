"""Imports point downhill, rooms keep to their trade, and files stay small: DESIGN.md, section 2, as data."""

import ast
import sys
from collections.abc import Callable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import vton_hf

PACKAGE = Path(vton_hf.__file__).parent
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

MAY_IMPORT = {
    "redaction": "",
    "values": "",
    "errors": "redaction",
    "stopwatch": "",
    "orphans": "",
    "ahead": "stopwatch",
    "budget": "errors stopwatch values",
    "registry": "",
    "naming": "errors",
    "images": "errors",
    "notices": "images",
    "aspect": "errors images naming notices values",
    "handover": "",
    "collate": "errors handover naming",
    "storage": "errors naming redaction values",
    "splits": "errors",
    "mixing": "errors naming values",
    "features": "errors naming",
    "triplets": "errors naming values",
    "demo": "errors naming",
    "encoding": "errors values",
    "quality": "errors",
    "preparation": "aspect encoding errors images naming notices",
    "lookahead": "errors naming orphans storage",
    "formats": "",
    "fetching": "errors formats images lookahead naming notices stopwatch storage",
    "samplers": "errors mixing naming",
    "report": "mixing naming triplets",
    "sheet": "errors images naming report values",
    "forecast": "encoding errors images naming preparation quality storage triplets",
    "config": "aspect encoding errors images mixing naming preparation storage triplets values",
    "pools": "errors features mixing splits",
    "claims": "",
    "chunks": "ahead claims encoding errors features images naming notices preparation storage triplets",
    "records": "chunks claims errors features naming storage triplets",
    "streaming": "ahead errors features images mixing naming notices preparation records storage triplets",
    "resume": "errors streaming triplets",
    "left_out": "chunks errors",
    "listings": "claims errors records storage triplets",
    "recorded": "chunks config errors records redaction storage triplets",
    "source": "chunks config errors left_out listings mixing notices recorded records resume storage streaming triplets",
    "readable": "",
    "builder": (
        "config errors features fetching left_out mixing pools readable records resume source splits storage streaming"
    ),
    "card": "errors naming report",
    "delivery": (
        "ahead aspect builder card chunks config errors features images mixing naming pools report sheet source splits "
        "storage streaming triplets values"
    ),
    "hub": "card delivery errors mixing",
    "transforms": (
        "aspect errors features fetching formats handover images naming notices stopwatch storage streaming values"
    ),
    "torch_dataset": "builder config errors fetching indexing lookahead mixing naming storage transforms",
    "indexing": "",
    "variants": "errors torch_dataset transforms",
    "__init__": (
        "budget builder collate config delivery errors hub orphans registry samplers sheet storage torch_dataset "
        "transforms variants"
    ),
    "cli": (
        "__init__ aspect builder chunks claims config delivery sheet demo encoding errors forecast hub images listings "
        "mixing naming preparation records redaction report source storage triplets"
    ),
}
"""Room by room, from the bottom: what it may import of this package, even inside a function."""

MAY_USE = {
    "storage": "aiobotocore aiohttp botocore fsspec numpy obstore pyarrow s3fs xxhash",
    "triplets": "numpy pyarrow xxhash",
    "mixing": "numpy",
    "images": "PIL imagecodecs kornia_rs numpy",
    "aspect": "PIL",
    "encoding": "PIL imagecodecs numpy",
    "quality": "PIL numpy",
    "preparation": "PIL",
    "forecast": "PIL numpy pyarrow",
    "sheet": "PIL pyarrow",
    "demo": "PIL moto numpy s3fs",
    "report": "pyarrow",
    "claims": "filelock",
    "records": "pyarrow",
    "features": "datasets pyarrow",
    "chunks": "datasets filelock loky numpy pyarrow",
    "pools": "datasets numpy",
    "streaming": "numpy",
    "resume": "datasets",
    "config": "datasets numpy",
    "splits": "datasets",
    "formats": "datasets",
    "fetching": "datasets pyarrow",
    "lookahead": "datasets pyarrow",
    "listings": "numpy pyarrow",
    "source": "datasets pyarrow",
    "card": "datasets huggingface_hub yaml",
    "delivery": "PIL datasets filelock imagecodecs numpy pyarrow",
    "hub": "datasets huggingface_hub",
    "readable": "datasets",
    "builder": "datasets",
    "transforms": "PIL datasets numpy torch torchvision",
    "torch_dataset": "datasets numpy torch",
    "indexing": "torch",
    "collate": "torch",
    "handover": "torch",
    "samplers": "datasets numpy torch",
    "cli": "datasets torch",
}
"""Room by room: third parties. `torch` is in those that `import vton_hf` leaves alone; the rest needs Python alone."""


def room_of(file: str) -> str:
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


def rooms_behind(file: str) -> set[str]:
    names = {name.split(".")[1] if "." in name else "__init__" for name in imported(file) if is_own(name)}
    return {name if name in MAY_IMPORT else "__init__" for name in names} - {room_of(file)}


def offenders(offence: Callable[[str], Any]) -> dict[str, Any]:
    """The files with an offence, and what it is."""
    found = {file: offence(file) for file in FILES}
    return {file: offence for file, offence in found.items() if offence}


def is_own(name: str) -> bool:
    return name.partition(".")[0] == "vton_hf"


def test_the_table_names_the_rooms_there_are() -> None:
    assert sorted(MAY_IMPORT) == sorted({room_of(file) for file in FILES})
    assert set(MAY_USE) <= set(MAY_IMPORT)


def test_the_table_has_no_cycle() -> None:
    order = list(TopologicalSorter({room: allowed.split() for room, allowed in MAY_IMPORT.items()}).static_order())
    assert order[-1] == "cli"
    assert set(order) == set(MAY_IMPORT)


def test_imports_only_point_downhill() -> None:
    assert offenders(lambda file: rooms_behind(file) - set(MAY_IMPORT[room_of(file)].split())) == {}


def test_no_edge_of_the_table_is_out_of_use() -> None:
    used = {room: set[str]() for room in MAY_IMPORT}
    for file in FILES:
        used[room_of(file)] |= rooms_behind(file)
    unused = {room: set(allowed.split()) - used[room] for room, allowed in MAY_IMPORT.items()}
    assert {room: edges for room, edges in unused.items() if edges} == {}


def test_a_room_uses_only_the_third_parties_of_its_trade() -> None:
    def others(file: str) -> set[str]:
        used = {name.partition(".")[0] for name in imported(file) if not is_own(name)}
        return used - sys.stdlib_module_names - set(MAY_USE.get(room_of(file), "").split())

    assert offenders(others) == {}


def test_a_room_is_entered_by_its_door() -> None:
    def inner(file: str) -> set[str]:
        deep = [name.split(".") for name in imported(file) if is_own(name) and name.count(".") > 1]
        return {".".join(name) for name in deep if name[1] != room_of(file)}

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
    assert offenders(lambda file: room_of(file) != "storage" and mentions(file, *names)) == {}


def test_only_the_command_line_prints_or_exits() -> None:
    names = ("print", "sys.exit", "exit", "sys.stdout", "input")
    assert offenders(lambda file: room_of(file) != "cli" and mentions(file, *names)) == {}


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
