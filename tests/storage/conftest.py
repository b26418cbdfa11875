"""Stores in front of the moto server and of a fault server."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pyarrow as pa
import pytest

from tests.faults import FaultServer, serve_faults
from tests.s3 import MotoS3
from vton_hf.storage import StorageSettings, Store, retry, settings_for
from vton_hf.storage.backend import Listed

KEY, SECRET, TOKEN = "AKIAEXAMPLEEXAMPLE42", "wJalr/secret+EXAMPLE", "FwoGZXIv//token=="
Faulty = Callable[..., Store]


def listed_in(table: pa.Table) -> dict[str, Listed]:
    """What a listing says of each object, as `Store.read` takes it."""
    return {row["uri"]: Listed(row["size"], row["etag"]) for row in table.to_pylist()}


@pytest.fixture
def store(s3: MotoS3) -> Store:
    return Store(settings_for(s3.storage_options))


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    yield from serve_faults()


@pytest.fixture
def patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure takes 5 s of a deadline, in no time: what busy machines do to a request, none of it."""
    clock = SimpleNamespace(now=0.0)

    def later(_: int) -> float:
        clock.now += 5
        return 0.001

    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(retry, "backoff", later)


@pytest.fixture
def faulty(faults: FaultServer) -> Faulty:
    """Makes a store in front of the fault server."""

    def make(**settings: object) -> Store:
        chosen = {
            "access_key": KEY,
            "secret_key": SECRET,
            "region": "us-east-1",
            "endpoint_url": faults.url,
            "timeout": 5.0,
            "deadline": 20,
        } | settings
        return Store(StorageSettings(**chosen))  # type: ignore[arg-type]

    return make
