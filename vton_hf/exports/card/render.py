"""A card from what lies there and the card that was there before."""

from collections.abc import Container, Sequence
from typing import Any

from vton_hf.errors import ConfigError
from vton_hf.exports.card.contents import Contents, by_difficulty
from vton_hf.exports.card.header import loaded, patched, split
from vton_hf.exports.card.metadata import default_config, entries, merged, paths
from vton_hf.exports.card.prose import about, config, load, title
from vton_hf.exports.card.quoting import shown
from vton_hf.exports.card.sections import merge
from vton_hf.naming import DIFFICULTIES


def render(old: str | None, contents: Sequence[Contents], *, destination: str, license: str | None = None) -> str:  # noqa: A002
    """Write a dataset's README.md.

    The same arguments give the same text, and what comes out may go in again as `old`. Of an old text all is kept
    that is not ours: keys of its YAML header, configs that are not in `contents`, whatever stands outside the marks
    of our sections, and, below the section, what people wrote between the marks. Sections of ours that are missing
    are put back.

    Args:
        old: The README.md that is there now.
        contents: The configs to describe, at least one.
        destination: What stock `load_dataset` takes: `"org/name"` or a folder; or the URL of a folder in a store.
        license: As in the header's `license`; None keeps the one that is there, or says that it is unknown.

    Raises:
        ConfigError: If the old header cannot be read or merged, or the contents make no sense.
    """
    ordered = sorted(contents, key=lambda each: by_difficulty(each.name))
    names = [each.name for each in ordered]
    if not names or len(set(names)) < len(names) or not set(names) <= set(DIFFICULTIES):
        raise ConfigError(f"A card describes some of {', '.join(DIFFICULTIES)}, each once, not {names}.")
    block, body, newline = split(old or "", destination=shown(destination))
    before = loaded(block, destination=shown(destination))
    after = merged(before, ordered, license=license)
    sections = {"about": about(after)}
    sections |= {f"config:{each.name}": config(each) for each in ordered}
    sections["load"] = load(after, destination)
    start = body if body.strip() else newline.join(["", f"# {title(destination)}", "", ""])
    header = patched(block, before, after, newline=newline)
    return newline.join(["---", header, "---", merge(start, sections, newline=newline)])


def decoded(data: bytes, *, destination: str) -> str:
    """The text of a README.md.

    Raises:
        ConfigError: If it is not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"README.md of {shown(destination)} is not UTF-8 ({error.reason} at byte {error.start:,}). Save it as "
            f"UTF-8."
        ) from None


def check(old: str | None, *, destination: str) -> None:
    """Find out whether `render` can merge into this text.

    Raises:
        ConfigError: If its header cannot be read or is not what `datasets` expects.
    """
    header = _header(old, destination)
    entries(header, "configs")
    entries(header, "dataset_info")
    default_config({"configs": entries(header, "configs")})


def relicensed(old: str, license: str, *, destination: str) -> str:  # noqa: A002
    """The same card under another licence."""
    block, body, newline = split(old, destination=shown(destination))
    before = loaded(block, destination=shown(destination))
    header = patched(block, before, {**before, "license": license}, newline=newline)
    return newline.join(["---", header, "---", body])


def data_files(old: str | None, names: Container[str], *, destination: str) -> list[str]:
    """The globs that a README.md names for these configs."""
    named = [entry for entry in entries(_header(old, destination), "configs") if entry["config_name"] in names]
    return [path for entry in named for path in paths(entry.get("data_files"))]


def _header(text: str | None, destination: str) -> dict[str, Any]:
    block, _, _ = split(text or "", destination=shown(destination))
    return loaded(block, destination=shown(destination))
