"""What the environment says; no other module of the package looks into it."""

import os
import re
from typing import Final

from vton_hf._core.checks import must_be

SWITCHES: Final = frozenset({"prefetch", "shared-memory", "malloc"})

_SOURCES: Final = {
    "region": ("S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
    "bucket": ("S3_BUCKET_NAME",),
    "endpoint_url": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
}
"""Settings that are passed on to botocore; those that botocore does not know come first."""

_SECRETS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_PROFILES: Final = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
_HUB_TOKENS: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})


def from_environment() -> dict[str, object]:
    """The settings that the environment names; an empty variable counts as unset.

    Credentials are not among them: botocore's own chain finds those (variables, profile, SSO, roles) and
    renews them when they expire, which a copy taken here would not.

    Returns:
        Field names of `StorageSettings` and their values.
    """
    values = {field: _first(names) for field, names in _SOURCES.items()}
    return {field: value for field, value in values.items() if value is not None}


def variable_of(field: str) -> str | None:
    """The variable that names a setting of `from_environment`; None if none does."""
    return next((name for name in _SOURCES.get(field, ()) if _first((name,))), None)


def profile() -> str | None:
    """The profile that the environment names, in botocore's order; an empty variable counts as unset."""
    return profile_and_variable()[0]


def profile_and_variable() -> tuple[str | None, str]:
    """The same, and the variable that names it."""
    return next(((name, variable) for variable in _PROFILES if (name := _first((variable,)))), (None, _PROFILES[-1]))


def profile_files() -> tuple[str, str]:
    """Where botocore looks for profiles."""
    return (
        _first(("AWS_CONFIG_FILE",)) or "~/.aws/config",
        _first(("AWS_SHARED_CREDENTIALS_FILE",)) or "~/.aws/credentials",
    )


def secrets() -> tuple[str, ...]:
    """The credentials that lie in the environment, for keeping them out of messages."""
    return tuple(value for name in _SECRETS if (value := _first((name,))))


def disabled() -> frozenset[str]:
    """The parts of a worker that `VTON_HF_DISABLE` switches off.

    Raises:
        ConfigError: If there is no such part.
    """
    text = os.environ.get("VTON_HF_DISABLE", "")
    names = frozenset(filter(None, re.split(r"[\s,]+", text.lower().replace("_", "-"))))
    if not names <= SWITCHES:
        raise must_be("VTON_HF_DISABLE", text, f"any of {', '.join(sorted(SWITCHES))}, with commas between")
    return names


def shared_cache() -> str | None:
    """Where `VTON_HF_SHARED_CACHE` says that machines share finished chunks; an empty variable counts as unset."""
    return _first(("VTON_HF_SHARED_CACHE",))


def hub_token_variable() -> str | None:
    """The variable from which huggingface_hub takes its token; None if neither holds one."""
    return next((name for name in _HUB_TOKENS if _first((name,))), None)


def no_color() -> bool:
    """Whether `NO_COLOR` asks for text without colours."""
    return bool(os.environ.get("NO_COLOR"))


def ray_address() -> str | None:
    """The cluster that Ray would use."""
    return _first(("RAY_ADDRESS",))


def without_telemetry_of_ray() -> None:
    """Ray sends usage statistics unless this says otherwise; whoever wants that says so."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


def is_offline() -> bool:
    """Whether `HF_DATASETS_OFFLINE` asks to touch no store.

    Returns:
        True for `1`, `true`, `yes` and `on`, in any case. `HF_HUB_OFFLINE` speaks about the Hub only.
    """
    return os.environ.get("HF_DATASETS_OFFLINE", "").strip().lower() in _TRUE


def _first(names: tuple[str, ...]) -> str | None:
    values = (os.environ.get(name, "").strip() for name in names)
    return next((value for value in values if value), None)
