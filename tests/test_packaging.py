"""What is built for others: a wheel that runs by itself, and an sdist that makes the same wheel."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def built(folder: Path, kind: str, out: Path) -> Path:
    """The one file that a build of this kind makes of a folder with a pyproject.toml."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(out)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    with tarfile.open(built(ROOT, "sdist", out / "dist")) as archive:
        archive.extractall(out, filter="data")
    (folder,) = [path for path in out.iterdir() if path.name != "dist"]
    return folder


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(sdist, "wheel", tmp_path_factory.mktemp("wheel"))


def test_the_sdist_holds_what_it_takes_to_test_and_no_benchmark(sdist: Path) -> None:
    there = {path.name for path in sdist.iterdir()}
    assert {"vton_hf", "builder", "docs", "scripts", "tests", "README.md", "LICENSE", "pyproject.toml"} <= there
    assert not (sdist / "scripts" / "bench").exists()


def test_the_wheel_holds_all_files_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("vton_hf/")}
    files = (path for path in (ROOT / "vton_hf").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert packed == {path.relative_to(ROOT).as_posix() for path in files}
    assert {"vton_hf/py.typed", "vton_hf/exports/card/about.md"} <= packed


def test_the_demo_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import sys, vton_hf; print(vton_hf.__file__, file=sys.stderr); from vton_hf.cli import main; sys.exit(main())"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site"), "HF_HOME": str(tmp_path / "home")}
    command = [
        sys.executable,
        "-c",
        code,
        "demo",
        "--count",
        "1",
        "--size",
        "64x48",
        "--output",
        str(tmp_path / "demo"),
    ]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(str(tmp_path / "site"))
    assert (tmp_path / "demo" / "contact_sheet.png").is_file()
