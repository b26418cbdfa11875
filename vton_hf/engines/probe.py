"""Whether a worker's machine sees the folder that the driver sees."""

import platform
from pathlib import Path

from vton_hf.errors import ConfigError


def check_probe(path: Path | None) -> None:
    """Refuse to work where a file that the driver has made is not seen.

    Raises:
        ConfigError: If it is not.
    """
    if path is not None and not path.exists():
        raise ConfigError(
            f"{platform.node()} does not see {path.parents[1]}, which the driver does. Give all machines that folder, "
            f"or, for a build, pass shared_cache= (--shared-cache), such as s3://bucket/vton-cache/."
        )
