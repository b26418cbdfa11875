"""Object stores: settings, list, read many, write. No other package reads the environment."""

from vton_hf.storage.below import check_outside, folder_text, objects_below
from vton_hf.storage.environment import (
    disabled,
    hub_token_variable,
    is_offline,
    no_color,
    ray_address,
    shared_cache,
    without_telemetry_of_ray,
)
from vton_hf.storage.failures import FailureKind
from vton_hf.storage.known import known_table
from vton_hf.storage.layers import configure, settings_for
from vton_hf.storage.messages import ANONYMOUSLY
from vton_hf.storage.prefixes import path_text, resolve_prefix
from vton_hf.storage.probe import Look, Probe, Trouble
from vton_hf.storage.reading import Body
from vton_hf.storage.settings import StorageSettings
from vton_hf.storage.store import Store
from vton_hf.storage.tables import give_back
from vton_hf.storage.usable import Source, read_sources, use_each

__all__ = [
    "ANONYMOUSLY",
    "Body",
    "FailureKind",
    "Look",
    "Probe",
    "Source",
    "StorageSettings",
    "Store",
    "Trouble",
    "check_outside",
    "configure",
    "disabled",
    "folder_text",
    "give_back",
    "hub_token_variable",
    "is_offline",
    "known_table",
    "no_color",
    "objects_below",
    "path_text",
    "ray_address",
    "read_sources",
    "resolve_prefix",
    "settings_for",
    "shared_cache",
    "use_each",
    "without_telemetry_of_ray",
]
