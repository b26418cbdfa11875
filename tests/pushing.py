"""Clients of the tests' Hub: one that has vton-hf and pushes, one that has stock `datasets` and loads."""

import json
import subprocess  # noqa: TC003
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.bucket import Bucket
from tests.fake_hub import Hub, run_python, start_python
from tests.programs import Program

REPO = "team/vton"
WITHOUT_TORCH = {"USE_TORCH": "0"}
"""For clients with `datasets` alone, which for a stream otherwise imports torch: 2 s."""
COLUMNS = ("initial_image", "cloth_image", "try_on_image")

_LOAD = """
import json, sys
from hashlib import sha256
import datasets
datasets.disable_progress_bars()
configs, streamed, options = json.loads(sys.argv[1])
def told(rows):
    images = ("initial_image", "cloth_image", "try_on_image")
    return [[row["key"], row["difficulty"], *(sha256(row[name].tobytes()).hexdigest() for name in images)] for row in rows]
found = {}
for config in configs:
    stored = datasets.load_dataset("team/vton", config, split="train", **options)
    if streamed:
        stream = datasets.load_dataset("team/vton", config, split="train", streaming=True, **options)
        assert told(stored) == told(stream), config
    found[config] = {"rows": told(stored), "features": str(stored.features)}
assert "vton_hf" not in sys.modules
print(json.dumps(found))
"""

_CLOCK = """
import sys, types
import huggingface_hub.utils._http
import vton_hf.exports.hub.retry
waited = [0.0]
clock = types.SimpleNamespace(sleep=waited.append, monotonic=lambda: sum(waited))
huggingface_hub.utils._http.time = vton_hf.exports.hub.retry.time = clock
"""
"""Whoever waits before another try has waited at once."""

PUSH = f"""{_CLOCK}
import json
repo_id, options = json.loads(sys.argv[1])
pushed = vton_hf.push_to_hub(repo_id, **options)
print(json.dumps({{"url": pushed.url, "new": [part.new_files for part in pushed.parts], "table": str(pushed)}}))
"""

COMMAND = f"""{_CLOCK}
from vton_hf.cli import main
sys.exit(main(sys.argv[1:]))
"""
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
        done = run_python(PUSH, self.environment, json.dumps([repo_id, self.options(**options)]))
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def start_push(self, **options: Any) -> Program:
        """Begin a push, to be killed or waited for."""
        return start_python(PUSH, self.environment, json.dumps([REPO, self.options(**options)]))

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `vton-hf`."""
        return run_python(COMMAND, self.environment, *arguments)

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
