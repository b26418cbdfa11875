"""Writes what this version leaves on disk, for later versions to read: `python -m tests.former.make`.

To be run once, before a change of names; what it writes is committed, as `tests/former/VERSION/`.
"""

import itertools
import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer
from PIL import Image

os.environ["HF_HUB_OFFLINE"] = "1"

import vton_hf
from tests.bucket import Bucket, encoded, triplet_keys
from tests.fake_hub import serve_hub
from tests.former import ENDPOINT, FOLDER, OPTIONS, PREPARED
from tests.pushing import REPO, Client
from tests.s3 import MotoS3
from vton_hf.naming import DIFFICULTIES, GENDERS


def fill(s3: MotoS3) -> None:
    """One triplet of each difficulty and gender, and a second hard one."""
    for difficulty, gender in itertools.product(DIFFICULTIES, GENDERS):
        for stem in ("000", "001")[: 1 + (difficulty == "hard")]:
            for key in triplet_keys(difficulty, gender, stem).values():
                colour = tuple(random.Random(key).randbytes(3))  # one colour: a sheet of noise has half a megabyte
                s3.put("photos", key, encoded(Image.new("RGB", (6, 8), colour)))


def states(options: dict[str, Any]) -> dict[str, Any]:
    """Of a stream and of a sampler, each after some rows, and the rows that follow."""
    stream = vton_hf.load("hard", streaming=True, **options)
    rows = iter(stream)
    list(itertools.islice(rows, 3))
    state = stream.state_dict()
    sampler = vton_hf.TripletSampler(vton_hf.load("hard", **options), 2)
    return {
        "stream": {"state": state, "next": [row["key"] for row in rows]},
        "sampler": {"state": sampler.state_dict(steps=1), "next": list(sampler)[2:]},
    }


def push(folder: Path, options: dict[str, Any]) -> None:
    """Keep what a push leaves on the Hub."""
    served = serve_hub()
    hub = next(served)
    client = Client(hub, Bucket(FOLDER), hub.token("anna", orgs=("team",)), folder)
    client.push(**options)
    for name, data in hub.files(REPO).items():
        path = FOLDER / "hub" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    served.close()


def main() -> None:
    """Write all of it."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    server = ThreadedMotoServer("127.0.0.1", port=int(ENDPOINT.rpartition(":")[2]), verbose=False)
    server.start()
    try:
        s3 = MotoS3(server)
        s3.reset()
        fill(s3)
        options = OPTIONS | {"cache_dir": str(FOLDER / "cache")}
        for more in ({}, PREPARED, {"embed_images": False}):
            vton_hf.load("hard", **options, **more)
        with tempfile.TemporaryDirectory() as folder:
            # The files of an export are those of a push.
            vton_hf.export(Path(folder, "export"), **options)
            shutil.copy(Path(folder, "export", "README.md"), FOLDER / "export.md")
            push(Path(folder), OPTIONS)
        (FOLDER / "states.json").write_text(json.dumps(states(options), indent=1), encoding="utf-8")
    finally:
        server.stop()
    for path in [*FOLDER.rglob("*.lock"), *FOLDER.rglob("claims/*.json")]:
        path.unlink()


if __name__ == "__main__":
    sys.exit(main())
