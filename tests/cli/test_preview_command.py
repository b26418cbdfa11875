"""`vton-hf preview` and `vton-hf validate --html`: where the page is, what is shown, and what is refused."""

from pathlib import Path

import pytest

from tests.cli.test_cli import Cli, cli  # noqa: F401 - a fixture
from tests.pages import Page, write_bucket

TRANSFORM = """
from torchvision.transforms import v2
half = v2.Resize((64, 48))
SIZE = 3
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_bucket(tmp_path_factory.mktemp("bucket"), 5, ("nothing-changed", "dark"))


@pytest.fixture
def options(prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    return [prefix, "--cache-dir", str(tmp_path / "cache")]


def test_it_writes_a_page_here_and_says_where(cli: Cli, options: list[str], tmp_path: Path) -> None:  # noqa: F811
    code, out, _ = cli("preview", *options)
    assert code == 0
    assert out.startswith(f"{tmp_path}/preview.html (")
    data = Page(tmp_path / "preview.html").data
    assert (data["shown"], data["mix"]["config"]) == (8, "hard")


def test_what_is_shown_is_as_asked(cli: Cli, options: list[str], tmp_path: Path) -> None:  # noqa: F811
    assert cli("preview", *options, "--config", "easy", "--sample", 4, "--html", tmp_path / "a" / "b.html").code == 0
    data = Page(tmp_path / "a" / "b.html").data
    assert (data["shown"], data["total"], data["mix"]["config"]) == (4, 8, "easy")
    cli("preview", *options, "--gender", "male")
    assert Page(tmp_path / "preview.html").data["rows"]["gender"]["names"] == ["male"]


def test_it_opens_a_browser_when_asked_to(
    cli: Cli,  # noqa: F811
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) is not None)
    assert "No browser was found" in cli("preview", *options, "--open").out
    assert opened == [(tmp_path / "preview.html").as_uri()]


@pytest.mark.parametrize("place", ["train.py", "pipeline"], ids=["a file", "a module"])
def test_a_transform_is_taken_from_a_file_or_a_module(
    cli: Cli,  # noqa: F811
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    (tmp_path / f"{place.removesuffix('.py')}.py").write_text(TRANSFORM)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert cli("preview", *options, "--transform", f"{place}:half").code == 0
    effects = Page(tmp_path / "preview.html").pictures("effects")
    assert len(effects) == 8
    assert {picture.size for effect in effects for picture in effect} == {(48, 64)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("half", "--transform must be MODULE:NAME or FILE.py:NAME, got 'half'."),
        ("train.py:haff", "train.py has no transform called 'haff'. It has "),
        ("train.py:SIZE", "train.py has no transform called 'SIZE'."),
        ("absent.py:half", "absent.py cannot be imported"),
        (
            "no_such_module:half",
            "no_such_module cannot be imported: ModuleNotFoundError: No module named 'no_such_module'",
        ),
        ("failing.py:half", "failing.py cannot be imported: ZeroDivisionError: division by zero"),
        ("broken.py:half", "broken.py cannot be imported: SyntaxError: '(' was never closed"),
    ],
)
def test_a_transform_that_is_none_is_refused_before_anything_is_read(
    cli: Cli,  # noqa: F811
    options: list[str],
    tmp_path: Path,
    given: str,
    message: str,
) -> None:
    (tmp_path / "train.py").write_text(TRANSFORM)
    (tmp_path / "broken.py").write_text("half = (")
    (tmp_path / "failing.py").write_text("half = 1 / 0")
    code, _, err = cli("preview", *options, "--transform", given)
    assert code == 2
    assert message in err
    assert not (tmp_path / "preview.html").exists()


def test_validate_writes_its_page_beside_its_text(cli: Cli, options: list[str], tmp_path: Path) -> None:  # noqa: F811
    code, out, _ = cli("validate", *options, "--html", "found.html")
    assert code == 0
    assert "found.html shows them: open it in a browser." in out
    data = Page(tmp_path / "found.html").data
    assert data["mix"] is None
    assert "nothing-changed" in {check["name"] for check in data["checks"]}
