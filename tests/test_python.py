"""The tests' own way to run scripts: as `python -c` does, but for what is imported beforehand."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.python import PYTHON

SAYS = """
    import atexit, json, os, sys
    atexit.register(print, "the end")
    print(json.dumps([sys.argv, dict(os.environ), os.getcwd(), sys.path[0], __name__]))
    print("an error", file=sys.stderr)
    sys.exit(3)
"""


@pytest.mark.parametrize(
    "code", [SAYS, "raise ValueError('no')", "import sys; sys.exit('no')", "import os; os.abort()"]
)
def test_a_script_runs_as_in_an_interpreter_of_its_own(code: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HF_TOKEN": "a token", "LC_CTYPE": "C.UTF-8"}
    command = [sys.executable, "-c", textwrap.dedent(code), "an argument"]
    own = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    done = PYTHON.run(code, environment, "an argument", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (own.returncode, own.stdout)
    assert done.stderr.splitlines()[-1:] == own.stderr.splitlines()[-1:]


def test_what_reads_the_environment_when_it_is_imported_is_not_imported_beforehand() -> None:
    code = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    there = PYTHON.run(code, os.environ).stdout.split()
    assert {"pandas", "pyarrow", "s3fs"} <= set(there)
    assert {"datasets", "huggingface_hub", "vton_hf", "torch"}.isdisjoint(there)


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


def test_a_script_that_does_not_end_is_killed() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        PYTHON.run("import time; time.sleep(600)", os.environ, timeout=0.1)
