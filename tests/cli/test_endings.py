"""Scripts that end in the middle of a stream: nothing is printed but what the script prints itself."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.bucket import Bucket
from tests.python import TRAINERS
from tests.s3 import BUCKET, MotoS3

SCRIPT = """
import sys
import vton_hf
from torch.utils.data import DataLoader

def begun(rows):
    rows = iter(rows)
    next(rows)
    return rows

if __name__ == "__main__":
    prefix, cache, endpoint = sys.argv[1:]
    store = {{"key": "test", "secret": "test", "endpoint_url": endpoint}} if endpoint else None
    where = {{"s3_prefixes": [prefix], "cache_dir": cache, "storage_options": store}}
    stream = vton_hf.load("hard", streaming=True, epoch_size="min", **where)
    tensors = vton_hf.with_transform(stream, image_size=(16, 12))
    loader = {{"batch_size": 2, "collate_fn": vton_hf.collate_triplets}}
    {body}
"""
STREAMS = """
    begun(stream)
    rows = begun(stream)
    shuffled = begun(stream.shuffle(buffer_size=4))
    batched = begun(stream.map(lambda row: row).batch(2).take(9))
    sys.kept = [begun(tensors)]
"""
LOADERS = """
    here = begun(DataLoader(tensors, num_workers=0, **loader))
    workers = begun(DataLoader(tensors, num_workers=2, **loader))
    stay = begun(DataLoader(tensors, num_workers=1, persistent_workers=True, **loader))
"""


def script(body: str) -> str:
    return SCRIPT.format(body=textwrap.indent(textwrap.dedent(body), " " * 4).strip())


def test_a_script_that_ends_in_the_middle_of_streams_says_nothing(bucket: Bucket, tmp_path: Path) -> None:
    command = [sys.executable, "-c", script(STREAMS + LOADERS), bucket.fill(3).prefix, str(tmp_path / "cache"), ""]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_ends_a_script_is_the_last_that_is_said(bucket: Bucket, tmp_path: Path) -> None:
    code = script(STREAMS + LOADERS + "    raise RuntimeError('mine')")
    done = TRAINERS.run(code, os.environ, bucket.fill(3).prefix, str(tmp_path / "cache"), "", clears=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("RuntimeError: mine\n")
    assert "ignored" not in done.stderr


def test_nor_does_one_that_streams_from_s3(s3: MotoS3, bucket: Bucket, tmp_path: Path) -> None:
    bucket.fill(3)
    for path in bucket.folder.rglob("*.png"):
        s3.put(BUCKET, path.relative_to(bucket.folder).as_posix(), path.read_bytes())
    where = f"s3://{BUCKET}/dataset_ultimate/", str(tmp_path / "cache"), s3.url
    done = TRAINERS.run(script(STREAMS), os.environ, *where, clears=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
