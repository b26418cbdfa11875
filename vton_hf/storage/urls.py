"""Web addresses, and what they are called here: `https://BUCKET.s3.REGION.amazonaws.com/KEY` is `s3://BUCKET/KEY`."""

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_AMAZON: Final = re.compile(r"(?:(?P<bucket>.+)\.)?s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?")
_CONSOLE: Final = re.compile(r"(?:.+\.)?console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)")
_OTHER_S3: Final = re.compile(
    r"(?:(?P<bucket>.+)\.)?(?P<server>s3[.-].+|(?!eu\.)[^.]+(?:\.eu)?\.r2\.cloudflarestorage\.com|"
    r"[^.]+\.(?:digitaloceanspaces|linodeobjects|vultrobjects|your-objectstorage)\.com)"
)
_GOOGLE: Final = re.compile(r"(?:(?P<bucket>.+)\.)?storage\.(?:googleapis|cloud\.google)\.com")
_STORES: Final = (("s3", _AMAZON), ("gs", _GOOGLE), ("s3", _OTHER_S3))
_AZURE: Final = re.compile(r"(?P<account>[^.]+)\.(?:blob|dfs)\.core\.windows\.net")


class Address(NamedTuple):
    """What an address stands for.

    Attributes:
        uri: What to write.
        endpoint_url: Of the store, where it has to be said.
    """

    uri: str
    endpoint_url: str | None = None


def address_of(url: str, endpoint_url: str | None = None) -> Address | None:
    """Read the address of an object or a folder in a store.

    Args:
        url: `http://` or `https://`.
        endpoint_url: Of the store that is in use, if it is not Amazon's.

    Returns:
        None if it is that of no store we know.

    >>> address_of("https://photos.s3.eu-west-1.amazonaws.com/a%20b/001.png?X-Amz-Signature=0")
    Address(uri='s3://photos/a b/001.png', endpoint_url=None)
    >>> address_of("https://s3.fr-par.scw.cloud/photos/easy/")
    Address(uri='s3://photos/easy/', endpoint_url='https://s3.fr-par.scw.cloud')
    """
    parts = urlsplit(url)
    host, path = parts.netloc.rpartition("@")[2].lower(), unquote(parts.path).removeprefix("/")
    return (
        _of_server(host, path, endpoint_url)
        or _of_console(parts, host, path)
        or _of_store(parts, host, path)
        or (
            _joined("s3", None, path, f"{parts.scheme}://{host}") if "x-amz-signature=" in parts.query.lower() else None
        )
    )


def _of_server(host: str, path: str, endpoint_url: str | None) -> Address | None:
    server = urlsplit(endpoint_url or "").netloc.lower()
    if not server or not f".{host}".endswith(f".{server}"):
        return None
    return _joined("s3", host.removesuffix(server).removesuffix("."), path)


def _of_store(parts: SplitResult, host: str, path: str) -> Address | None:
    for scheme, pattern in _STORES:
        if match := pattern.fullmatch(host):
            server = match.groupdict().get("server")
            return _joined(scheme, match["bucket"], path, f"{parts.scheme}://{server}" if server else None)
    if match := _AZURE.fullmatch(host):
        container, _, key = path.partition("/")
        return Address(f"abfs://{container}@{match['account']}.dfs.core.windows.net/{key}")
    return None


def _of_console(parts: SplitResult, host: str, path: str) -> Address | None:
    match = re.match(r"s3/(?:buckets|object|home)/([^/?]+)", path) if _CONSOLE.fullmatch(host) else None
    prefix = parse_qs(parts.query).get("prefix", [""])[0]
    return Address(f"s3://{match[1]}/{prefix}") if match else None


def _joined(scheme: str, bucket: str | None, path: str, endpoint_url: str | None = None) -> Address:
    return Address(f"{scheme}://{bucket}/{path}" if bucket else f"{scheme}://{path or 'BUCKET/'}", endpoint_url)
