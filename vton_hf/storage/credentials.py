"""Which credentials sign requests and where they were found, in words that hold no secret."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vton_hf.storage import environment
from vton_hf.storage.settings import StorageSettings

_LONG: Final = 16
"""Characters of an access key id of AWS at least; of shorter ones, a person's own, no part is shown."""

_METHODS: Final = {
    "env": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "assume-role": "an assumed role",
    "assume-role-with-web-identity": "a role that a web identity assumes",
    "sso": "SSO",
    "login": "aws login",
    "custom-process": "credential_process",
    "container-role": "the role of this container",
    "iam-role": "the role of this machine",
}
"""What botocore calls a source of credentials, and what people call it; of files see `_source`."""

_OF_PROFILES: Final = frozenset({"assume-role", "sso", "login", "custom-process"})


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs requests.

    Attributes:
        key: The end of the access key id, such as `...MPLE`, or `...`.
        source: Where it was found.
        temporary: Whether a session token belongs to it, and so it expires.
    """

    key: str
    source: str
    temporary: bool


async def signer(
    settings: StorageSettings, found: Any, origins: Mapping[str, str]
) -> tuple[Signer | None, StorageSettings]:
    """Who signs requests, and the settings with its credentials, by which messages are kept free of them.

    Args:
        settings: Those in force.
        found: What botocore's chain gave, or None.
        origins: From `layers.origins`.

    Returns:
        None for who signs if nobody does.
    """
    if settings.access_key:
        source = origins.get("access_key", "the settings")
        return Signer(_shown(settings.access_key), source, bool(settings.session_token)), settings
    if settings.anonymous or found is None:
        return None, settings
    now = await found.get_frozen_credentials()
    known = replace(settings, access_key=now.access_key, secret_key=now.secret_key, session_token=now.token or None)
    return Signer(_shown(now.access_key), _source(found.method, settings), bool(now.token)), known


def _shown(access_key: str) -> str:
    return f"...{access_key[-4:] if len(access_key) >= _LONG else ''}"


def _source(method: str, settings: StorageSettings) -> str:
    config, credentials = environment.profile_files()
    files = {"shared-credentials-file": credentials, "config-file": config}
    source = files.get(method) or _METHODS.get(method, method)
    if method in files or method in _OF_PROFILES:
        return f"{source}, profile {settings.profile or environment.profile() or 'default'!r}"
    return source
