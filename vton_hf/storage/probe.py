"""One quick look at a store: who asks, whether it answers, what lies there. Each question is asked once."""

import asyncio
import errno
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Final

import pyarrow as pa

from vton_hf._core.checks import did_you_mean
from vton_hf.errors import VTONError, redacted
from vton_hf.storage.backend import Backend, Folder, Listed
from vton_hf.storage.credentials import Signer, signer
from vton_hf.storage.failures import BOTO, FailureKind, is_of
from vton_hf.storage.first_keys import NAMES, first_keys
from vton_hf.storage.hints import hint
from vton_hf.storage.layers import origins, settings_for
from vton_hf.storage.loop import run
from vton_hf.storage.messages import Request
from vton_hf.storage.prefixes import split_uri
from vton_hf.storage.store import open_backend
from vton_hf.storage.tables import SCHEMA

SILENCE: Final = 4.0
"""Seconds that one request may stay silent."""

_ABOVE: Final = 4
"""Folders above an empty prefix that are looked at."""

_NAMED: Final = 5

IN_ALL: Final = 10.0
"""Seconds for all requests of a look together."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stands in the way.

    Attributes:
        kind: The kind of failure; None where the store answered and nothing lies there.
        cause: What happened.
        advice: What to do.
        region: Where the store says that the bucket lies, or "".
    """

    kind: FailureKind | None
    cause: str
    advice: str
    region: str = ""


@dataclass(slots=True)
class Look:
    """What was found out of one prefix, as far as that went; of stores other than S3 only what is listed.

    Attributes:
        uri: The prefix, resolved.
        signer: Who signs requests; None if nobody does.
        anonymous: Whether that is what was asked for.
        region: For which requests are signed.
        bucket_region: Where the store says that the bucket lies, or "".
        endpoint: Where they are sent.
        origins: Which setting comes from where, by name.
        seconds: What the first answer took; None if there was none.
        ahead: Seconds that this machine's clock is ahead of the store's; None if the store did not tell the time.
        keys: The first keys, as `Store.list` gives them.
        cut: Whether there are more.
        trouble: What ended the look early.
    """

    uri: str
    signer: Signer | None = None
    anonymous: bool = False
    region: str = ""
    bucket_region: str = ""
    endpoint: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    ahead: float | None = None
    keys: pa.Table = field(default_factory=SCHEMA.empty_table)
    cut: bool = False
    trouble: Trouble | None = None


class Probe:
    """Looks at stores.

    Args:
        storage_options: As for `settings_for`.

    Raises:
        ConfigError: If an option makes no sense.
    """

    def __init__(self, storage_options: Mapping[str, object]) -> None:
        settings = settings_for(storage_options)
        self._settings = replace(settings, timeout=min(SILENCE, settings.timeout))
        self._origins = origins(storage_options)
        # With the credentials that were found, of which messages are kept free.
        self._known = self._settings

    def look(self, uri: str) -> Look:
        """List the first keys below a prefix from `resolve_prefix`, and tell what came of it."""
        look = Look(uri, anonymous=self._settings.anonymous, origins=self._origins)
        run(lambda _: self._look(look))
        return look

    def read(self, uris: Sequence[str]) -> dict[str, bytes | Trouble]:
        """Read objects, together."""
        return run(lambda _: self._read(uris))

    async def _look(self, look: Look) -> None:
        try:
            async with asyncio.timeout(IN_ALL):
                backend = open_backend(split_uri(look.uri)[0], self._settings)
                await self._sign(look, backend)
                look.keys, look.cut = await first_keys(look.uri, lambda uri: _folder(look, backend, uri))
        except Exception as error:  # noqa: BLE001  # of any library, and told in our words
            look.trouble = _trouble(Request("list", look.uri, self._known), error)
        else:
            if not look.keys.num_rows:
                look.trouble = _nothing(f"no object under {look.uri}", look.uri, await _above(backend, look.uri))

    async def _sign(self, look: Look, backend: Backend) -> None:
        """Note who signs requests, for where and whereto."""
        if not (session := getattr(backend, "session", None)):
            return
        client, chain = await session()
        look.region, look.endpoint = client.meta.region_name, client.meta.endpoint_url
        config = chain.get_scoped_config()
        look.origins = {name: "the profile" for name in ("region", "endpoint_url") if config.get(name)} | self._origins
        look.signer, self._known = await signer(self._settings, await chain.get_credentials(), self._origins)

    async def _read(self, uris: Sequence[str]) -> dict[str, bytes | Trouble]:
        async def one(uri: str) -> bytes | Trouble:
            try:
                async with asyncio.timeout(IN_ALL):
                    return (await backends[split_uri(uri)[0]].get(uri, Listed())).body
            except Exception as error:  # noqa: BLE001  # as above
                return _trouble(Request("read", uri, self._known), error)

        backends = {scheme: open_backend(scheme, self._settings) for scheme in {split_uri(uri)[0] for uri in uris}}
        return dict(zip(uris, await asyncio.gather(*map(one, uris)), strict=True))


