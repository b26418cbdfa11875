"""`Store`: list prefixes, read many objects, write and delete, from any process."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias, TypeVar

import fsspec.asyn
import pyarrow as pa

from vton_hf._core.checks import must_be
from vton_hf.errors import ConfigError
from vton_hf.storage.backend import Backend, Listed
from vton_hf.storage.fsspec_backend import FsspecBackend
from vton_hf.storage.integrity import Integrity
from vton_hf.storage.known import Known
from vton_hf.storage.listing import list_all, list_pages
from vton_hf.storage.local import LocalBackend
from vton_hf.storage.loop import run
from vton_hf.storage.prefixes import object_uri, split_uri
from vton_hf.storage.reading import Body, read_all
from vton_hf.storage.settings import StorageSettings
from vton_hf.storage.tables import give_back
from vton_hf.storage.writing import delete_all, put_object, send_file

_T = TypeVar("_T")
_Bodies: TypeAlias = list[Body]  # inside the class `list` is the method
_Pages: TypeAlias = list[pa.Table]


class Store:
    """Every store that fsspec reaches, behind four calls.

    Cheap to make; pickles as its settings; works in children made by fork, spawn and forkserver, since each
    process opens its own connections.

    Args:
        settings: From `settings_for`.
        bulk: Whether so much will be read that the faster reader of S3 is worth while at once; by default it is after
            the first 48 objects of a process that may yet fork.
        known: A file from `known_table`, of what is listed: reads are held against it.

    >>> import fsspec
    >>> fsspec.filesystem("memory").pipe_file("/easy/a.png", b"a picture")
    >>> store = Store(StorageSettings())
    >>> listing = store.list(["memory://easy/"])
    >>> store.read(listing["uri"].to_pylist())
    [b'a picture']
    """

    def __init__(self, settings: StorageSettings, *, bulk: bool = False, known: Path | None = None) -> None:
        self.settings = settings
        self.known = known
        self._bulk = bulk
        self._backends: dict[tuple[int, object, str], Backend] = {}

    def __reduce__(self) -> tuple[Callable[..., "Store"], tuple[StorageSettings]]:
        return partial(Store, known=self.known), (self.settings,)

    def __repr__(self) -> str:
        return f"Store({self.settings!r})"

    def list(self, prefixes: Sequence[str], *, progress: Callable[[int], object] | None = None) -> pa.Table:
        """All objects under the prefixes.

        Args:
            prefixes: From `resolve_prefix`. They may overlap.
            progress: Called with the number of objects that are new, a page at a time.

        Returns:
            A table of uri (string), size (int64, bytes) and etag (string), sorted by uri in byte order; each
            uri stands there once. On S3 the empty objects that mark folders are among them. Of a local folder, what
            was seen and cannot be read is among them with size -1, and the reason for its etag.

        Raises:
            LayoutError: If there is no object under one of the prefixes.
            StorageError: If the store fails: a listing is complete or it is none.
            ConfigError: If a prefix is not resolved, or its store cannot be opened.
        """
        if isinstance(prefixes, str) or not prefixes:
            raise must_be("prefixes", prefixes, "a list of one or more prefixes")
        for prefix in prefixes:
            if not prefix.endswith("/"):
                raise ConfigError(f"{prefix!r} has no trailing slash: write it with resolve_prefix().")
        backend_of = self._backends_of(prefixes)
        table = _value(run(lambda count: list_all(prefixes, self.settings, backend_of, count), progress))
        give_back()
        return table

    def list_page(self, starts: Sequence[tuple[str, str]]) -> _Pages:
        """One page of each of some listings, asked for together.

        Args:
            starts: For each, a prefix of `s3://`, and the URI behind which the page begins, or "" for the beginning.

        Returns:
            For each, up to 1,000 objects as `list` gives them, in key order; fewer only at the prefix's end.

        Raises:
            StorageError: If the store fails.
            ConfigError: If a prefix is not one of S3.
        """
        if not starts:
            return []
        for prefix, _ in starts:
            if split_uri(prefix)[0] != "s3":
                raise ConfigError(f"{prefix!r} is not in S3: list() it.")
        backend_of = self._backends_of([prefix for prefix, _ in starts])
        return _value(run(lambda _: list_pages(starts, self.settings, backend_of)))

    def read(
        self, uris: Sequence[str], listed: Mapping[str, Listed] | None = None, *, always_md5: bool = False
    ) -> _Bodies:
        """The objects' bytes, fetched together, and each fetched again until it is what was listed.

        Args:
            uris: As `list` gives them; one may stand there twice.
            listed: What the listing says of each, its size and ETag. A body of another length was damaged on the way;
                one with another ETag is of another object; and where the ETag is an MD5, the body's must be the same,
                unless the body is a PNG, whose own CRCs show damage to whoever decodes it. None takes what `known`
                says.
            always_md5: Compare that of a PNG too.

        Returns:
            In the order asked, each object's bytes, or a `StorageError` in its place where this one object
            could not be had: `ObjectMissingError` if it is gone, a `StorageError` if it is not what was listed.

        Raises:
            StorageError: If the store as a whole failed, or nothing at all could be read; up to 15 objects that
                are all denied are errors in their places.
            ConfigError: If a URI has no scheme, or its store cannot be opened.
        """
        if isinstance(uris, str):
            raise ConfigError("read() takes a list of URIs.")
        bodies = self._read(self._listed(uris, listed), Integrity(self.settings.endpoint_url, always_md5), {})
        return [bodies[uri] for uri in uris]

    def read_again(self, bodies: Mapping[str, bytes], listed: Mapping[str, Listed] | None = None) -> dict[str, Body]:
        """Objects of which what was read is no sound image: was it damaged on the way, or is it stored so?

        Args:
            bodies: What was read of each, by URI.
            listed: As for `read`.

        Returns:
            Each object's bytes, or what is wrong with it: the bytes that were read before where the object is known
            to be stored so, by its checksum or since other reads give the same.

        Raises:
            StorageError: As `read`.
        """
        return self._read(
            self._listed(list(bodies), listed), Integrity(self.settings.endpoint_url, always_md5=True), bodies
        )

    def _listed(self, uris: Sequence[str], listed: Mapping[str, Listed] | None) -> dict[str, Listed]:
        if listed is None and self.known is not None:
            listed = _open_known(self.known).of(uris)
        return {uri: Listed() if listed is None else listed[uri] for uri in uris}

    def _read(
        self, listed: Mapping[str, Listed], integrity: Integrity, unusable: Mapping[str, bytes]
    ) -> dict[str, Body]:
        if not listed:
            return {}
        backend_of = self._backends_of(listed)
        return _value(run(lambda _: read_all(listed, self.settings, backend_of, integrity, unusable)))

    def upload(self, path: Path, uri: str) -> None:
        """Make a local file an object: whole or not at all.

        Args:
            path: The file; gone afterwards, and still there where this raises. Where the store is a folder of the
                same disk it is moved.
            uri: Scheme, bucket and the raw key; an object of that name is replaced.

        Raises:
            StorageError: If the store fails.
            ConfigError: If the URI names no object, or its store cannot be opened.
            OSError: If the file cannot be read, or a disk is full.
        """
        backend = self._backends_of([object_uri(uri)])(uri)
        path.stat()  # a missing file is no failure of the store's
        _value(run(lambda _: send_file(path, uri, self.settings, backend)))

    def put(self, uri: str, body: bytes, *, replace: bool = False) -> bool:
        """Write one small object, which appears whole.

        Args:
            uri: As for `upload`.
            body: Its bytes.
            replace: Also where there is one of that name.

        Returns:
            Whether it was written. A store without conditional writes may tell True to two at once, and one whose
            answer was lost tells False: who must know reads what is there.

        Raises:
            VTONError: As `upload`.
        """
        backend = self._backends_of([object_uri(uri)])(uri)
        return _value(run(lambda _: put_object(uri, body, self.settings, backend, replace=replace)))

    def delete(self, uris: Sequence[str]) -> None:
        """Take objects away, together; missing ones are fine.

        Args:
            uris: As `list` gives them.

        Raises:
            VTONError: As `upload`; some of them may be gone by then.
        """
        if isinstance(uris, str):
            raise ConfigError("delete() takes a list of URIs.")
        backend_of = self._backends_of(uris)
        _value(run(lambda _: delete_all(uris, self.settings, backend_of)))

    def _backends_of(self, uris: Iterable[str]) -> Callable[[str], Backend]:
        backends = {scheme: self._backend(scheme) for scheme in {split_uri(uri)[0] for uri in uris}}
        return lambda uri: backends[split_uri(uri)[0]]

    def _backend(self, scheme: str) -> Backend:
        # A child never uses its parent's backend, nor drops it: see `loop`. Of two made at once one stays.
        # And `datasets` gives fsspec a new loop whenever a DataLoader worker begins an epoch, on which the
        # connections of the old one would fail.
        here = (os.getpid(), fsspec.asyn.get_loop(), scheme)
        return self._backends.get(here) or self._backends.setdefault(
            here, open_backend(scheme, self.settings, bulk=self._bulk)
        )


@cache
def _open_known(path: Path) -> Known:
    return Known(path)


def open_backend(scheme: str, settings: StorageSettings, *, bulk: bool = False) -> Backend:
    """The way to one kind of store; see `Store` for `bulk`."""
    if scheme == "s3":
        from vton_hf.storage.s3 import S3Backend  # noqa: PLC0415 - half a second that a local bucket does without

        return S3Backend(settings, bulk=bulk)
    return LocalBackend(settings) if scheme == "file" else FsspecBackend(scheme, settings)


def _value(answer: _T | Exception) -> _T:
    if isinstance(answer, Exception):
        raise answer
    return answer
