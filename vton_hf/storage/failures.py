"""What went wrong, told apart: any library's exception becomes one of a few kinds of failure."""

import asyncio
import errno
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final


class FailureKind(Enum):
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
    {
        FailureKind.ENDPOINT_DOWN,
        FailureKind.THROTTLED,
        FailureKind.SERVER_ERROR,
        FailureKind.TIMED_OUT,
        FailureKind.LOST,
        FailureKind.DAMAGED,
    }
)
"""Worth another try."""

OF_THE_OBJECT: Final = frozenset({FailureKind.MISSING, FailureKind.ARCHIVED, FailureKind.CHANGED})
"""The store answered, and the answer is about this one object."""

OF_THE_STORE: Final = frozenset(
    {
        FailureKind.NO_BUCKET,
        FailureKind.BAD_NAME,
        FailureKind.NO_CREDENTIALS,
        FailureKind.HALF_CREDENTIALS,
        FailureKind.NO_PROFILE,
    }
    | {
        FailureKind.PROVIDER_FAILED,
        FailureKind.WRONG_KEY,
        FailureKind.WRONG_SECRET,
        FailureKind.WRONG_TOKEN,
        FailureKind.EXPIRED,
    }
    | {FailureKind.WRONG_REGION, FailureKind.CLOCK_SKEW, FailureKind.CERTIFICATE, FailureKind.ENDPOINT_DOWN}
)
"""No other object would fare better."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure: its kind, the store's code or the exception's name, the store's words, a hinted region."""

    kind: FailureKind
    code: str
    message: str = ""
    region: str = ""


class ChangedError(Exception):
    """The object is not the one that was listed."""


class DamagedError(Exception):
    """What came is not what the store holds."""


class BadAnswerError(Exception):
    """An answer that is none of this protocol's: a proxy's page, a listing without its end mark."""


_CODES: Final = {
    "404": FailureKind.MISSING, "NoSuchKey": FailureKind.MISSING,
    "NoSuchVersion": FailureKind.MISSING, "NotFound": FailureKind.MISSING,
    "InvalidObjectState": FailureKind.ARCHIVED, "NoSuchUpload": FailureKind.UPLOAD_GONE,
    "NoSuchBucket": FailureKind.NO_BUCKET, "InvalidBucketName": FailureKind.BAD_NAME,
    "401": FailureKind.DENIED, "403": FailureKind.DENIED,
    "AccessDenied": FailureKind.DENIED, "AllAccessDisabled": FailureKind.DENIED,
    "AccountProblem": FailureKind.DENIED, "Forbidden": FailureKind.DENIED, "Unauthorized": FailureKind.DENIED,
    "InvalidAccessKeyId": FailureKind.WRONG_KEY, "SignatureDoesNotMatch": FailureKind.WRONG_SECRET,
    "InvalidToken": FailureKind.WRONG_TOKEN, "InvalidSecurity": FailureKind.WRONG_TOKEN,
    "ExpiredToken": FailureKind.EXPIRED,
    "ExpiredTokenException": FailureKind.EXPIRED, "TokenRefreshRequired": FailureKind.EXPIRED,
    "RequestExpired": FailureKind.EXPIRED,
    "301": FailureKind.WRONG_REGION, "307": FailureKind.WRONG_REGION, "PermanentRedirect": FailureKind.WRONG_REGION,
    "TemporaryRedirect": FailureKind.WRONG_REGION, "AuthorizationHeaderMalformed": FailureKind.WRONG_REGION,
    "IllegalLocationConstraint": FailureKind.WRONG_REGION,
    "IllegalLocationConstraintException": FailureKind.WRONG_REGION,
    "RequestTimeTooSkewed": FailureKind.CLOCK_SKEW,
    "429": FailureKind.THROTTLED, "503": FailureKind.THROTTLED,
    "SlowDown": FailureKind.THROTTLED, "Throttling": FailureKind.THROTTLED,
    "ServiceUnavailable": FailureKind.THROTTLED, "ThrottlingException": FailureKind.THROTTLED,
    "TooManyRequests": FailureKind.THROTTLED, "TooManyRequestsException": FailureKind.THROTTLED,
    "RequestLimitExceeded": FailureKind.THROTTLED, "BandwidthLimitExceeded": FailureKind.THROTTLED,
    "408": FailureKind.TIMED_OUT,
    "RequestTimeout": FailureKind.TIMED_OUT, "RequestTimeoutException": FailureKind.TIMED_OUT,
    "504": FailureKind.TIMED_OUT,
    "InternalError": FailureKind.SERVER_ERROR, "OperationAborted": FailureKind.SERVER_ERROR,
    "BadDigest": FailureKind.LOST, "IncompleteBody": FailureKind.LOST, "InvalidDigest": FailureKind.LOST,
    "XAmzContentChecksumMismatch": FailureKind.LOST, "XAmzContentSHA256Mismatch": FailureKind.LOST,
}  # fmt: skip

