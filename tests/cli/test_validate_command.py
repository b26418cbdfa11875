"""`vton-hf validate`: text, JSON alone on standard output, lists, exit codes."""

import json
from pathlib import Path

import pytest

from tests.bucket import ROOT
from tests.cli.test_cli import Cli, cli  # noqa: F401 - a fixture
from tests.planting import REPORTED_ON, as_files, sound, spoiled, write

SMALL = (96, 128)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A sound triplet, one with an error, one with a warning and one with a note."""
    folder = tmp_path_factory.mktemp("bucket")
    checks = ("nothing-changed", "dark", "rotated")
    write(folder, iter([as_files("000", sound("coffee.png", "0", SMALL))]))
    write(folder, (spoiled(check, check, REPORTED_ON, "cli", SMALL) for check in checks))
    return f"{folder}/{ROOT}"


@pytest.fixture
def options(prefix: str, tmp_path: Path) -> list[str]:
    return [prefix, "--cache-dir", str(tmp_path)]


def test_the_text_says_what_was_found_and_what_to_do_next(cli: Cli, options: list[str]) -> None:  # noqa: F811
    code, out, _ = cli("validate", *options)
    assert code == 0
    assert out.startswith("4 triplets, 12 images looked at\n")
    (line,) = (line.split() for line in out.splitlines() if line.startswith("nothing-changed  "))
    assert line == ["nothing-changed", "1", "0", "0", "1"]
    assert "nothing-changed: a target that shows its person unchanged\n  hard/female/nothing-changed: " in out
    assert "Not checked: drift (needs two prefixes)." in out
    assert "--exclude-out FILE" in out


def test_json_stands_alone_on_standard_output(cli: Cli, options: list[str]) -> None:  # noqa: F811
    facts = json.loads(cli("validate", *options, "--json").out)
    assert (facts["triplets"], facts["images"], facts["sampled"]) == (4, 12, False)
    (found,) = (each for each in facts["findings"] if each["check"] == "nothing-changed")
    assert found.keys() == {"check", "severity", "key", "uri", "value", "threshold", "message"}
    assert (found["severity"], found["key"]) == ("error", "hard/female/nothing-changed")
    assert facts["counts"]["nothing-changed"] == 1
    assert sum(facts["counts"].values()) == len(facts["findings"])


@pytest.mark.parametrize(
    ("asked", "code"), [([], 0), (["--fail-on", "error"], 1), (["--fail-on", "warning"], 1)], ids=str
)
def test_the_exit_code_is_as_asked(cli: Cli, options: list[str], asked: list[str], code: int) -> None:  # noqa: F811
    assert cli("validate", *options, *asked).code == code


def test_a_sound_bucket_does_not_fail(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    write(tmp_path, iter([as_files("000", sound("coffee.png", "0", SMALL))]))
    code, out, _ = cli("validate", f"{tmp_path}/{ROOT}", "--cache-dir", str(tmp_path / "cache"), "--fail-on", "warning")
    assert code == 0
    assert "Nothing was found." in out


def test_the_exclude_file_is_read_back_by_every_command(cli: Cli, options: list[str], tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "defects.txt"
    assert (
        f"{file} holds 2 triplets to leave out: --exclude {file}"
        in cli("validate", *options, "--exclude-out", str(file)).out
    )
    keys = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    assert keys == ["hard/female/dark", "hard/female/nothing-changed"]
    assert "# nothing-changed: try_on_image: the target shows the person unchanged. Leave it out." in file.read_text()
    code, out, _ = cli("scan", options[0], "--exclude", str(file), "--json")
    assert code == 0
    assert json.loads(out)["triplets"] == 2


def test_a_line_for_each_finding(cli: Cli, options: list[str]) -> None:  # noqa: F811
    lines = [line.split("\t") for line in cli("validate", *options, "--list").out.splitlines()]
    assert {line[0] for line in lines} >= {"nothing-changed", "dark", "rotated"}
    assert {len(line) for line in lines} == {5}


def test_a_sample_says_what_it_may_have_missed(cli: Cli, options: list[str]) -> None:  # noqa: F811
    out = cli("validate", *options, "--sample", "3").out
    assert "3 triplets, 9 images looked at, a sample of 4" in out
    assert "95 times in 100" in out


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--threshold", "dark"], "is not written like dark=0.2"),
        (["--threshold", "drak=1"], "Did you mean 'dark'?"),
        (["--checks", "everything"], "invalid choice: 'everything'"),
        (["--sample", "0"], "is not a whole number from 1"),
        (["--entities", "("], "is no regular expression"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(cli: Cli, options: list[str], asked: list[str], message: str) -> None:  # noqa: F811
    code, _, err = cli("validate", *options, *asked)
    assert code == 2
    assert message in err