async def _folder(look: Look, backend: Backend, uri: str) -> Folder:
    began = time.monotonic()
    headers: Mapping[str, str] = {}
    try:
        folder = await backend.list_folder(uri, NAMES)
        headers = folder.headers
    except Exception as error:
        headers = _headers(error)
        raise
    finally:
        if headers and look.seconds is None:
            look.seconds = time.monotonic() - began
            look.bucket_region = headers.get("x-amz-bucket-region", "")
            with suppress(ValueError):
                # A `Date` has no fractions: half a second is what it lacks on average.
                server_time = parsedate_to_datetime(headers.get("date", "")).timestamp() + 0.5
                look.ahead = time.time() - look.seconds / 2 - server_time
    return folder


def _headers(error: BaseException) -> Mapping[str, str]:
    """Of the answer by which the store refused."""
    answers = [getattr(each, "response", {}) for each in (error, error.__cause__) if is_of(each, BOTO, "ClientError")]
    return answers[0].get("ResponseMetadata", {}).get("HTTPHeaders", {}) if answers else {}


def _trouble(request: Request, error: Exception) -> Trouble:
    if isinstance(error, VTONError):
        return Trouble(FailureKind.OTHER, str(error), "Check the prefix, or install what its scheme needs.")
    failure = request.failure(error)
    if failure.kind is FailureKind.MISSING and request.uri.startswith("file:"):
        return _nothing(f"no folder {request.uri.removeprefix('file://')}", request.uri)
    cause, advice = _connection(request, error) or request.cause_and_advice(error)
    advice = advice or "Look for this code in the documentation of the store."
    return Trouble(failure.kind, redacted(cause), redacted(advice), failure.region)


def _nothing(cause: str, uri: str, nearest: str = "") -> Trouble:
    advice = hint(uri)
    return Trouble(None, cause, f"{advice[0].upper()}{advice[1:]}{nearest}")


async def _above(backend: Backend, uri: str) -> str:
    """The nearest folder above an empty prefix that holds something, and what; empty if none is found soon."""
    authority, _, path = uri.rstrip("/").partition("://")
    parts = path.split("/")
    for depth in range(len(parts) - 1, max(0, len(parts) - 1 - _ABOVE), -1):
        folder = f"{authority}://{'/'.join(parts[:depth])}/"
        with suppress(Exception):  # whatever it is, there is a hint already
            found = await backend.list_folder(folder, NAMES)
            names = [name.rstrip("/").rpartition("/")[2] for name in found.below]
            if names:
                near = did_you_mean(parts[depth], names)
                some = f"{', '.join(names[:_NAMED])}{' ...' if len(names) > _NAMED else ''}"
                return f" The nearest folder that there is, {folder}, holds {some}.{near}"
    return ""


def _connection(request: Request, error: Exception) -> tuple[str, str] | None:
    """More than the kind of failure says, of a connection that was not made."""
    below: Any = getattr(error, "kwargs", {}).get("error")
    name, reason = getattr(below, "host", ""), getattr(below, "os_error", below)
    server = f"{name}:{getattr(below, 'port', '')}" if name else "the endpoint"
    if isinstance(reason, socket.gaierror):
        amazon = "Check the network. Where the bucket is not Amazon's, say so: endpoint_url=, or AWS_ENDPOINT_URL."
        other = f"Check the spelling of endpoint_url, and the network: getent hosts {name}"
        return f"the name {name!r} does not resolve", other if request.settings.endpoint_url else amazon
    if is_of(error, BOTO, "SSLError") and request.failure(error).kind is not FailureKind.CERTIFICATE:
        return f"{server} does not speak TLS as it should ({reason})", (
            "Check endpoint_url: write http:// where the server speaks no TLS, and look at port and proxy."
        )
    if getattr(reason, "errno", None) == errno.ECONNREFUSED:
        return f"{server} refuses connections", "Start the server, or check host and port of endpoint_url."
    if is_of(error, BOTO, "ConnectTimeoutError"):
        return f"{server} took no connection within {request.settings.timeout:g} s", (
            "Check endpoint_url, the firewall and the proxy."
        )
    if is_of(error, BOTO, "ReadTimeoutError"):
        return f"the endpoint took the connection, and then said nothing for {request.settings.timeout:g} s", (
            f"Look at the server and the proxy: curl -i {request.settings.endpoint_url or 'https://s3.amazonaws.com'}"
        )
    return None
