"""A moto server on 127.0.0.1 that counts what it is asked: `s3.put(...)`, then `assert s3.gets() == {...}`."""

import itertools
import logging
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote
from zlib import crc32

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import S3Backend
from moto.server import ThreadedMotoServer

from tests.bucket import png, triplet_keys
from vton_hf.naming import DIFFICULTIES, GENDERS

REGION = "us-east-1"
BUCKET = "demo-bucket"


class MotoS3:
    """One moto server; `BUCKET` exists after each `reset`."""

    def __init__(self, server: ThreadedMotoServer) -> None:
        host, port = server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        # Past moto's search for the service that is meant: a quarter of what a request takes.
        server._server.app = self._counting(create_backend_app("s3"))

    @property
    def storage_options(self) -> dict[str, Any]:
        """What a user would pass as `storage_options=`."""
        return {
            "key": "test",
            "secret": "test",
            "client_kwargs": {"region_name": REGION, "endpoint_url": self.url},
        }

    def put(self, bucket: str, key: str, data: bytes) -> str:
        """Store one object, making its bucket if need be; returns its uri."""
        if bucket not in _backend().buckets:
            _backend().create_bucket(bucket, REGION)
        # As boto3 stores it, but past HTTP: 0.02 ms, where a request takes 5.
        stored = _backend().put_object(bucket, key, data)
        stored.checksum_algorithm, stored.checksum_value = "CRC32", b64encode(crc32(data).to_bytes(4)).decode()
        return f"s3://{bucket}/{key}"

    def fill(self, count: int) -> int:
        """So many triplets of each difficulty and gender, with stems 000, 001, ...; gives the number of objects."""
        keys = [
            key
            for difficulty, gender, index in itertools.product(DIFFICULTIES, GENDERS, range(count))
            for key in triplet_keys(difficulty, gender, f"{index:03d}").values()
        ]
        for key in keys:
            self.put(BUCKET, key, png(key))
        return len(keys)

    def delete(self, bucket: str, key: str) -> None:
        """Take one object away."""
        _backend().delete_object(bucket, key)

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """All objects below a prefix."""
        stored = _backend().get_bucket(bucket).keys
        return {key: stored[key].value for key in sorted(stored) if key.startswith(prefix)}

    def gets(self) -> Counter[str]:
        """How often each key was fetched since the last `reset_counts`; listings do not count."""
        return Counter({key: n for (method, key), n in self.counts().items() if method == "GET" and key})

    def counts(self) -> Counter[tuple[str, str]]:
        """How often each (method, key) was asked; a listing's key is empty."""
        with self._lock:
            return Counter(self._counts)

    def reset_counts(self) -> None:
        """Count from nothing again."""
        with self._lock:
            self._counts.clear()

    def reset(self) -> None:
        """Forget all objects and counts; leave one empty bucket, `BUCKET`."""
        get_backend("s3").reset()
        _backend().create_bucket(BUCKET, REGION)
        self.reset_counts()

    def _counting(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = environ.get("RAW_URI", environ["PATH_INFO"]).partition("?")[0]
            key = unquote(path).lstrip("/").partition("/")[2]
            with self._lock:
                self._counts[environ["REQUEST_METHOD"], key] += 1
            return app(environ, start_response)

        return counted


def _backend() -> S3Backend:
    return get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"]


def serve_s3() -> Iterator[MotoS3]:
    """A server on a free port that ends with the generator: the body of a fixture."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield MotoS3(server)
    finally:
        server.stop()
        server._server.server_close()
