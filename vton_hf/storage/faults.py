"""What went wrong, told apart: any library's exception becomes one of a few kinds of fault."""

import asyncio
import errno
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import aiohttp
import botocore.exceptions as boto
from botocore.parsers import ResponseParserError


class Kind(Enum):
    """The faults that need different advice."""

    MISSING = auto()
    ARCHIVED = auto()
    CHANGED = auto()
    DENIED = auto()
    UPLOAD_GONE = auto()
    NO_BUCKET = auto()
    BAD_NAME = auto()
    NO_CREDENTIALS = auto()
    HALF_CREDENTIALS = auto()
    NO_PROFILE = auto()
    PROVIDER_FAILED = auto()
    WRONG_KEY = auto()
    WRONG_SECRET = auto()
    WRONG_TOKEN = auto()
    EXPIRED = auto()
    WRONG_REGION = auto()
    CLOCK_SKEW = auto()
    CERTIFICATE = auto()
    ENDPOINT_DOWN = auto()
    THROTTLED = auto()
    SERVER_ERROR = auto()
    TIMED_OUT = auto()
    LOST = auto()
    DAMAGED = auto()
    OTHER = auto()


TRANSIENT: Final = frozenset(
    {Kind.ENDPOINT_DOWN, Kind.THROTTLED, Kind.SERVER_ERROR, Kind.TIMED_OUT, Kind.LOST, Kind.DAMAGED}
)
"""Worth another try."""

OF_THE_OBJECT: Final = frozenset({Kind.MISSING, Kind.ARCHIVED, Kind.CHANGED})
"""The store answered, and the answer is about this one object."""

OF_THE_STORE: Final = frozenset(
    {Kind.NO_BUCKET, Kind.BAD_NAME, Kind.NO_CREDENTIALS, Kind.HALF_CREDENTIALS, Kind.NO_PROFILE}
    | {Kind.PROVIDER_FAILED, Kind.WRONG_KEY, Kind.WRONG_SECRET, Kind.WRONG_TOKEN, Kind.EXPIRED}
    | {Kind.WRONG_REGION, Kind.CLOCK_SKEW, Kind.CERTIFICATE, Kind.ENDPOINT_DOWN}
)
"""No other object would fare better."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure: its kind, the store's code or the exception's name, the store's words, a hinted region."""

    kind: Kind
    code: str
    said: str = ""
    region: str = ""


