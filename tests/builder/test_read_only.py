"""A cache that is full, read-only or another user's: what is built loads, streams go on, the rest is told in our words."""

import errno
import logging
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import vton_hf
import vton_hf.builder  # before a process becomes another user, who may not read all of Python
from tests.bucket import Bucket, loader
from tests.cache.listings.test_listings import put
from tests.s3 import BUCKET, MotoS3
from vton_hf.cli import main
from vton_hf.engines import processes

PROCESSES = multiprocessing.get_context("forkserver")
NOBODY = 65534


def outcome(attempt: Callable[[], Any]) -> Any:
    try:
        return attempt()
    except (vton_hf.VTONError, OSError) as error:
        return type(error).__name__, str(error)


def as_another_user(pipe: Any, options: dict[str, Any], temporary: str) -> None:
    """Load, build and stream without the right to write."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    tempfile.tempdir = temporary
    attempts: dict[str, Callable[[], Any]] = {
        "built": lambda: len(vton_hf.load("hard", **options)),
        "built for another mix": lambda: len(vton_hf.load("medium", **options)),
        "interleaved": lambda: len(vton_hf.load("hard", mixing="interleave", **options)) > 0,
        "streamed": lambda: len(list(vton_hf.load("hard", streaming=True, limit=1, **options))),
        "on access": lambda: vton_hf.load("hard", embed_images=False, **options)[0]["cloth_image"].size,
        "torch": lambda: len(vton_hf.get_vton_dataset("hard", **options)),
        "not built": lambda: vton_hf.load("hard", image_size=(8, 6), **options),
        "not built, by workers": lambda: vton_hf.load("hard", image_size=(8, 6), num_proc=2, **options),
    }
    outcomes = {name: outcome(attempt) for name, attempt in attempts.items()}
    os.environ["HF_DATASETS_OFFLINE"] = "1"
    pipe.send(outcomes | {"offline": outcome(attempts["built"])})


@pytest.fixture
def read_only() -> Iterator[tuple[dict[str, Any], Path]]:
    """A cache with all three mixes' chunks that no other user may write, and a directory that all may."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    options = {"s3_prefixes": [Bucket(place / "bucket").fill(2).prefix], "cache_dir": str(place / "cache")}
    vton_hf.load("hard", **options)
    (place / "temporary").mkdir(mode=0o777)
    (place / "temporary").chmod(0o777)
    for path in (place / "cache").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (place / "cache").chmod(0o555)
    yield options, place / "temporary"
    for path in [place / "cache", *(place / "cache").rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(place)


def test_a_cache_of_another_user_is_read_and_left_as_it_is(read_only: tuple[dict[str, Any], Path]) -> None:
    options, temporary = read_only
    before = sorted(Path(options["cache_dir"]).rglob("*"))
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=as_another_user, args=(there, options, str(temporary)))
    process.start()
    assert here.poll(60)
    outcomes = here.recv()
    process.join(60)
    for name in ("not built", "not built, by workers"):
        kind, text = outcomes.pop(name)
        assert kind == "BuildError"
        for part in (f"{options['cache_dir']}/vton_hf/chunks cannot be written (Permission denied)", "cache_dir="):
            assert part in text
    assert outcomes == {
        "built": 12,
        "built for another mix": 8,
        "interleaved": True,
        "streamed": 3,
        "on access": (12, 16),
        "torch": 12,
        "offline": 12,
    }
    assert sorted(Path(options["cache_dir"]).rglob("*")) == before
    assert list(temporary.iterdir()) == [], "what was kept elsewhere ends with the process"


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets the system refuse to make anything below the cache, or below any directory."""

    def refused(number: int, below: str = str(tmp_path / "cache")) -> None:
        for name in ("mkdir", "open"):
            original = getattr(os, name)

            def refuse(path: Any, *given: Any, original: Any = original, **named: Any) -> Any:
                writes = original is mkdir or given[0] & os.O_CREAT
                if writes and isinstance(path, str | os.PathLike) and os.fspath(path).startswith(below):
                    raise OSError(number, os.strerror(number), os.fspath(path))
                return original(path, *given, **named)

            monkeypatch.setattr(os, name, refuse)

    mkdir = os.mkdir
    return refused


WORDS = {
    errno.ENOSPC: r"The disk of .*cache/vton_hf/chunks is full\. Finished chunks are kept; .* kB in all.*streaming=",
    errno.EDQUOT: r"This user's quota on .*cache/vton_hf/chunks is used up\. Finished chunks are kept; .*image_size=",
    errno.EROFS: r"cache/vton_hf/chunks cannot be written \(Read-only file system\).*cache_dir= or HF_DATASETS_CACHE",
    errno.EIO: r"The build in .*cache/vton_hf/chunks failed \(.*Input/output error.*\)",
}


@pytest.mark.parametrize("number", WORDS, ids=errno.errorcode.__getitem__)
def test_a_disk_that_takes_nothing_stops_a_build_in_our_words_and_no_stream(
    bucket: Bucket, tmp_path: Path, refused: Callable[..., None], number: int
) -> None:
    bucket.fill(2)
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "cache")}
    refused(number)
    for num_proc in (None, 2):
        with pytest.raises(vton_hf.BuildError, match=WORDS[number]):
            vton_hf.load("hard", num_proc=num_proc, **options)
    assert len(list(vton_hf.load("hard", streaming=True, **options))) == 12
    assert len(vton_hf.load("hard", embed_images=False, **options)) == 12


def test_a_stream_for_which_no_disk_has_room_says_so(
    bucket: Bucket, tmp_path: Path, refused: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.fill(2)
    monkeypatch.setattr("vton_hf.cache.records.files._ours", lambda: tmp_path / "elsewhere")
    refused(errno.ENOSPC, str(tmp_path))
    with pytest.raises(vton_hf.BuildError, match=r"The disk of .* is full"):
        vton_hf.load("hard", streaming=True, s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"))


class FullInWorkers:
    """Builds a chunk in a worker whose disk is full."""

    def __call__(self, *_: object) -> bool:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


def test_a_quota_that_ends_in_a_worker_is_told(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.fill(1)
    monkeypatch.setattr(processes, "do_one", FullInWorkers())
    with pytest.raises(vton_hf.BuildError, match=r"This user's quota on .* is used up"):
        vton_hf.load("easy", num_proc=2, s3_prefixes=[bucket.prefix], cache_dir=str(tmp_path / "cache"))


def test_workers_reach_a_manifest_that_the_cache_did_not_take(bucket: Bucket, tmp_path: Path) -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    bucket.fill(2)
    (tmp_path / "file").touch()
    options = {"s3_prefixes": [bucket.prefix], "cache_dir": str(tmp_path / "file/cache")}
    rows = vton_hf.load("hard", streaming=True, **options).select_columns(["key"])
    batches = torch_data.DataLoader(rows, batch_size=4, num_workers=2, multiprocessing_context=PROCESSES)
    assert sum(len(batch["key"]) for batch in batches) == 12
    with pytest.raises(vton_hf.BuildError, match=r"cannot be written \(Not a directory\)"):
        vton_hf.load("hard", **options)


def test_the_command_line_says_it_in_a_line(
    bucket: Bucket, tmp_path: Path, refused: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.fill(1)
    refused(errno.ENOSPC)
    assert main(["build", "easy", bucket.prefix, "--cache-dir", str(tmp_path / "cache")]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("vton-hf: error: The disk of ")


def test_a_listing_that_cannot_be_kept_is_one_line_and_no_error(
    s3: MotoS3, tmp_path: Path, refused: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr("vton_hf.cache.listings.refresh.MIN_CACHED_KEYS", 2)
    caplog.set_level(logging.INFO, "vton_hf")
    put(s3, "easy", "male", "003")
    load = loader(f"s3://{BUCKET}/dataset_ultimate/", tmp_path / "cache", storage_options=s3.storage_options)
    refused(errno.ENOSPC)
    assert len(list(load("easy", streaming=True))) == 1
    assert caplog.text.count("The listing is not kept for another start") == 1
