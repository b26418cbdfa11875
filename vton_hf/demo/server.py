"""An S3 server for the demo: moto's, on a free port of this machine, gone when the demo ends."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import s3fs

from vton_hf.errors import ConfigError

BUCKET: Final = "vton-demo"


@dataclass(frozen=True, slots=True)
class DemoServer:
    """A running server with one empty bucket.

    Attributes:
        endpoint_url: Where it listens.
        storage_options: What `load_dataset` needs to reach it.
    """

    endpoint_url: str
    storage_options: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Moto accepts any credentials."""
        options = {"key": "demo", "secret": "demo", "endpoint_url": self.endpoint_url}
        object.__setattr__(self, "storage_options", options)

    def upload(self, folder: Path) -> int:
        """Store every file below the folder in the bucket; gives their number."""
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.png")}
        objects = {f"{BUCKET}/{key}": path.read_bytes() for key, path in files.items()}
        s3fs.S3FileSystem(**self.storage_options).pipe(objects)
        return len(objects)


@contextmanager
def demo_server() -> Iterator[DemoServer]:
    """Start the server in a thread of this process, so that it cannot outlive it.

    Raises:
        ConfigError: If moto is not installed.
    """
    try:
        from moto.server import ThreadedMotoServer  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError("The demo needs moto's server: pip install 'vton-hf[demo]'") from error
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it prints a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        running = DemoServer(f"http://{host}:{port}")
        s3fs.S3FileSystem(**running.storage_options).mkdir(BUCKET)
        yield running
    finally:
        server.stop()
