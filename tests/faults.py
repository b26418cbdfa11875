"""A small S3-like server on 127.0.0.1 that fails as told: `server.script("a.png", Status(503, "SlowDown"))`."""

import base64
import hashlib
import socket
import struct
import threading
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

LIST = "?list"
BUCKET = "bkt"


@dataclass(frozen=True)
class Status:
    """An error answer."""

    status: int
    code: str
    message: str = "told to fail"
    extra: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Body:
    """Another body, with a length that fits it."""

    data: bytes


@dataclass(frozen=True)
class Flipped:
    """The body with one byte of it damaged, and all else as it should be."""

    at: int = -20


@dataclass(frozen=True)
class Cut:
    """The first half of the body, with a length that fits it."""


@dataclass(frozen=True)
class Replaced:
    """Another object, which has an ETag of its own."""

    data: bytes


@dataclass(frozen=True)
class Short:
    """A body that ends before its announced length."""


@dataclass(frozen=True)
class Drop:
    """The connection is reset without an answer."""


@dataclass(frozen=True)
class Stall:
    """The request is taken and never answered."""


@dataclass(frozen=True)
class Trickle:
    """The body comes a byte at a time, for ever."""


Answer = Status | Body | Flipped | Cut | Replaced | Short | Drop | Stall | Trickle


def md5(body: bytes) -> str:
    """The ETag of an object that was uploaded in one part."""
    return hashlib.md5(body).hexdigest()


class FaultServer(ThreadingHTTPServer):
    """Serves `objects` of `BUCKET`; a scripted answer stands in for the true one, in order."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.page_size = 1000
        self.listed_etag: Callable[[bytes], str] = lambda _: "e"
        self.sent_etag: Callable[[bytes], str] = lambda _: ""
        self.checksums = False
        self.chaos: Callable[[str], Answer | None] = lambda _: None
        self.overlap = 0  # keys of a page that the next one gives once more
        self.ended = threading.Event()
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._scripts: defaultdict[str, list[Answer]] = defaultdict(list)
        self._always: dict[str, Answer] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def tag(self, etag: Callable[[bytes], str]) -> None:
        """Give objects these ETags, in listings and with their bodies."""
        self.listed_etag = self.sent_etag = etag

    def script(self, name: str, *answers: Answer) -> None:
        """Answer so to the next requests for a key, `LIST`, or `LIST + "2"` (the second page)."""
        self._scripts[name].extend(answers)

    def always(self, name: str, answer: Answer) -> None:
        """Answer so to every request for a key or `LIST`; to all with "*"."""
        self._always[name] = answer

    def asked(self) -> Counter[str]:
        """How often each key or listing page was asked for."""
        return Counter(name for name, _ in self.requests)

    def next_answer(self, *names: str) -> Answer | None:
        for name in names:
            if self._scripts[name]:
                return self._scripts[name].pop(0)
        return next((self._always[name] for name in (*names, "*") if name in self._always), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        key = unquote(url.path).lstrip("/").partition("/")[2]
        query = parse_qs(url.query)
        start = int(query.get("continuation-token", ["0"])[0])
        names = (key,) if key else (f"{LIST}{start // self.server.page_size + 1}", LIST)
        self.server.requests.append((names[0], {name.lower(): text for name, text in self.headers.items()}))
        answer = self.server.next_answer(*names)
        if answer is None and key in self.server.objects:
            answer = self.server.chaos(key)
        if answer is None:
            answer = self._true_answer(key, {name: values[0] for name, values in query.items()})
        self._send(answer, self.server.objects.get(key, b"x" * 100))

    do_HEAD = do_GET  # noqa: N815 - the standard library's name

    def _true_answer(self, key: str, query: Mapping[str, str]) -> Answer:
        if not key:
            return Body(self._page(query))
        if key in self.server.objects:
            return Body(self.server.objects[key])
        return Status(404, "NoSuchKey")

    def _page(self, query: Mapping[str, str]) -> bytes:
        entries = list(dict.fromkeys(self._entry(key, query) for key in sorted(self.server.objects)))
        entries = [entry for entry in entries if entry and entry > query.get("start-after", "")]
        start = int(query.get("continuation-token", "0"))
        end = start + min(self.server.page_size, int(query.get("max-keys", "1000")))
        more = end < len(entries)
        name = quote if "encoding-type" in query else str
        shown = "".join(
            self._shown(entry, escape(name(entry))) for entry in entries[max(0, start - self.server.overlap) : end]
        )
        token = f"<NextContinuationToken>{end}</NextContinuationToken>" if more else ""
        encoding = "<EncodingType>url</EncodingType>" if "encoding-type" in query else ""
        return (
            f"<ListBucketResult><Name>{BUCKET}</Name><IsTruncated>{str(more).lower()}</IsTruncated>{encoding}"
            f"{token}{shown}</ListBucketResult>"
        ).encode()

    def _entry(self, key: str, query: Mapping[str, str]) -> str:
        """The key itself, the folder that stands for it, or nothing."""
        prefix = query.get("prefix", "")
        if not key.startswith(prefix):
            return ""
        folder, slash, _ = key[len(prefix) :].partition("/")
        return prefix + folder + slash if slash and query.get("delimiter") == "/" else key

    def _shown(self, entry: str, name: str) -> str:
        if entry not in self.server.objects:
            return f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"
        return (
            f"<Contents><Key>{name}</Key><Size>{len(self.server.objects[entry])}</Size>"
            f"<ETag>&quot;{self.server.listed_etag(self.server.objects[entry])}&quot;</ETag>"
            f"<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        )

    def _send(self, answer: Answer, body: bytes) -> None:
        match answer:
            case Body() | Flipped() | Cut() | Replaced():
                data = _damaged(answer, body)
                self._reply(200, data, len(data), self._facts(data if isinstance(answer, Replaced) else body))
            case Status():
                xml = (
                    f"<Error><Code>{answer.code}</Code><Message>{answer.message}</Message>{answer.extra}</Error>"
                ).encode()
                self._reply(answer.status, xml, len(xml), answer.headers)
            case Short():
                self._reply(200, body[: len(body) // 2], len(body))
                self.close_connection = True
            case Drop():
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
            case Stall():
                self.server.ended.wait(60)
                self.close_connection = True
            case Trickle():
                self._reply(200, b"", 10_000)
                while not self.server.ended.wait(0.1):
                    self.wfile.write(b"x")
                    self.wfile.flush()

    def _facts(self, body: bytes) -> dict[str, str]:
        etag = self.server.sent_etag(body)
        facts = {"ETag": f'"{etag}"'} if etag else {}
        if self.server.checksums:
            facts["x-amz-checksum-crc32"] = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        return facts

    def _reply(self, status: int, data: bytes, length: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The tests say what went wrong."""


def _damaged(answer: Body | Flipped | Cut | Replaced, body: bytes) -> bytes:
    match answer:
        case Flipped(at):
            at %= len(body)
            return body[:at] + bytes([body[at] ^ 0x55]) + body[at + 1 :]
        case Cut():
            return body[: len(body) // 2]
    return answer.data


def serve_faults() -> Iterator[FaultServer]:
    """A server on a free port that ends with the generator: the body of a fixture."""
    server = FaultServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
