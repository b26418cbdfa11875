"""Type checkers, and with them editors, know every option of the public functions."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "types"
WRONG = {
    number
    for number, line in enumerate((SCRIPTS / "wrong.py").read_text().splitlines(), 1)
    if re.search(r"# \d+$", line)
}


def mypy() -> set[tuple[str, int]]:
    # As `scripts/check` runs it, which leaves what it knows of torch in a cache: 1 s instead of 27.
    command = [sys.executable, "-m", "mypy", "--strict", *(str(SCRIPTS / name) for name in ("right.py", "wrong.py"))]
    done = subprocess.run(command, cwd=SCRIPTS.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return {(file, int(line)) for file, line in re.findall(r"(\w+\.py):(\d+): error:", done.stdout)}


def pyright() -> set[tuple[str, int]]:
    command = [sys.executable, "-m", "basedpyright", "--level", "error", "--outputjson", "right.py", "wrong.py"]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in found}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_every_mistake_is_found_and_nothing_else(checker: Callable[[], set[tuple[str, int]]]) -> None:
    assert checker() == {("wrong.py", line) for line in WRONG}
