"""The layouts that have a name, and how one is asked for: by name, in a file, as a dictionary."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Any, Final

from vton_hf._core.checks import did_you_mean, must_be
from vton_hf._core.options import LAYOUTS
from vton_hf.errors import ConfigError
from vton_hf.triplets.layouts.layout import Layout, layout_of

AUTO, VTON, *PATTERNED, TABLE = LAYOUTS
TABLE_NAMES: Final = ("metadata.csv", "metadata.tsv", "metadata.jsonl", "metadata.parquet")
"""Where `imagefolder` looks for the columns of its images, and `layout="table"` for those of rows."""


def read_layout(layout: object) -> Layout | None:
    """A layout that was asked for; None for `"auto"`, which is recognised.

    Args:
        layout: One of `LAYOUTS`, the path of a TOML file, a dictionary, or a `Layout`.

    Raises:
        ConfigError: If there is no such layout, or it says something that makes no sense; with the nearest that does.
    """
    if layout is None or layout == AUTO:
        return None
    if isinstance(layout, Layout):
        return layout
    if isinstance(layout, Mapping):
        return layout_of(layout, "of your own")
    if isinstance(layout, str) and layout in LAYOUTS:
        return own(layout)
    if isinstance(layout, PurePath) or (isinstance(layout, str) and layout.lower().endswith(".toml")):
        return _from_file(Path(layout))
    hint = did_you_mean(layout, LAYOUTS).strip() if isinstance(layout, str) else ""
    names = ", ".join(map(repr, LAYOUTS))
    raise must_be("layout", layout, f"{names}, a TOML file or a dictionary", hint)


@cache
def own(name: str) -> Layout:
    """A layout that has a name."""
    if name == TABLE:
        return layout_of({"name": TABLE, "table": list(TABLE_NAMES)}, TABLE)
    return layout_of(tomllib.loads(_own_text(name)), name)


def layout_text(layout: str) -> str:
    """A layout as a TOML file: of one with a name, or of another file.

    Raises:
        ConfigError: If there is no such layout.
    """
    if layout in LAYOUTS and layout != AUTO:
        return _own_text(layout)
    read_layout(layout)
    return Path(layout).expanduser().read_text(encoding="utf-8-sig")


def _own_text(name: str) -> str:
    if name == TABLE:
        return _TABLE_TEXT
    return files("vton_hf.triplets.layouts").joinpath("own", f"{name}.toml").read_text(encoding="utf-8")


_TABLE_TEXT: Final = f"""# A table beside the images: columns hold their paths, relative to it; all others come along.
name = "table"
table = [{", ".join(f'"{name}"' for name in TABLE_NAMES)}]
# These columns are looked for; another name is said so, without the #.
# initial_image = "initial_image_file_name"
# cloth_image = "cloth_image_file_name"
# try_on_image = "try_on_image_file_name"
"""


def _from_file(path: Path) -> Layout:
    try:
        written: dict[str, Any] = tomllib.loads(path.expanduser().read_text(encoding="utf-8-sig"))
    except OSError as error:
        hint = did_you_mean(path.stem, LAYOUTS)
        raise ConfigError(f"layout={str(path)!r} cannot be read ({error.strerror}).{hint}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"layout={str(path)!r} is no TOML file: {error}.") from None
    return layout_of(written, path.stem)
