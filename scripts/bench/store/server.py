"""Starts the S3 stand-in, and stops it whatever happens. It needs nginx and its Lua module, as in Debian and Ubuntu."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from store.index import Index

HERE = Path(__file__).parent
PACKAGES = "nginx-core libnginx-mod-http-lua"
MODULES = Path("/usr/lib/nginx/modules")
DEADLINE = 20.0


@dataclass(frozen=True)
class Endpoint:
    """A store that runs."""

    url: str

    def counts(self) -> dict[str, int]:
        """GET, HEAD and LIST requests since the last call."""
        with urllib.request.urlopen(f"{self.url}/-/counts", timeout=DEADLINE) as answer:  # noqa: S310 - our own server
            return json.load(answer)


@contextmanager
def serve(root: Path, index: Index, latency: float, *, otherwise: str = "=404") -> Iterator[Endpoint]:
    """A store on a free port of 127.0.0.1.

    Args:
        root: A folder with one folder for each bucket.
        index: What every bucket lists.
        latency: Seconds that each request waits first.
        otherwise: What a missing object gets: a status, or the path of an object to give in its place.
    """
    port = _free_port()
    folder = root.resolve().parent / f"nginx-{port}"
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    names = {"MODULES": MODULES, "LUA": HERE / "listing.lua", "INDEX": index.path.resolve(), "ROOT": root.resolve()}
    names |= {"WIDTH": index.width, "ROWS": index.rows, "PORT": port, "LATENCY": latency, "ELSE": otherwise}
    text = (HERE / "nginx.conf").read_text()
    for name, value in names.items():
        text = text.replace(f"@{name}@", str(value))
    text = f"user root;\n{text}" if os.getuid() == 0 else text
    (folder / "nginx.conf").write_text(text)
    log = folder / "error.log"
    command = ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", log]
    process = subprocess.Popen(command, env=os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"})  # noqa: S603
    try:
        endpoint = Endpoint(f"http://127.0.0.1:{port}")
        _wait_for(endpoint, process, log)
        yield endpoint
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def require_nginx() -> None:
    """Install nginx and its Lua module where that is possible, or say what to type."""
    if (MODULES / "ngx_http_lua_module.so").exists() and shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        return
    install = f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {PACKAGES}"
    if os.getuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"The S3 stand-in needs nginx with Lua, as Debian and Ubuntu have them:\n  sudo sh -c '{install}'")
    print(f"Installing {PACKAGES} (once) ...", flush=True)
    subprocess.run(["/bin/sh", "-c", install], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - a constant


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(endpoint: Endpoint, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(int(DEADLINE / 0.05)):
        if process.poll() is not None:
            break
        try:
            endpoint.counts()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    said = log.read_text() if log.exists() else ""
    sys.exit(f"The S3 stand-in did not start.\n{said}")
