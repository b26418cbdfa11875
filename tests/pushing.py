"""Clients of the tests' Hub: one that has vton-hf and pushes, one that has stock `datasets` and loads."""

import json
import subprocess  # noqa: TC003
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.bucket import Bucket
from tests.fake_hub import Hub, run_python, start_python
from tests.python import TRAINERS, Program, program

REPO = "team/vton"
WITHOUT_TORCH = {"USE_TORCH": "0"}
"""For clients with `datasets` alone, which for a stream otherwise imports torch: 2 s."""
COLUMNS = ("initial_image", "cloth_image", "try_on_image")

_LOAD = program("load_from_hub")

_CLOCK = program("hub_clock")
"""Whoever waits before another try has waited at once."""

PUSH = _CLOCK + program("push")

COMMAND = _CLOCK + program("vton_hf_command")
"""`vton-hf`, on that clock."""


def seen(dataset: Any) -> dict[str, Any]:
    """What a dataset shows, as `Client.load` tells it."""
    rows = [
        [row["key"], row["difficulty"], *(sha256(row[name].tobytes()).hexdigest() for name in COLUMNS)]
        for row in dataset
    ]
    return {"rows": rows, "features": str(dataset.features)}


@dataclass(frozen=True)
class Client:
    """Somebody with a bucket, a token and a home of their own."""

    hub: Hub
    bucket: Bucket
    token: str | None
    home: Path

    def options(self, **more: Any) -> dict[str, Any]:
        return {"s3_prefixes": [self.bucket.prefix], "cache_dir": str(self.home / "cache")} | more

    def push(self, repo_id: str = REPO, **options: Any) -> dict[str, Any]:
        """Push, which must go well."""
        done = run_python(PUSH, self.environment, json.dumps([repo_id, self.options(**options)]), python=TRAINERS)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def start_push(self, **options: Any) -> Program:
        """Begin a push, to be killed or waited for."""
        return start_python(PUSH, self.environment, json.dumps([REPO, self.options(**options)]), python=TRAINERS)

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `vton-hf`."""
        return run_python(COMMAND, self.environment, *arguments, python=TRAINERS)

    def load(self, *configs: str, streamed: bool = False, **options: Any) -> dict[str, Any]:
        """Load in a fresh process with stock `datasets`; a stream must say the same."""
        environment = self.hub.environment(self.token, self.home / f"loads-{len(self.hub.requests)}") | WITHOUT_TORCH
        done = run_python(_LOAD, environment, json.dumps([configs, streamed, options]))
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    @property
    def environment(self) -> dict[str, str]:
        return self.hub.environment(self.token, self.home / "hub")