def is_full(error: BaseException) -> bool:
    """Whether a disk or a quota of this machine has no room left, which is no answer of a store."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


class ChangedError(Exception):
    """The object is not the one that was listed."""


class DamagedError(Exception):
    """What came is not what the store holds."""


class BadAnswerError(Exception):
    """An answer that is none of this protocol's: a proxy's page, a listing without its end mark."""


_CODES: Final = {
    "404": Kind.MISSING, "NoSuchKey": Kind.MISSING, "NoSuchVersion": Kind.MISSING, "NotFound": Kind.MISSING,
    "InvalidObjectState": Kind.ARCHIVED, "NoSuchUpload": Kind.UPLOAD_GONE,
    "NoSuchBucket": Kind.NO_BUCKET, "InvalidBucketName": Kind.BAD_NAME,
    "401": Kind.DENIED, "403": Kind.DENIED, "AccessDenied": Kind.DENIED, "AllAccessDisabled": Kind.DENIED,
    "AccountProblem": Kind.DENIED, "Forbidden": Kind.DENIED, "Unauthorized": Kind.DENIED,
    "InvalidAccessKeyId": Kind.WRONG_KEY, "SignatureDoesNotMatch": Kind.WRONG_SECRET,
    "InvalidToken": Kind.WRONG_TOKEN, "InvalidSecurity": Kind.WRONG_TOKEN,
    "ExpiredToken": Kind.EXPIRED, "ExpiredTokenException": Kind.EXPIRED, "TokenRefreshRequired": Kind.EXPIRED,
    "RequestExpired": Kind.EXPIRED,
    "301": Kind.WRONG_REGION, "307": Kind.WRONG_REGION, "PermanentRedirect": Kind.WRONG_REGION,
    "TemporaryRedirect": Kind.WRONG_REGION, "AuthorizationHeaderMalformed": Kind.WRONG_REGION,
    "IllegalLocationConstraint": Kind.WRONG_REGION, "IllegalLocationConstraintException": Kind.WRONG_REGION,
    "RequestTimeTooSkewed": Kind.CLOCK_SKEW,
    "429": Kind.THROTTLED, "503": Kind.THROTTLED, "SlowDown": Kind.THROTTLED, "Throttling": Kind.THROTTLED,
    "ServiceUnavailable": Kind.THROTTLED, "ThrottlingException": Kind.THROTTLED,
    "TooManyRequests": Kind.THROTTLED, "TooManyRequestsException": Kind.THROTTLED,
    "RequestLimitExceeded": Kind.THROTTLED, "BandwidthLimitExceeded": Kind.THROTTLED,
    "408": Kind.TIMED_OUT, "RequestTimeout": Kind.TIMED_OUT, "RequestTimeoutException": Kind.TIMED_OUT,
    "504": Kind.TIMED_OUT,
    "InternalError": Kind.SERVER_ERROR, "OperationAborted": Kind.SERVER_ERROR,
    "BadDigest": Kind.LOST, "IncompleteBody": Kind.LOST, "InvalidDigest": Kind.LOST,
    "XAmzContentChecksumMismatch": Kind.LOST, "XAmzContentSHA256Mismatch": Kind.LOST,
}  # fmt: skip

_CLASSES: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Kind], ...]] = (
    (ChangedError, Kind.CHANGED),
    ((BadAnswerError, ResponseParserError), Kind.LOST),
    (boto.NoCredentialsError, Kind.NO_CREDENTIALS),
    (boto.PartialCredentialsError, Kind.HALF_CREDENTIALS),
    (boto.ProfileNotFound, Kind.NO_PROFILE),
    ((boto.CredentialRetrievalError, boto.TokenRetrievalError, boto.SSOError), Kind.PROVIDER_FAILED),
    ((boto.MetadataRetrievalError, boto.RefreshWithMFAUnsupportedError), Kind.PROVIDER_FAILED),
    ((boto.ParamValidationError, boto.InvalidRegionError), Kind.BAD_NAME),
    ((boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError), Kind.ENDPOINT_DOWN),
    ((ConnectionRefusedError, aiohttp.ClientConnectorError), Kind.ENDPOINT_DOWN),
    # asyncio's own is the builtin one; botocore's read timeout and fsspec's are told apart here.
    ((boto.ReadTimeoutError, asyncio.TimeoutError, TimeoutError), Kind.TIMED_OUT),
    ((boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError), Kind.LOST),
    ((boto.FlexibleChecksumError, boto.ChecksumError, ConnectionError, aiohttp.ClientError), Kind.LOST),
    (FileNotFoundError, Kind.MISSING),
    ((NotADirectoryError, IsADirectoryError, FileExistsError), Kind.MISSING),
    (PermissionError, Kind.DENIED),
)


def classify(error: BaseException) -> Fault:
    """Tell what kind of fault an exception stands for.

    Args:
        error: As it came from fsspec, s3fs, aiobotocore or the operating system.

    >>> classify(FileNotFoundError(2, "No such file or directory")).kind.name
    'MISSING'
    """
    # s3fs turns a ClientError into a builtin and keeps it as the cause: the cause knows the code.
    for one in (error, error.__cause__):
        if isinstance(one, boto.ClientError):
            return _from_answer(one)
    if isinstance(error, aiohttp.ClientResponseError):
        return Fault(_of_code(str(error.status), error.status), str(error.status))
    if isinstance(error, DamagedError):
        return Fault(Kind.DAMAGED, str(error))
    name = type(error).__name__
    if isinstance(error, boto.SSLError) and "CERTIFICATE" in str(error).upper():
        return Fault(Kind.CERTIFICATE, name)
    kind = next((kind for classes, kind in _CLASSES if isinstance(error, classes)), Kind.OTHER)
    return Fault(kind, name, said=_words(error))


def _from_answer(error: boto.ClientError) -> Fault:
    answer = error.response.get("Error", {})
    meta = error.response.get("ResponseMetadata", {})
    code = str(answer.get("Code", ""))
    status = int(meta.get("HTTPStatusCode", 0))
    hint = answer.get("Region") or meta.get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
    return Fault(_of_code(code, status), code or str(status), str(answer.get("Message", "")), str(hint))


def _of_code(code: str, status: int) -> Kind:
    if code in _CODES:
        return _CODES[code]
    if str(status) in _CODES:
        return _CODES[str(status)]
    return Kind.SERVER_ERROR if status >= 500 else Kind.OTHER  # noqa: PLR2004 - HTTP's own border


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in errno.errorcode:
        return error.strerror or ""
    return str(error)
