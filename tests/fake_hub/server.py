"""The server on 127.0.0.1."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fake_hub import repositories, trees, uploads  # noqa: F401 - they register their endpoints
from tests.fake_hub.faults import Fault, Hold
from tests.fake_hub.http import Answer, Request
from tests.fake_hub.hub import Hub


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = Hub(f"http://127.0.0.1:{self.server_address[1]}")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        hub = self.server.hub
        path = unquote(urlsplit(self.path).path)
        fault, hold = hub.take(self.command, path)
        log, answer = hub.requests, None
        try:
            answer = self._answer(fault, hold)
        finally:
            log.append((self.command, path, answer.status if answer else 0))
            if hold:
                hold.done.set()
        if answer:
            self._send(answer)
        else:
            self.close_connection = True

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the standard library's names

    def _answer(self, fault: Fault | None, hold: Hold | None) -> Answer | None:
        """What to answer; None to hang up."""
        drop = fault.drop if fault else None
        if drop == "before":
            return None
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length // 2 if self.command == "PUT" else length)
        if drop == "mid" or (hold and not hold.wait()):
            return None
        body += self.rfile.read(length - len(body))
        if len(body) < length:
            return None
        if fault and not drop:
            return fault.answer
        url = urlsplit(self.path)
        request = Request(self.command, url.path, dict(parse_qsl(url.query)), self.headers, body)
        answer = self.server.hub.answer(request)
        return None if drop else answer

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The tests say what went wrong."""


def serve_hub() -> Iterator[Hub]:
    """A Hub on a free port that ends with the generator: the body of a fixture."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.hub
    finally:
        server.hub.reset()
        server.shutdown()
        server.server_close()
        thread.join()
