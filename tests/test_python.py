"""The tests' own way to run scripts: as `python -c` does, but for what is imported beforehand."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from tests.python import PYTHON, TRAINERS, Python

SAYS = """
    import atexit, json, os, sys
    atexit.register(print, "the end")
    print(json.dumps([sys.argv, dict(os.environ), os.getcwd(), sys.path[0], __name__]))
    print("an error", file=sys.stderr)
    sys.exit(3)
"""


ENDS = [
    *(f"import sys; sys.exit({code})" for code in ("'no'", "None", "False", "-1", "(1, 2)")),
    "raise ValueError('no')",
    "raise KeyboardInterrupt",
    "def f():\n    assert f is None\nf()",
    "import os; os.abort()",
    "import sys, threading; threading.Thread(target=print, args=['last']).start(); sys.exit(2)",
    "import sys; sys.excepthook = lambda kind, *_: print(kind, sys.last_value)\nraise ValueError('no')",
]


@pytest.mark.parametrize("code", [SAYS, *ENDS])
def test_a_script_runs_as_in_an_interpreter_of_its_own(code: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HF_TOKEN": "a token", "LC_CTYPE": "C.UTF-8"}
    command = [sys.executable, "-c", textwrap.dedent(code), "an argument"]
    own = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    done = PYTHON.run(code, environment, "an argument", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (own.returncode, own.stdout)
    assert without_code(done.stderr) == without_code(own.stderr)


def without_code(trail: str) -> list[str]:
    """The lines of a traceback, without those of the code, which Python shows for `-c` since 3.13."""
    return [line for line in trail.splitlines() if not line.startswith("    ")]


def test_all_is_cleared_away_behind_a_script_where_that_is_the_point() -> None:
    code = """
        class Kept:
            def __del__(self):
                print("gone")
        kept = Kept()
        raise ValueError("no")
    """
    for clears, printed in ((False, ""), (True, "gone\n")):
        done = PYTHON.run(code, os.environ, clears=clears)
        assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (1, printed, "ValueError: no")


@pytest.mark.parametrize("python", [PYTHON, TRAINERS], ids=["stock", "trainers"])
def test_what_was_imported_beforehand_has_read_the_environment(python: Python, tmp_path: Path) -> None:
    code = """
        import sys
        import datasets
        from datasets import config
        from huggingface_hub import HfFileSystem, constants, hf_api, utils
        from huggingface_hub.utils import _cache_manager
        print(config.HF_DATASETS_CACHE, config.HF_MODULES_CACHE, constants.HF_TOKEN_PATH, _cache_manager.HF_HUB_CACHE)
        print(config.HF_ENDPOINT, constants.ENDPOINT, hf_api.api.endpoint, HfFileSystem().endpoint)
        print(constants.HF_HUB_OFFLINE, config.HF_HUB_OFFLINE, utils.are_progress_bars_disabled(), config.TORCH_AVAILABLE)
        print("vton_hf" in sys.modules, "torch" in sys.modules)
    """
    home = tmp_path / "home"
    settings = {"HF_HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    settings |= {"HF_HUB_OFFLINE": "0", "USE_TORCH": "0"}
    paths, addresses, switches, modules = python.run(code, os.environ | settings).stdout.splitlines()
    assert paths.split() == [str(home / name) for name in ("datasets", "modules", "token", "hub")]
    assert addresses.split() == ["http://127.0.0.1:9"] * 4
    assert switches == "False False True False"
    assert modules == ("False False" if python is PYTHON else "True True")


def test_a_script_can_be_waited_for_interrupted_and_killed(tmp_path: Path) -> None:
    code = """
        import sys, time
        from pathlib import Path
        try:
            Path(sys.argv[1]).touch()
            time.sleep(600)
        except KeyboardInterrupt:
            sys.exit(7)
    """
    for number, ended in ((signal.SIGINT, 7), (signal.SIGKILL, -signal.SIGKILL)):
        begun = tmp_path / number.name
        with PYTHON.start(code, os.environ, str(begun)) as program:
            while not begun.exists():
                with pytest.raises(subprocess.TimeoutExpired):
                    program.wait(0.01)
            program.send_signal(number)
        assert program.returncode == program.wait() == ended
        program.kill()


def test_a_script_reads_what_it_is_given(tmp_path: Path) -> None:
    given, written = tmp_path / "given", tmp_path / "written"
    given.write_text("one line\nanother\n")
    with given.open() as stdin, written.open("w") as stdout:
        PYTHON.start("print(input()); print(input())", os.environ, stdin=stdin, stdout=stdout).wait()
    assert written.read_text() == given.read_text()
    assert PYTHON.run("print(input())", os.environ).stderr.splitlines()[-1] == "EOFError: EOF when reading a line"


def test_a_script_that_does_not_end_is_killed() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        PYTHON.run("import time; time.sleep(600)", os.environ, timeout=0.1)


def test_nobody_here_holds_the_cache_of_whoever_runs_the_tests() -> None:
    modules = [module for module in sys.modules.values() if isinstance(module, ModuleType)]
    held = {module.__name__: vars(module)["HF_HUB_CACHE"] for module in modules if "HF_HUB_CACHE" in vars(module)}
    assert "huggingface_hub.constants" in held
    assert [name for name, folder in held.items() if not folder.startswith(os.environ["HF_HOME"])] == []
