"""Every block of the README runs as it stands, on an S3 server that has the bucket it names."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_hub import Hub
from tests.python import PYTHON
from tests.s3 import REGION, MotoS3
from vton_hf.demo import write_demo_bucket

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_HERE = {
    "scripts/bench/run": "takes half an hour; its parts are tested in test_bench_scripts",
    "scripts/demo": "is tested as `vton-hf demo`",
    "scripts/test": "is running",
    "scripts/examples/run": "is tested in test_examples",
    "pip": "would change the environment",
    "export": "is set by the fixture",
}
VTON_HF = "import sys; from vton_hf.cli import main; sys.exit(main())"
SCRIPT = "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    lines = [line.split("  #")[0].strip() for block in blocks("bash") for line in block.splitlines()]
    return [line for line in lines if line and line.split()[0] not in NOT_HERE]


@pytest.fixture
def environment(s3: MotoS3, hub: Hub, tmp_path: Path) -> dict[str, str]:
    write_demo_bucket(lambda key, data: s3.put("my-bucket", key, data), count=5, size=(64, 48))
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
    (folder / "builder").symlink_to(ROOT / "builder")
    return folder


def test_the_commands_run_and_then_the_python_blocks(environment: dict[str, str], clone: Path) -> None:
    asked = {line.split()[1] for line in commands() if line.startswith("vton-hf")}
    assert asked == {"scan", "plan", "build", "cache", "push", "export", "bench"}
    for line in commands():
        program, *arguments = shlex.split(line)
        assert program in ("vton-hf", "python")
        done = PYTHON.run(VTON_HF if program == "vton-hf" else SCRIPT, environment, *arguments, cwd=clone)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks("python"))],
        env=environment, cwd=clone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, counts, *_, exported = done.stdout.splitlines()
    assert re.fullmatch(r"(easy|medium|hard)/(female|male)/00\d \(48, 64\)", first)
    assert counts.count("medium") == 7
    assert "'input_image', 'edit_prompt', 'edited_image'" in exported


def test_the_first_code_stands_on_the_first_screen() -> None:
    assert README.index("load_dataset(") < README.index("scripts/demo") < README.index("scripts/test")
    assert README[: README.index("```python")].count("\n") < 12


def test_messages_that_people_search_for_are_explained() -> None:
    for message in ("No samples available for difficulty", "Incomplete triplet for stem", "Target count exceeds"):
        assert message in README
