"""`vton-hf demo`: the whole street on one machine, as a newcomer runs it."""

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.python import PYTHON
from vton_hf.cli import main


def test_the_demo_shows_every_mix_and_ends_its_server(tmp_path: Path) -> None:
    arguments = ["demo", "--count", "4", "--size", "64x48", "--output", str(tmp_path / "out")]
    environment = os.environ | {"HF_HOME": str(tmp_path / "home")}
    first = PYTHON.run("import sys; from vton_hf.cli import main; sys.exit(main())", environment, *arguments)
    assert first.returncode == 0, first.stderr[-2000:]
    command = [sys.executable, "-X", "importtime", "-m", "vton_hf.cli", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    counts = dict(re.findall(r"^(easy|medium|hard): (\d+) rows$", done.stdout, flags=re.MULTILINE))
    assert counts == {"easy": "8", "medium": "16", "hard": "24"}
    assert re.search(r"hard +50% +12 +12 ", done.stdout)
    assert re.search(r"^    hard/(fe)?male/\d{3} +[a-z]", done.stdout, flags=re.MULTILINE)
    assert f"Cache:         {tmp_path / 'out/cache'}\n" in done.stdout
    with Image.open(tmp_path / "out" / "contact_sheet.png") as sheet:
        assert sheet.width > 400
    port = int(re.search(r"S3 server: http://127\.0\.0\.1:(\d+)", done.stdout)[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert not re.search(r"\| +torch$", done.stderr, flags=re.MULTILINE)
    assert "Building" not in done.stderr
    name, *going_on = shlex.split(done.stdout.splitlines()[-1])
    assert (name, main(going_on)) == ("vton-hf", 0)


def test_what_cannot_be_drawn_is_refused_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--size", "4x4", "--output", str(tmp_path / "out")]) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["demo", "--count", "0", "--output", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert said.out == ""
    assert "vton-hf: error: --size must be HxW in pixels" in said.err
    assert "argument --count: '0' is not a whole number from 1" in said.err
    assert not (tmp_path / "out").exists()
