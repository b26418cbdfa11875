"""Where the store is, who asks, and how patiently: one frozen value that is checked when it is made."""

import math
import re
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Final

from vton_hf._core.checks import as_int, check_bool, must_be
from vton_hf.errors import ConfigError, redacted

_SECRETS: Final = frozenset({"access_key", "secret_key", "session_token"})
_TEXTS: Final = ("bucket", "region", "endpoint_url", "access_key", "secret_key", "session_token", "profile")
_BUCKET: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class StorageSettings:
    """How to reach a store: the settings that `configure` and `storage_options` take, by these names.

    Args:
        bucket: The bucket of prefixes that name none.
        region: The bucket's region.
        endpoint_url: The server, for a store that is not Amazon's.
        access_key: Given here, or left to botocore's chain (environment, profile, SSO, roles).
        secret_key: Belongs to `access_key`.
        session_token: Belongs to `access_key` where that is a temporary one.
        profile: A profile of `~/.aws/config`.
        anonymous: Do not sign requests: a public bucket.
        timeout: Seconds that one request may stay silent.
        deadline: Seconds to keep trying through throttling, 5xx and lost connections; a listing that gets no
            answer at all gives up after 15.
        concurrency: Objects in flight.
        options: Further options of the fsspec file system, as pairs.

    Raises:
        ConfigError: If two settings contradict each other or one makes no sense.

    Examples:
        >>> StorageSettings(bucket="photos", access_key="AKIA...", secret_key="...", timeout=10)
        StorageSettings(bucket='photos', access_key='***', secret_key='***', timeout=10)
    """

    bucket: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    profile: str | None = None
    anonymous: bool = False
    timeout: float = 30.0
    deadline: float = 120.0
    concurrency: int = 64
    options: tuple[tuple[str, object], ...] = ()

    def __post_init__(self) -> None:
        for name in _TEXTS:
            _check_text(name, getattr(self, name))
        check_bool("anonymous", self.anonymous)
        for name in ("timeout", "deadline", "concurrency"):
            object.__setattr__(self, name, _positive(name, getattr(self, name)))
        if not isinstance(self.concurrency, int):
            raise must_be("concurrency", self.concurrency, "a whole number of objects")
        if self.bucket is not None:
            check_bucket(self.bucket)
        if self.endpoint_url is not None:
            _check_endpoint(self.endpoint_url)
        self._check_credentials()

    def __repr__(self) -> str:
        shown = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value == field.default:
                continue
            if field.name == "options":  # may hold anything, passwords included
                value = tuple(name for name, _ in self.options)
            shown.append(f"{field.name}={'***' if field.name in _SECRETS else value!r}")
        return redacted(f"StorageSettings({', '.join(shown)})")

    def secrets(self) -> tuple[str, ...]:
        """The credentials among the settings, for keeping them out of messages."""
        return tuple(value for name in sorted(_SECRETS) if (value := getattr(self, name)))

    def _check_credentials(self) -> None:
        given = [name for name in sorted(_SECRETS) if getattr(self, name)]
        if self.anonymous and given:
            raise ConfigError(
                f"anonymous=True sends no credentials, yet {' and '.join(given)} was given. Drop "
                f"{' and '.join(given)} for a public bucket, or drop anonymous to sign requests."
            )
        if given and not (self.access_key and self.secret_key):
            missing = [name for name in ("access_key", "secret_key") if name not in given]
            raise ConfigError(
                f"{' and '.join(missing)} must stand beside {' and '.join(given)}. Add what is missing, or drop all of "
                f"them to use the environment, a profile or a role. Options of another store go under its name: "
                f"storage_options={{'gs': {{'token': ...}}}}."
            )


def check_bucket(bucket: str) -> str:
    """Refuse what cannot be a bucket's name.

    Raises:
        ConfigError: The message does not repeat a name that may hold credentials.
    """
    if bucket.startswith("arn:"):
        raise ConfigError(f"{bucket!r} is an ARN: use the access point's alias (it ends in -s3alias).")
    if "@" in bucket or ":" in bucket.replace("://", ""):
        raise ConfigError(
            "A bucket's name holds no '@' or ':'. Credentials do not belong in a URI: give them as "
            "access_key= and secret_key=, or in the environment."
        )
    if not _BUCKET.fullmatch(bucket):
        raise must_be("bucket", bucket, "letters, digits, '.', '_' and '-'", "Write it without 's3://' and slashes.")
    return bucket


def _check_text(name: str, value: object) -> None:
    shown = "***" if name in _SECRETS else repr(value)
    if value is not None and (not isinstance(value, str) or not value):
        raise ConfigError(f"{name} must be a text that is not empty, or None, got {shown}.")
    if isinstance(value, str) and value != value.strip():
        raise ConfigError(f"{name}={shown} begins or ends with a blank: was a line break copied with it?")


def _positive(name: str, value: Any) -> float:
    whole = as_int(value)
    # NumPy's numbers are such, too.
    number = whole if whole is not None or not isinstance(value, Real) else float(value)
    if number is None or isinstance(value, bool) or not math.isfinite(number) or number <= 0:
        raise must_be(name, value, "a number above 0")
    return number


def _check_endpoint(endpoint_url: str) -> None:
    scheme, separator, host = endpoint_url.partition("://")
    if "@" in endpoint_url:  # anywhere: a secret may hold a slash
        raise ConfigError("endpoint_url holds a '@': credentials go into access_key= and secret_key=.")
    if not separator or scheme not in {"http", "https"} or not host:
        raise must_be("endpoint_url", endpoint_url, "http://HOST or https://HOST")
