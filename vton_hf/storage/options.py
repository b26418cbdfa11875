"""`storage_options` as the fsspec and Hugging Face ecosystem writes them, read into our own names."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields
from typing import Final

from vton_hf.errors import ConfigError
from vton_hf.storage.settings import StorageSettings

NAMES: Final = tuple(field.name for field in fields(StorageSettings) if field.name != "options")
"""The settings that have a name of their own."""

_ALIASES: Final = {
    **{name: name for name in NAMES},
    "anon": "anonymous",
    "aws_access_key_id": "access_key",
    "aws_secret_access_key": "secret_key",
    "aws_session_token": "session_token",
    "key": "access_key",
    "password": "secret_key",
    "region_name": "region",
    "secret": "secret_key",
    "token": "session_token",
    "username": "access_key",
}
_IN_CLIENT_KWARGS: Final = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "endpoint_url",
    "region_name",
)
_S3: Final = ("s3", "s3a")


def read_options(
    storage_options: Mapping[str, object] | None,
) -> tuple[dict[str, object], dict[str, object]]:
    """Sort one call's options into ours and the file system's.

    Args:
        storage_options: s3fs' names, ours, or both; also one level down, `{"s3": {...}}`. It is not changed.

    Returns:
        Our settings by field name, and what is left for the fsspec file system.

    Raises:
        ConfigError: If it is no mapping, or says one thing twice and differently.

    >>> read_options({"key": "AK", "client_kwargs": {"region_name": "eu-west-1"}, "use_ssl": False, "hf": {}})
    ({'region': 'eu-west-1', 'access_key': 'AK'}, {'use_ssl': False})
    """
    flat = _flatten(storage_options)
    client = _mapping("client_kwargs", flat.pop("client_kwargs", None))
    known: dict[str, object] = {}
    # s3fs' own order: what stands beside client_kwargs wins over what stands in it.
    for name in _IN_CLIENT_KWARGS:
        if (value := client.pop(name, None)) is not None:
            known[_ALIASES[name]] = value
    known |= _named(flat)
    rest = {name: deepcopy(value) for name, value in flat.items() if name not in _ALIASES}
    if client:
        rest["client_kwargs"] = deepcopy(client)
    return known, rest


def _flatten(storage_options: Mapping[str, object] | None) -> dict[str, object]:
    flat = _mapping("storage_options", storage_options)
    # `datasets` adds its own Hub entry to the caller's dict on the way.
    flat.pop("hf", None)
    for protocol in _S3:
        flat |= _mapping(f"storage_options[{protocol!r}]", flat.pop(protocol, None))
    return {name: value for name, value in flat.items() if value is not None}


def _named(flat: Mapping[str, object]) -> dict[str, object]:
    known: dict[str, object] = {}
    values: dict[str, str] = {}
    for name, value in flat.items():
        field = _ALIASES.get(name)
        if field is None:
            continue
        if field in known and known[field] != value:
            raise ConfigError(f"storage_options has {values[field]!r} and {name!r} for one thing: drop one.")
        known[field], values[field] = value, name
    return known


def _mapping(name: str, value: object) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"{name} must be a dict of options by name, got a {type(value).__name__}.")
    return dict(value)
