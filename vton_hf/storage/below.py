"""A place that we write to ourselves: what lies below it, and where people may put it."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePath

from vton_hf.errors import ConfigError, LayoutError
from vton_hf.storage.prefixes import path_text
from vton_hf.storage.store import Store


def objects_below(store: Store, uri: str) -> dict[str, int]:
    """The objects below a folder: their names from there on, and their bytes; none where there is no such folder.

    Args:
        store: Lists it.
        uri: With a trailing slash.

    Raises:
        StorageError: If the store fails.
    """
    with suppress(LayoutError):
        listing = store.list([uri])
        names = (each.removeprefix(uri) for each in listing["uri"].to_pylist())
        return dict(zip(names, listing["size"].to_pylist(), strict=True))
    return {}


def folder_text(place: str | PurePath) -> str:
    """A place to write to, for `resolve_prefix`: a bare name is a folder here, and not a key in a bucket."""
    text = str(path_text(place))
    return text if "://" in text else str(Path(text).expanduser().absolute())


def check_outside(uri: str, prefixes: Iterable[str], *, named: str) -> None:
    """Refuse a place below a prefix of triplets.

    Args:
        uri: The place.
        prefixes: Where triplets lie.
        named: The place as people wrote it.

    Raises:
        ConfigError: If it lies there.
    """
    for prefix in prefixes:
        if uri.startswith(prefix):
            raise ConfigError(
                f"{named} lies among the triplets of {prefix!r} and would be listed with them. Take another place."
            )
