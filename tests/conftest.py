"""A clean environment and an empty cache for every test; buckets in folders and on a moto server."""

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import certifi
import datasets
import pytest
from filelock import FileLock

from tests.bucket import Bucket, Load, loader
from tests.fake_hub import Hub, serve_hub
from tests.python import FORKED_FROM, freeze, holders, read_environment
from tests.s3 import MotoS3, serve_s3
from vton_hf.storage import configure, etags

SERVERS = {"s3", "faults", "server", "hub"}
"""Fixtures that are a server on 127.0.0.1."""

SLOW = {
    *("test_build", "test_skipped", "test_prune", "test_former", "test_leases", "test_shared_cache", "test_share"),
    *("test_engines", "test_ray", "test_parallel", "test_validating"),
    *("test_builder", "test_read_only", "test_card", "test_webdataset", "test_staging"),
    *("test_lazy_images", "test_operations", "test_resume", "test_streaming", "test_end_to_end", "test_damage"),
    *("test_dataset", "test_lightning", "test_orphans", "test_profile", "test_shared_memory", "test_stream_loaders"),
    *("test_export", "test_bench_command", "test_cli", "test_demo_command", "test_doctor", "test_endings"),
    *("test_progress", "test_trees", "test_companions", "test_metadata", "test_tables", "test_evaluation"),
    "test_splitting",
    *("test_train_common_dataset", "test_examples", "test_python", "test_docs", "test_bench_scripts", "test_demo"),
    *("test_discover", "test_keys", "test_notices", "test_levels", "test_mixing", "test_batches", "test_sampler"),
    *(
        "test_types",
        "test_failures",
        "test_set_transform",
        "test_memory",
        "test_decode",
        "test_registry",
        "test_public_api",
    ),
}
"""Files whose tests start processes, train, wait, or draw many pictures."""

_PYTHON = f"""#!/bin/sh
case "$*" in
    *multiprocessing.forkserver*) exec "{sys.executable}" -m tests.forkserver "$@" ;;
    *) exec "{sys.executable}" "$@" ;;
esac
"""
"""What multiprocessing starts its processes with."""

_END = "-----END CERTIFICATE-----\n"


def pytest_configure() -> None:
    """Make this process one for tests, which may have been forked with this file already imported."""
    # No test may look at the Hub, or at the cache of whoever runs it.
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="vton-hf-tests-")
    read_environment(holders())
    # Each client of S3 reads all authorities that there are, 0.02 s; no server of the tests needs more than one.
    authorities = Path(os.environ["HF_HOME"], "authorities.pem")
    authorities.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(_END)[0] + _END)
    os.environ["REQUESTS_CA_BUNDLE"] = str(authorities)
    # Many tests start a Python of their own; in a new environment each would compile all of torch and datasets anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A shell lets what it runs in the background ignore Ctrl-C, and whatever that starts with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What a forkserver's children need is imported once, not in each of them.
    multiprocessing.set_forkserver_preload(["tests.preloaded"])
    if FORKED_FROM in os.environ:
        python = Path(os.environ["HF_HOME"], "python")
        python.write_text(_PYTHON)
        python.chmod(0o700)
        multiprocessing.set_executable(str(python))


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Not even import what `scripts/test --quick` leaves out."""
    return True if "not slow" in config.option.markexpr and collection_path.stem in SLOW else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `scripts/test --quick` leaves out."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("s3")
        if item.path.stem in SLOW:
            item.add_marker("slow")


def pytest_collection_finish(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        freeze()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in os.environ:
        if name.startswith(("AWS_", "S3_")) or name == "HF_DATASETS_OFFLINE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "default-cache")
    monkeypatch.setattr(etags, "_buckets", {})  # a server may get the port that another test's had
    configure()
    yield
    configure()


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    """An empty bucket in a folder."""
    return Bucket(tmp_path / "bucket")


@pytest.fixture
def load(bucket: Bucket, tmp_path: Path) -> Load:
    """`load_dataset` on the bucket, with a cache of the test's own."""
    return loader(bucket.prefix, tmp_path / "cache")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[MotoS3]:
    yield from serve_s3()


@pytest.fixture
def s3(s3_server: MotoS3) -> MotoS3:
    """An S3 server that counts requests, with one empty bucket."""
    s3_server.reset()
    return s3_server


@pytest.fixture(scope="session")
def hub_server() -> Iterator[Hub]:
    yield from serve_hub()


@pytest.fixture
def hub(hub_server: Hub) -> Hub:
    """An empty Hub; its clients run in processes of their own."""
    hub_server.reset()
    return hub_server


@pytest.fixture
def ray_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of a Ray of the test's own: nodes meet on the loopback, and nobody finds another test's cluster.

    One test after the other: two clusters that start at once on 2 cores take four times as long, or wait for ever.
    Ray's workers are nice by 15 unless told otherwise: beside tests on all cores a task of 3 s takes 60.
    """
    alone = FileLock(tmp_path_factory.getbasetemp().parent / "ray.lock")
    # Short: the paths of sockets lie below it.
    with alone, tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        yield {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_TMPDIR": folder, "RAY_worker_niceness": "0"}
