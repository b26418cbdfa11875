"""A prefix as people write it, and the canonical URI of the folder that it means."""

import os
import re
from collections.abc import Iterable
from pathlib import PurePath, PureWindowsPath
from typing import Final

from vton_hf.errors import ConfigError
from vton_hf.storage.misread import refuse_misread, what_a_key_may_be
from vton_hf.storage.settings import StorageSettings, check_bucket

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_LOCAL: Final = ("/", "./", "../", "~")


def resolve_prefix(prefix: str | PurePath, settings: StorageSettings) -> str:
    """Write a prefix as the URI of a folder, with a trailing slash; nothing inside a key is changed.

    Args:
        prefix: `s3://bucket/a/b`, a bare `a/b` in the settings' bucket, a local folder (it begins with `/`,
            `./`, `../` or `~`, or is a `Path`), or a URI of another store. The path in `file://` is taken as it stands.
        settings: Where the default bucket comes from.

    Returns:
        A URI that ends in `/`.

    Raises:
        ConfigError: If it is no text and no path, is empty, is written in a way that is not understood, or needs a
            bucket that nobody named.

    >>> resolve_prefix("dataset_ultimate/easy", StorageSettings(bucket="photos"))
    's3://photos/dataset_ultimate/easy/'
    >>> resolve_prefix("/data/easy", StorageSettings())
    'file:///data/easy/'
    """
    text = path_text(prefix)
    if not isinstance(text, str):
        raise ConfigError(f"A prefix is a text or a Path, not {type(prefix).__name__}: write str(...) around it.")
    prefix = text
    if not prefix.strip():
        raise ConfigError("A prefix is empty: write s3://BUCKET/FOLDER/, a key such as FOLDER/, or ./FOLDER.")
    refuse_misread(prefix, settings)
    if match := _SCHEME.fullmatch(prefix):
        return _with_scheme(match[1].lower(), match[2])
    if prefix.startswith(_LOCAL) or prefix in {".", ".."}:
        return _local(os.path.expanduser(prefix))  # noqa: PTH111
    if settings.bucket is None:
        raise ConfigError(
            f"{prefix!r} is a key, and no bucket is known. Set S3_BUCKET_NAME, call vton_hf.configure(bucket=...), "
            f"pass s3_bucket= to a torch dataset, or write s3://BUCKET/{prefix}. {what_a_key_may_be(prefix)}"
        )
    return _slashed(f"s3://{settings.bucket}/{prefix}")


def path_text(prefix: object) -> object:
    """A path object as a text that means the same; anything else as it is.

    >>> path_text(PurePath("/data/easy"))
    '/data/easy'
    """
    if not isinstance(prefix, PurePath):
        return prefix
    text = str(prefix)
    # Of Windows, of another store (universal_pathlib), or a URI that lost a slash: what these mean is not said here.
    if isinstance(prefix, PureWindowsPath) or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", text):
        return text
    return os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111


def split_uri(uri: str) -> tuple[str, str]:
    """Cut a URI into its scheme and the rest.

    Raises:
        ConfigError: If there is no scheme.

    >>> split_uri("s3://bucket/a//b?c.png")
    ('s3', 'bucket/a//b?c.png')
    """
    match = _SCHEME.fullmatch(uri)
    if match is None:
        raise ConfigError(f"{uri!r} is no URI: resolve_prefix() makes one of a bare key or a local folder.")
    return match[1], match[2]


def object_uri(uri: str) -> str:
    """A URI, of an object.

    Raises:
        ConfigError: If it names none.
    """
    scheme, rest = split_uri(uri)
    if not rest or rest.endswith("/") or (scheme == "s3" and "/" not in rest):
        raise ConfigError(f"{uri!r} names no object: write its key behind it.")
    return uri


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Take an S3 URI apart.

    >>> bucket_and_key("s3://bucket/a//b?c.png")
    ('bucket', 'a//b?c.png')
    """
    bucket, _, key = split_uri(uri)[1].partition("/")
    return bucket, key


def outermost(prefixes: Iterable[str]) -> list[str]:
    """The prefixes that lie in no other one, so that no object is listed twice.

    >>> outermost(["s3://b/a/x/", "s3://b/a/", "s3://b/ab/"])
    ['s3://b/a/', 's3://b/ab/']
    """
    kept: list[str] = []
    # In sorted order everything below a prefix follows it at once.
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept


def _with_scheme(scheme: str, rest: str) -> str:
    if scheme in {"s3", "s3a"}:
        bucket = rest.partition("/")[0]
        if not bucket:
            raise ConfigError(f"'s3://{rest}' names no bucket: write s3://BUCKET/{rest.lstrip('/')}.")
        check_bucket("arn:..." if bucket.startswith("arn:") else bucket)
        return _slashed(f"s3://{rest}")
    if scheme == "file":
        if not rest.startswith("/"):
            raise ConfigError(f"'file://{rest}' is not absolute: write file:///FOLDER, or ./FOLDER.")
        return _local(rest)
    return _slashed(f"{scheme}://{rest}")


def _local(folder: str) -> str:
    # POSIX lets `//a` stand for another root than `/a`; no store of ours does.
    return _slashed("file:///" + os.path.abspath(folder).lstrip("/"))  # noqa: PTH100


def _slashed(uri: str) -> str:
    return uri if uri.endswith("/") else uri + "/"
