"""The trainers under scripts/examples: each runs, shows what it did, and goes on after a kill as if there was none.

They run in processes of their own, forked from one that has imported what takes them 10 s and more to import.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.python import TRAINERS, Program, program

EXAMPLES = Path(__file__).parent.parent / "scripts" / "examples"
NAMES = ("catvton", "trainer", "plain")
TINY = ["--demo-count", "4", "--size", "32x24", "--batch-size", "2", "--log-every", "1", "--save-every", "2"]
STEPS = 6
pytestmark = pytest.mark.timeout(400)  # the first one imports diffusers and transformers

_EXAMPLE = program("example")

_CHECKPOINT = program("checkpoint")
"""Stable Diffusion's parts, tiny and randomly initialised."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all examples draw and build the demo once."""
    return tmp_path_factory.mktemp("examples")


def start(name: str, output: Path, *options: str, steps: int = STEPS) -> tuple[Program, Path]:
    """Begin an example on the demo triplets beside `output`; what it prints goes to the file."""
    printed = output.with_suffix(".txt")
    arguments = ["--output", str(output), "--steps", str(steps), *TINY, *options]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    with printed.open("w") as file:
        program = TRAINERS.start(
            _EXAMPLE, environment, str(EXAMPLES / f"{name}.py"), *arguments, stdout=file, stderr=file
        )
    return program, printed


def run(name: str, output: Path, *options: str, steps: int = STEPS, fails: bool = False) -> str:
    program, printed = start(name, output, *options, steps=steps)
    ended = program.wait(150)
    text = printed.read_text()
    assert ended == int(fails), text[-3000:]
    return text


def losses(printed: str) -> list[str]:
    return re.findall(r"\bloss(?:': '| )([\d.e-]+)", printed)


def kill_at(step: int, name: str, output: Path, *options: str) -> None:
    """Start an example and kill it when it has printed so many losses."""
    program, printed = start(name, output, *options)
    until = time.monotonic() + 150
    while len(losses(printed.read_text())) < step:
        assert program.poll() is None, printed.read_text()[-3000:]
        assert time.monotonic() < until
        time.sleep(0.005)
    program.kill()
    program.wait()


@pytest.mark.parametrize("name", NAMES)
def test_an_example_shows_its_work_and_survives_a_kill(name: str, folder: Path) -> None:
    workers = ("--workers", "1" if name == "plain" else "0")
    whole = run(name, folder / f"{name}-whole", *workers)
    assert len(losses(whole)) == STEPS
    assert re.search(r"waited [\d.]+ s for data \(\d+%\), computed [\d.]+ s", whole)
    assert re.search(r"held-out garments: L1 \d\.\d+, [+-]\d+% against copying the person", whole)
    for picture in ("before.png", "after.png"):
        assert str(folder / f"{name}-whole" / picture) in whole
        with Image.open(folder / f"{name}-whole" / picture) as image:
            assert len(image.getcolors(1 << 20)) > 1000

    kill_at(3, name, folder / name, *workers)
    assert not (folder / name / "after.png").exists()
    resumed = run(name, folder / name, *workers, "--resume")
    assert 0 < len(losses(resumed)) < STEPS
    assert losses(resumed) == losses(whole)[-len(losses(resumed)) :]
    assert (folder / name / "after.png").read_bytes() == (folder / f"{name}-whole" / "after.png").read_bytes()


def test_a_run_goes_on_for_more_steps_than_it_was_begun_with(folder: Path) -> None:
    run("plain", folder / "longer", "--workers", "0", steps=3)
    more = run("plain", folder / "longer", "--workers", "0", "--resume", steps=6)
    assert "Resumed at step 3" in more
    assert len(losses(more)) == 3


@pytest.mark.parametrize(("channels", "fits"), [(4, True), (8, True), (9, False)])
def test_a_checkpoint_is_trained_in_the_latents_of_its_vae(
    channels: int, fits: bool, folder: Path, tmp_path: Path
) -> None:
    made = TRAINERS.run(_CHECKPOINT, os.environ, str(tmp_path / "model"), str(channels))
    assert made.returncode == 0, made.stderr
    options = ("--checkpoint", str(tmp_path / "model"), "--workers", "0")
    first = run("catvton", folder / f"checkpoint-{channels}", *options, steps=2, fails=not fits)
    if not fits:
        assert re.search(r"^ConfigError: The UNet of .* takes 9 channels", first, flags=re.MULTILINE)
        return
    more = run("catvton", folder / f"checkpoint-{channels}", *options, "--resume", steps=3)
    assert (len(losses(first)), len(losses(more))) == (2, 1)
    assert "Resumed at step 2" in more


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    said = run("plain", tmp_path / "out", "--s3-prefix", str(tmp_path / "nothing"), fails=True)
    assert "Traceback" not in said
    assert re.search(r"^LayoutError: .*nothing", said, flags=re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_help_and_the_first_word_come_before_any_import(name: str) -> None:
    bare = [sys.executable, "-S", "-E"]  # no package of anybody's can be imported
    helped = subprocess.run([*bare, EXAMPLES / f"{name}.py", "--help"], capture_output=True, text=True, check=True)
    assert helped.stdout.startswith(f"usage: scripts/examples/run {name} ")
    assert "--s3-prefix URI" in helped.stdout
    begun = subprocess.run([*bare, EXAMPLES / f"{name}.py"], capture_output=True, text=True, check=False)
    assert re.fullmatch(rf"{name}: importing .* \(some seconds\) \.\.\.\n", begun.stdout)
    assert "No module named 'torch'" in begun.stderr


def test_help_of_the_command_installs_nothing(tmp_path: Path) -> None:
    copied = tmp_path / "scripts" / "examples"
    shutil.copytree(EXAMPLES, copied)  # beside it there is no scripts/setup
    for arguments in (["plain", "--steps", "3", "--help"], ["-h"]):
        helped = subprocess.run([copied / "run", *arguments], capture_output=True, text=True, check=True)
        assert "scripts/examples/run" in helped.stdout


def test_without_an_example_the_command_says_which_there_are() -> None:
    for arguments in ([], ["other"]):
        done = subprocess.run([EXAMPLES / "run", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "scripts/examples/run catvton|trainer|plain" in done.stderr
