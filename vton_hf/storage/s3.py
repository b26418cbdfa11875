"""S3 through s3fs, its session and signing, and through obstore for what that can do."""

import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import fsspec
import pyarrow as pa
import s3fs
from aiobotocore.httpchecksum import StreamingChecksumBody  # type: ignore[import-untyped]
from aiobotocore.session import AioSession  # type: ignore[import-untyped]
from botocore.configprovider import ConstantProvider
from botocore.loaders import Loader, create_loader
from botocore.utils import parse_timestamp

from vton_hf._core.checks import did_you_mean
from vton_hf.errors import ConfigError
from vton_hf.storage import environment
from vton_hf.storage.backend import Answer, Folder, Listed
from vton_hf.storage.endpoints import S3EndpointResolver
from vton_hf.storage.etags import wants_checksum
from vton_hf.storage.failures import BadAnswerError, FailureKind, classify
from vton_hf.storage.loop import close_with
from vton_hf.storage.messages import Request
from vton_hf.storage.obstore_reader import ObstoreReader
from vton_hf.storage.options import NAMES
from vton_hf.storage.prefixes import bucket_and_key
from vton_hf.storage.retry import RetryPolicy
from vton_hf.storage.s3_listing import S3Listing, page_of
from vton_hf.storage.settings import StorageSettings
from vton_hf.storage.upload import Upload

_LEFT_TO_US: Final = frozenset(
    {"asynchronous", "loop", "max_concurrency", "skip_instance_cache"}
    | {"use_listings_cache", "listings_expiry_time", "max_paths"}
)
"""Options about what this backend sees to itself; accepted, since they are common, and not passed on."""


class S3Backend:
    """Lists, reads and writes by bucket and raw key; s3fs' own paths would take `?versionId=` and `[*]` apart."""

    def __init__(self, settings: StorageSettings, *, bulk: bool) -> None:
        self._fs = filesystem = open_filesystem(settings)
        self._endpoints = S3EndpointResolver(filesystem, settings, frozenset(_checked(settings)))
        self._fast = ObstoreReader(self._endpoints, bulk=bulk)
        self._endpoint = settings.endpoint_url
        # Whether a bucket's objects come with checksums, where that was looked at.
        self._checksums: dict[str, bool] = {}

        async def close() -> None:
            if (creator := getattr(filesystem, "_s3creator", None)) is not None:
                await creator.__aexit__(None, None, None)

        close_with(self, filesystem, close)

    async def list_objects(
        self, requests: Sequence[Request], retry: RetryPolicy, progress: Callable[[int], None]
    ) -> list[pa.Table]:
        """The objects under each ask's URI."""
        return await S3Listing(self._call, self._endpoints, retry, progress).list_objects(requests)

    async def list_page(self, requests: Sequence[Request], after: Sequence[str], retry: RetryPolicy) -> list[pa.Table]:
        """The next page under each ask's URI behind a URI."""
        return await S3Listing(self._call, self._endpoints, retry, lambda _: None).list_page(requests, after)

    async def list_folder(self, uri: str, most: int) -> Folder:
        """One page of up to 1,000 names."""
        bucket, key = bucket_and_key(uri)
        answer = await self._call("list_objects_v2", Bucket=bucket, Prefix=key, Delimiter="/", MaxKeys=most)
        if "IsTruncated" not in answer:
            raise BadAnswerError("a listing without IsTruncated")
        below = [f"s3://{bucket}/{item['Prefix']}" for item in answer.get("CommonPrefixes", ())]
        return Folder(page_of(bucket, answer), below, answer["IsTruncated"], answer["ResponseMetadata"]["HTTPHeaders"])

    async def session(self) -> tuple[Any, Any]:
        """The botocore client that sends requests, and the session that it is of."""
        return await self._fs.set_session(), self._fs.session

    async def get(self, uri: str, listed: Listed) -> Answer:
        """One GET."""
        bucket, key = bucket_and_key(uri)
        if self._checksums.get(bucket, True) and wants_checksum(uri, listed, self._endpoint):
            answer = await self._plain_get(bucket, key)
            self._checksums[bucket] = answer.checked
            return answer
        return await self._fast.get(bucket, key, lambda: self._plain_get(bucket, key))

    async def _plain_get(self, bucket: str, key: str) -> Answer:
        answer = await self._call("get_object", Bucket=bucket, Key=key)
        try:
            body = bytes(await answer["Body"].read())
        finally:
            # Drops the connection if the body was not read to its end.
            answer["Body"].close()
        return Answer(body, answer.get("ETag", ""), isinstance(answer["Body"], StreamingChecksumBody))

    async def look(self, uri: str) -> Listed | None:
        """What the first key says that a listing from this one on shows; None where it may not be listed."""
        bucket, key = bucket_and_key(uri)
        try:
            answer = await self._call("list_objects_v2", Bucket=bucket, Prefix=key, MaxKeys=1)
        except Exception as error:
            if classify(error).kind is FailureKind.DENIED:
                return None
            raise
        entry = next((item for item in answer.get("Contents", []) if item["Key"] == key), None)
        return Listed(-1) if entry is None else Listed(entry["Size"], entry.get("ETag", ""))

    async def _call(self, operation: str, **request: object) -> Any:
        """Send one request to S3: the operation's name in snake case, then its parameters."""
        # s3fs sends `RequestPayer` with every request only since 2026.9.
        return await self._fs._call_s3(operation, self._fs.req_kw, **request)  # noqa: SLF001

    async def upload(self, path: Path, request: Request, retry: RetryPolicy) -> None:
        """One PUT, or one for each part of a bigger file."""
        bucket, key = bucket_and_key(request.uri)
        await Upload(self._call, {"Bucket": bucket, "Key": key}, request, retry).send(path)

    async def put(self, uri: str, body: bytes, *, replace: bool) -> bool:
        """One PUT, on the condition that there is none; a store that knows no conditions is asked before."""
        bucket, key = bucket_and_key(uri)
        target = {"Bucket": bucket, "Key": key}
        try:
            await self._call("put_object", **target, Body=body, **({} if replace else {"IfNoneMatch": "*"}))
        except Exception as error:
            code = classify(error).code
            if code == "PreconditionFailed":
                return False
            if replace or code != "NotImplemented":
                raise
            known = await self.look(uri)
            if known is None or known.size == -1:
                await self._call("put_object", **target, Body=body)
                return True
            return False
        return True

    async def delete(self, uri: str) -> None:
        """One DELETE."""
        bucket, key = bucket_and_key(uri)
        await self._call("delete_object", Bucket=bucket, Key=key)


