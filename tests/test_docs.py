"""Every block of the README and of the pages runs as it stands, on an S3 server that has the bucket it names."""

import os
import re
import shlex
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.fake_hub import Hub
from tests.python import PYTHON, TRAINERS
from tests.s3 import REGION, MotoS3
from tests.trees import write_tree
from vton_hf.cli.arguments import parser
from vton_hf.demo import write_demo_bucket

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
NOT_HERE = {
    "scripts/bench/run": "takes half an hour; its parts are tested in test_bench_scripts",
    "scripts/demo": "is tested as `vton-hf demo`",
    "scripts/test": "is running",
    "scripts/check": "is the first half of it",
    "scripts/docs": "is tested below",
    "scripts/examples/run": "is tested in test_examples",
    "pip": "would change the environment",
    "export": "is set by the fixture",
}
VTON_HF = "import sys; from vton_hf.cli import main; sys.exit(main())"
SCRIPT = "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def commands(page: Path) -> list[str]:
    lines = [line.split("  #")[0].strip() for block in blocks(page, "bash") for line in block.splitlines()]
    return [line for line in lines if line and line.split()[0] not in NOT_HERE]


def python_of(page: Path) -> str:
    return "\n".join(blocks(page, "python"))


@cache
def objects() -> dict[str, bytes]:
    """What lies in the bucket that all pages name."""
    drawn: dict[str, bytes] = {}
    write_demo_bucket(drawn.__setitem__, count=5, size=(64, 48))
    for layout in ("viton-hd", "dresscode", "catvton", "table", "igpair"):
        write_tree(layout, drawn.__setitem__)
    return drawn


@pytest.fixture
def environment(s3: MotoS3, hub: Hub, tmp_path: Path) -> dict[str, str]:
    for key, data in objects().items():
        s3.put("my-bucket", key, data)
    return hub.environment(hub.token("anna", orgs=("my-team",)), tmp_path / "home") | {
        "AWS_ENDPOINT_URL": s3.url,
        "S3_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder to work in, with the script that one command names."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("builder", "docs"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture
def follow(environment: dict[str, str], clone: Path) -> Callable[[Path], str]:
    """Run the commands of a page and then its Python, which gives what that printed."""

    def run(code: str, *arguments: str) -> str:
        done = TRAINERS.run(code, environment, *arguments, cwd=clone, timeout=300)
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stderr}"
        assert "DeprecationWarning" not in done.stderr
        return done.stdout

    def run_page(page: Path) -> str:
        for line in commands(page):
            name, *arguments = shlex.split(line)
            assert name in ("vton-hf", "python"), f"{line}: a test of its own, and a reason in NOT_HERE"
            assert run(VTON_HF if name == "vton-hf" else SCRIPT, *arguments)
        return run(python_of(page))

    return run_page


def test_the_readme_runs(follow: Callable[[Path], str]) -> None:
    first, *_ = follow(README).splitlines()
    assert re.fullmatch(r"(easy|medium|hard)/(female|male)/00\d \(48, 64\)", first)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if python_of(page) or commands(page)], ids=lambda page: page.stem
)
def test_a_page_runs(follow: Callable[[Path], str], page: Path) -> None:
    said = follow(page)
    assert said or not python_of(page)


def test_the_pages_show_every_command() -> None:
    (several,) = [action for action in parser()._actions if action.metavar == "COMMAND"]
    shown = {line.split()[1] for page in [README, *PAGES] for line in commands(page) if line.startswith("vton-hf")}
    assert shown == set(several.choices or ()) - {"demo"}


def test_the_readme_is_short_and_begins_with_what_people_look_for() -> None:
    text = README.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= 150
    assert max(text[: text.index(mark)].count("\n") for mark in ("pip install", "load_dataset(")) < 20
    assert text[: text.index("scripts/demo")].count("\n") < 40
    assert text[: text.index("scripts/test")].count("\n") < 60


def test_messages_that_people_search_for_are_explained() -> None:
    for message in ("No samples available for difficulty", "Incomplete triplet for stem", "Target count exceeds"):
        assert message in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_site_builds_strictly(tmp_path: Path) -> None:
    code = "import sys; from mkdocs.__main__ import cli; sys.argv[0] = 'mkdocs'; cli()"
    arguments = ["build", "--strict", "--quiet", "--config-file", "scripts/mkdocs.yml", "--site-dir", str(tmp_path)]
    done = PYTHON.run(code, os.environ | {"NO_MKDOCS_2_WARNING": "1"}, *arguments, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "with_transform" in (tmp_path / "reference" / "index.html").read_text(encoding="utf-8")
    assert (tmp_path / "search" / "search_index.json").stat().st_size > 100_000
