"""The fault server's other half: it takes objects, whole or in parts, and fails as told."""

from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from tests.faults import Body, Drop, FaultServer, Status, _Handler, serve_faults


class _Taking(_Handler):
    """Scripts go by what is asked: `PUT a`, `PUT a#1` (its first part), `BEGIN a`, `COMPLETE a`, `ABORT a`, `DELETE a`.

    A dropped COMPLETE is done all the same: its answer is lost, not the work. A part that arrives when its upload was
    aborted is not kept.
    """

    aborted: ClassVar[set[tuple[int, str]]] = set()
    """Server and key of uploads that were aborted, and not begun again."""

    def do_PUT(self) -> None:  # noqa: N802 - the standard library's name
        data = self.rfile.read(int(self.headers["Content-Length"]))
        key, query = self._where()
        name = f"{key}#{query['partNumber'][0]}" if "partNumber" in query else key
        if self._goes_well(f"PUT {name}"):
            if name != key and (id(self.server), key) in self.aborted:
                self._send(Status(404, "NoSuchUpload"), b"")
                return
            self.server.objects[name] = data
            self._reply(200, b"", 0, {"ETag": '"e"', "x-amz-checksum-crc32": "AAAAAA=="})

    def do_POST(self) -> None:  # noqa: N802 - the standard library's name
        told = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key, query = self._where()
        if "uploads" in query:
            if self._goes_well(f"BEGIN {key}"):
                self.aborted.discard((id(self.server), key))
                self._send(Body(b"<R><UploadId>u</UploadId></R>"), b"")
        elif self._goes_well(f"COMPLETE {key}"):
            self._complete(key, told)

    def do_DELETE(self) -> None:  # noqa: N802 - the standard library's name
        key, query = self._where()
        if self._goes_well(f"{'ABORT' if 'uploadId' in query else 'DELETE'} {key}"):
            if "uploadId" in query:
                self.aborted.add((id(self.server), key))
                self._take_parts(key)
            else:
                self.server.objects.pop(key, None)
            self._reply(204, b"", 0)

    def _where(self) -> tuple[str, dict[str, list[str]]]:
        url = urlsplit(self.path)
        key = unquote(url.path).lstrip("/").partition("/")[2]
        return key, parse_qs(url.query, keep_blank_values=True)

    def _goes_well(self, name: str) -> bool:
        self.server.requests.append((name, {name.lower(): text for name, text in self.headers.items()}))
        answer = self.server.next_answer(name)
        if answer is None:
            return True
        if isinstance(answer, Drop) and name.startswith("COMPLETE "):
            self._join(name.removeprefix("COMPLETE "))
        self._send(answer, b"")
        return False

    def _complete(self, key: str, told: bytes) -> None:
        if told.count(b"<ETag>") != told.count(b"<ChecksumCRC32>AAAAAA==</ChecksumCRC32>"):
            self._send(
                Status(400, "InvalidRequest", "The complete request must include the checksum for each part."), b""
            )
        elif self._join(key):
            self._send(Body(b"<R><ETag>&quot;e-3&quot;</ETag></R>"), b"")
        else:
            self._send(Status(404, "NoSuchUpload"), b"")

    def _join(self, key: str) -> bool:
        parts = self._take_parts(key)
        if parts:
            self.server.objects[key] = b"".join(parts)
        return bool(parts)

    def _take_parts(self, key: str) -> list[bytes]:
        names = [name for name in self.server.objects if name.startswith(f"{key}#")]
        return [self.server.objects.pop(name) for name in sorted(names, key=lambda name: int(name.rpartition("#")[2]))]


def serve_taking() -> Iterator[FaultServer]:
    """A fault server that can be written to: the body of a fixture."""
    for server in serve_faults():
        server.RequestHandlerClass = _Taking
        yield server
