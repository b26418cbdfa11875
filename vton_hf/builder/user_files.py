"""Files that options name: on this machine, at a URI, or below a prefix."""

from collections.abc import Sequence
from pathlib import Path

from vton_hf.errors import ConfigError, ObjectMissingError
from vton_hf.storage import Store


def read_file(option: str, path: str, prefixes: Sequence[str], store: Store) -> tuple[bytes, str]:
    """The bytes of a file, and its name or URI.

    Args:
        option: What names it, for messages.
        path: A URI, a file on this machine, or one below a prefix.
        prefixes: Where the triplets lie.
        store: Reads it, unless it is on this machine.

    Raises:
        ConfigError: If there is none.
        StorageError: If the store does not answer.
    """
    here = Path(path).expanduser()
    if "://" not in path and here.is_file():
        return here.read_bytes(), path
    for uri in [path] if "://" in path else [f"{prefix}{path}" for prefix in prefixes]:
        (body,) = store.read([uri])
        if isinstance(body, bytes):
            return body, uri
        if not isinstance(body, ObjectMissingError):
            raise body
    where = "" if "://" in path else ", neither on this machine nor below a prefix"
    raise ConfigError(f"{option}={path!r} is not there{where}. Write the path or the URI of a file.")