def open_filesystem(settings: StorageSettings) -> Any:
    """An s3fs file system of this process alone, that asks once and leaves retries to us.

    Raises:
        ConfigError: If an option is none of s3fs'.
    """
    options = _checked(settings)
    client = {"region_name": settings.region} if settings.region else {}
    retry = {"read_timeout": settings.timeout, "connect_timeout": settings.timeout}
    one_try = {"retries": {"total_max_attempts": 1, "mode": "standard"}}
    pool = {"max_pool_connections": settings.concurrency}
    ours = {
        "anon": settings.anonymous,
        "key": settings.access_key,
        "secret": settings.secret_key,
        "token": settings.session_token,
        "endpoint_url": settings.endpoint_url,
        "session": _session(settings.profile),
        "client_kwargs": {**options.pop("client_kwargs", {}), **client},
        "config_kwargs": {**retry, **pool, **options.pop("config_kwargs", {}), **one_try},
        # Else each read asks for the size first.
        "max_concurrency": 1,
        # We close it ourselves: s3fs' own finaliser does harm in a forked child.
        "asynchronous": True,
        "use_listings_cache": False,
        "skip_instance_cache": True,
    }
    filesystem = s3fs.S3FileSystem(**{**ours, **options})
    filesystem.retries = 1
    return filesystem


def _checked(settings: StorageSettings) -> dict[str, Any]:
    protocols = fsspec.available_protocols()
    options = {name: value for name, value in settings.options if name not in {*protocols, *_LEFT_TO_US}}
    allowed = list(inspect.signature(s3fs.S3FileSystem.__init__).parameters)[1:-1]  # but self and kwargs
    for name in options:
        if name not in allowed:
            hint = did_you_mean(name, [*NAMES, *allowed]) or f" Allowed: {', '.join(allowed)}."
            raise ConfigError(f"storage_options has {name!r}, which s3fs does not know.{hint}")
    return options


def _session(profile: str | None) -> AioSession:
    session = AioSession(profile=profile)
    session.register_component("data_loader", _models())
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
    if profile is None:
        # botocore takes an empty AWS_PROFILE for the name of a profile, and fails.
        provider = ConstantProvider(environment.profile())
        session.get_component("config_store").set_config_provider("profile", provider)
    return session


def _timestamp(text: Any) -> datetime:
    """As botocore reads it; a time in ISO 8601, as each object of a listing has one, in 0.001 ms instead of 0.12."""
    if isinstance(text, str) and "T" in text:
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    return parse_timestamp(text)  # type: ignore[no-any-return]  # botocore is untyped


@cache
def _models() -> Loader:
    """Botocore's description of S3: 0.1 s of JSON that each session would otherwise parse for itself."""
    return create_loader()
