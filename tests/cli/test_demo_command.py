"""`vton-hf demo`: the whole street on one machine, as a newcomer runs it."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tests.python import PYTHON


def test_the_demo_shows_every_mix_and_ends_its_server(tmp_path: Path) -> None:
    arguments = ["demo", "--count", "4", "--size", "64x48", "--output", str(tmp_path / "out")]
    environment = os.environ | {"HF_HOME": str(tmp_path / "home")}
    first = PYTHON.run("import sys; from vton_hf.cli import main; sys.exit(main())", environment, *arguments)
    assert first.returncode == 0, first.stderr[-2000:]
    command = [sys.executable, "-X", "importtime", "-m", "vton_hf.cli", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    counts = {
        name: int(rows) for name, rows in re.findall(r'"(easy|medium|hard)", split="train"\): (\d+) rows', done.stdout)
    }
    assert counts == {"easy": 8, "medium": 16, "hard": 24}
    assert re.search(r"hard +50% +12 +12 ", done.stdout)
    assert "'key': 'hard/" in done.stdout
    assert f"Cache:         {tmp_path / 'out/cache/vton_hf'}" in done.stdout
    with Image.open(tmp_path / "out" / "contact_sheet.png") as sheet:
        assert sheet.width > 400
    port = int(re.search(r"S3 server: http://127\.0\.0\.1:(\d+)", done.stdout)[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert not re.search(r"\| +torch$", done.stderr, flags=re.MULTILINE)
    assert "Building" not in done.stderr