BOTO: Final = "botocore.exceptions"
_AIO: Final = "aiohttp"

_CLASSES: Final = (
    ((ChangedError,), FailureKind.CHANGED),
    ((BadAnswerError, ("botocore.parsers", "ResponseParserError")), FailureKind.LOST),
    (((BOTO, "NoCredentialsError"),), FailureKind.NO_CREDENTIALS),
    (((BOTO, "PartialCredentialsError"),), FailureKind.HALF_CREDENTIALS),
    (((BOTO, "ProfileNotFound"),), FailureKind.NO_PROFILE),
    (((BOTO, "CredentialRetrievalError", "TokenRetrievalError", "SSOError"),), FailureKind.PROVIDER_FAILED),
    (((BOTO, "MetadataRetrievalError", "RefreshWithMFAUnsupportedError"),), FailureKind.PROVIDER_FAILED),
    (((BOTO, "ParamValidationError", "InvalidRegionError"),), FailureKind.BAD_NAME),
    (((BOTO, "EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"),), FailureKind.ENDPOINT_DOWN),
    ((ConnectionRefusedError, (_AIO, "ClientConnectorError")), FailureKind.ENDPOINT_DOWN),
    # asyncio's own is the builtin one; botocore's read timeout and fsspec's are told apart here.
    (((BOTO, "ReadTimeoutError"), asyncio.TimeoutError, TimeoutError), FailureKind.TIMED_OUT),
    (((BOTO, "HTTPClientError", "ConnectionError", "IncompleteReadError"),), FailureKind.LOST),
    (((BOTO, "FlexibleChecksumError", "ChecksumError"), ConnectionError, (_AIO, "ClientError")), FailureKind.LOST),
    ((FileNotFoundError,), FailureKind.MISSING),
    ((NotADirectoryError, IsADirectoryError, FileExistsError), FailureKind.MISSING),
    ((PermissionError,), FailureKind.DENIED),
)


def is_of(error: BaseException | None, module: str, *names: str) -> bool:
    """Whether an exception is of some classes of a library; one that nothing has imported yet has raised none.

    >>> is_of(ValueError(), "botocore.exceptions", "ClientError", "SSLError")
    False
    """
    library = sys.modules.get(module)  # half a second to import, for which most buckets in a folder have no use
    return isinstance(error, tuple(getattr(library, name, ()) for name in names))


def classify(error: BaseException) -> Failure:
    """Tell what kind of fault an exception stands for.

    Args:
        error: As it came from fsspec, s3fs, aiobotocore or the operating system.

    >>> classify(FileNotFoundError(2, "No such file or directory")).kind.name
    'MISSING'
    """
    # s3fs turns a ClientError into a builtin and keeps it as the cause: the cause knows the code.
    for one in (error, error.__cause__):
        if is_of(one, BOTO, "ClientError"):
            return _from_answer(one)
    if is_of(error, _AIO, "ClientResponseError"):
        status: int = error.status  # type: ignore[attr-defined]
        return Failure(_of_code(str(status), status), str(status))
    if isinstance(error, DamagedError):
        return Failure(FailureKind.DAMAGED, str(error))
    name = type(error).__name__
    if is_of(error, BOTO, "SSLError") and "CERTIFICATE" in str(error).upper():
        return Failure(FailureKind.CERTIFICATE, name)
    kind = next((kind for classes, kind in _CLASSES if _is_one_of(error, classes)), FailureKind.OTHER)
    return Failure(kind, name, message=_words(error))


def _is_one_of(error: BaseException, classes: Sequence[type[BaseException] | tuple[str, ...]]) -> bool:
    return any(is_of(error, *each) if isinstance(each, tuple) else isinstance(error, each) for each in classes)


def _from_answer(error: Any) -> Failure:
    answer = error.response.get("Error", {})
    meta = error.response.get("ResponseMetadata", {})
    code = str(answer.get("Code", ""))
    status = int(meta.get("HTTPStatusCode", 0))
    hint = answer.get("Region") or meta.get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
    return Failure(_of_code(code, status), code or str(status), str(answer.get("Message", "")), str(hint))


def _of_code(code: str, status: int) -> FailureKind:
    if code in _CODES:
        return _CODES[code]
    if str(status) in _CODES:
        return _CODES[str(status)]
    return FailureKind.SERVER_ERROR if status >= 500 else FailureKind.OTHER  # noqa: PLR2004 - HTTP's own border


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in errno.errorcode:
        return error.strerror or ""
    return str(error)
