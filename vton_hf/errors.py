"""The ways this package says no; each is also the builtin that a caller would expect to catch.

```text
VTONError
├── ConfigError      (ValueError)   an option that makes no sense
├── LayoutError      (ValueError)   the bucket is not laid out as it should be
├── EmptyPoolError   (LookupError)  a recipe draws from a difficulty that has no triplet
├── ImageError       (ValueError)   an object is not a usable image
├── SampleError      (ValueError)   samples that do not make a batch
├── BuildError       (RuntimeError) a build stopped for a reason that is not the store's
├── StorageError     (OSError)      the store did not answer as it should
│   ├── AccessError          (PermissionError)    credentials, rights, region
│   ├── ObjectMissingError   (FileNotFoundError)  no such object or bucket
│   └── UnavailableError     (TimeoutError)       no answer in time: throttled, failing, unreachable
└── HubError         (OSError)      the Hub did not take what was pushed
    ├── HubAccessError       (PermissionError)    no token, no rights, or a repository that is public
    └── HubUnavailableError  (ConnectionError)    no answer in time: throttled, failing, unreachable
```
"""

import logging
import re
from collections.abc import Iterable
from typing import Final

_SIGNED: Final = re.compile(
    r"(?i)\b((?:X-(?:Amz|Goog|Oss)-(?:Signature|Credential|Security-Token)|Signature|sig|AWSAccessKeyId|"
    r"GoogleAccessId|OSSAccessKeyId|Key-Pair-Id|Policy|security-token|session-?token|access_token|q-signature|q-ak)"
    r"(?:=|%3D))[^&;\s'\"<>]+"
)
_LOGIN: Final = re.compile(r"(://)[^/\s:@'\"]*:(?!\d+[/\s'\"])[^\s@'\"]*@")


def redacted(text: str) -> str:
    """Blank out what signs an address: the values of such parameters, and a password in front of a host.

    Examples:
        >>> redacted("https://h/k?X-Amz-Signature=0f0e&X-Amz-Date=1")
        'https://h/k?X-Amz-Signature=***&X-Amz-Date=1'
    """
    return _LOGIN.sub(r"\1***@", _SIGNED.sub(r"\1***", text))


class _Redacting(logging.Filter):
    """Goes over each record of our logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if (clean := redacted(text)) != text:
            record.msg, record.args = clean, ()
        return True


logging.getLogger("vton_hf").addFilter(_Redacting())


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Blank out every secret.

    Examples:
        >>> without_secrets("bad header 'hunter2'", ["hunter2"])
        "bad header '***'"
    """
    # The longest first: one secret may be part of another.
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


class VTONError(Exception):
    """Root of every error that this package raises on purpose; what signs a web address is blanked out in it."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(redacted(arg) if isinstance(arg, str) else arg for arg in args))


class ConfigError(VTONError, ValueError):
    """An option that makes no sense; the message says what is allowed."""


class LayoutError(VTONError, ValueError):
    """The listed keys do not follow the bucket's layout, or hold no complete triplet."""


class EmptyPoolError(VTONError, LookupError):
    """A recipe gives weight to a difficulty for which no triplet was found."""


class ImageError(VTONError, ValueError):
    """Bytes that are not a usable image: another format, truncated, damaged, absurdly large."""


class SampleError(VTONError, ValueError):
    """Samples that do not make a batch: images of other shapes, no tensors, or none at all."""


class BuildError(VTONError, RuntimeError):
    """A build could not go on; what is finished stays and the next run continues from it."""


class StorageError(VTONError, OSError):
    """The store failed, for one object or as a whole; the message names bucket, prefix and next step."""


class AccessError(StorageError, PermissionError):
    """The store refused: no credentials, wrong or expired ones, no right, wrong region."""


class ObjectMissingError(StorageError, FileNotFoundError):
    """The bucket or the object does not exist (any more)."""


class UnavailableError(StorageError, TimeoutError):
    """The store did not answer until the deadline; the same request may go well later."""


class HubError(VTONError, OSError):
    """The Hub did not take what was pushed; what people load from it is unchanged."""


class HubAccessError(HubError, PermissionError):
    """No token, one that may not write, or a repository that is public."""


class HubUnavailableError(HubError, ConnectionError):
    """The Hub did not answer until the deadline; the same push may go well later."""
