"""`vton-hf scan --layout-out`: the layout that was seen, as a file to be changed and given to `--layout`."""

from pathlib import Path

from vton_hf.errors import ConfigError
from vton_hf.triplets import Audit, layout_text


def write_layout(path: Path, audit: Audit, chosen: str | None) -> None:
    """Write the layout that was seen.

    Args:
        path: The file.
        audit: Which were seen.
        chosen: What `--layout` says, or None.

    Raises:
        ConfigError: If there are several: a file is for one.
        OSError: If it cannot be written.
    """
    names = list(dict.fromkeys(seen.layout for seen in audit.seen))
    if len(names) != 1:
        shown = "; ".join(f"{', '.join(seen.prefixes) or 'elsewhere'}: {seen.layout}" for seen in audit.seen)
        raise ConfigError(f"--layout-out writes one layout, and there are several ({shown}). Scan one prefix alone.")
    path.write_text(layout_text(chosen or names[0]), encoding="utf-8")
