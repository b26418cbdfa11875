"""Which settings hold: this call's, then the process's (`configure`), then the environment's."""

from collections.abc import Mapping
from typing import Final, Unpack

from vton_hf._core.checks import unknown_option
from vton_hf._core.options import StorageOptions
from vton_hf.storage.environment import from_environment, variable_of
from vton_hf.storage.options import NAMES, read_options
from vton_hf.storage.settings import StorageSettings

_WHO_ASKS: Final = ("access_key", "secret_key", "session_token", "profile", "anonymous")
"""One answer to one question: a layer that gives any of them replaces the layer below in all of them."""

_configured: dict[str, object] = {}


def configure(**settings: Unpack[StorageOptions]) -> None:
    """Settings for the whole process, in place of a `src/config.py` as the `train.common.dataset` API has it.

    Calls add up; `None` takes one setting back, and `configure()` with nothing takes back all.

    Args:
        **settings: Any field of `StorageSettings` but `options`.

    Raises:
        ConfigError: If a name is unknown or the settings make no sense together; nothing changes then.

    Examples:
        >>> import vton_hf
        >>> vton_hf.configure(region="eu-central-1", bucket="photos")
        >>> vton_hf.configure()
    """
    for name in settings:
        if name not in NAMES:
            raise unknown_option(name, NAMES)
    merged = _without_none({**_configured, **settings}) if settings else {}
    StorageSettings(**merged)  # type: ignore[arg-type]
    _configured.clear()
    _configured.update(merged)


def settings_for(storage_options: Mapping[str, object] | None = None, *, bucket: str | None = None) -> StorageSettings:
    """The settings of one call: `storage_options` > `configure()` > environment > defaults.

    Args:
        storage_options: As everywhere around fsspec: `key`, `secret`, `token`, `anon`, `endpoint_url`,
            `profile`, `client_kwargs`, or our own names, flat or under `"s3"`. It is not changed.
        bucket: The bucket of prefixes that name none; wins over every other.

    Returns:
        Checked settings. Credentials of the environment are not copied: botocore's chain finds them.

    Raises:
        ConfigError: If an option makes no sense.

    Examples:
        >>> settings_for({"anon": True, "client_kwargs": {"region_name": "eu-west-1"}}, bucket="open-data")
        StorageSettings(bucket='open-data', region='eu-west-1', anonymous=True)
    """
    known, rest = read_options(storage_options)
    if bucket is not None:
        known["bucket"] = bucket
    merged = _above(_above(from_environment(), _configured), known)
    return StorageSettings(**merged, options=tuple(sorted(rest.items())))  # type: ignore[arg-type]


def origins(storage_options: Mapping[str, object] | None = None) -> dict[str, str]:
    """Where each setting of `settings_for` comes from that is not a default.

    Args:
        storage_options: As for `settings_for`.

    Returns:
        By field name `"storage_options"`, `"vton_hf.configure"`, or the name of a variable of the environment.
    """
    known, _ = read_options(storage_options)
    environment = {name: variable_of(name) for name in from_environment()}
    configured = dict.fromkeys(_configured, "vton_hf.configure")
    merged = _above(_above(environment, configured), dict.fromkeys(known, "storage_options"))
    return {name: str(origin) for name, origin in merged.items()}


def _above(lower: Mapping[str, object], upper: Mapping[str, object]) -> dict[str, object]:
    replaced = _WHO_ASKS if any(upper.get(name) for name in _WHO_ASKS) else ()
    return _without_none({name: value for name, value in lower.items() if name not in replaced} | dict(upper))


def _without_none(settings: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value is not None}
