"""The YAML between the two rules at the top of a README.md: read, and changed only where it has to be."""

import copy
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from vton_hf.errors import ConfigError

_HEADER: Final = re.compile(
    r"\ufeff?\s*---[ \t]*(?:\r\n|\r|\n)"
    r"(?:(?P<block>.*?)(?:\r\n|\r|\n))??"
    r"---[ \t]*(?:\r\n|\r|\n|\Z)",
    re.DOTALL,
)
_UNCLOSED: Final = re.compile(r"\ufeff?\s*---[ \t]*(?:[\r\n]|\Z)")


def split(text: str, *, destination: str) -> tuple[str, str, str]:
    """Cut a README.md into the YAML of its header, its body, and the line break that it is written with.

    Raises:
        ConfigError: If the header has no end.
    """
    newline = "\r\n" if (first := re.search(r"\r?\n", text)) and first[0] == "\r\n" else "\n"
    if header := _HEADER.match(text):
        return header["block"] or "", text[header.end() :], newline
    if _UNCLOSED.match(text):
        raise ConfigError(
            f"README.md of {destination} begins with --- but no second line --- ends its YAML header. Add that line, "
            f"or delete the first one. Nothing was written."
        )
    return "", text.removeprefix("\ufeff"), newline


def loaded(block: str, *, destination: str) -> dict[str, Any]:
    """Read a header.

    Raises:
        ConfigError: If it is no YAML, or no mapping of texts to values.
    """
    try:
        data, twice = _parsed(f"{block}\n")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # The header begins on the second line.
        line = f", line {mark.line + 2}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        raise _unreadable(f"is broken{line}: {what}", destination) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _unreadable("holds no `key: value` lines", destination)
    if odd := [key for key in data if not isinstance(key, str)]:
        raise _unreadable(f"has the key {odd[0]!r}, which YAML reads as no text (write it in quotes)", destination)
    if twice:
        raise _unreadable(f"has the key {twice!r} twice", destination)
    return copy.deepcopy(data)


def patched(block: str, old: Mapping[str, Any], new: Mapping[str, Any], *, newline: str) -> str:
    """Write the changed and the new keys into a header; all other lines, comments too, stay as they are."""
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    if not changed:
        return block
    text = _edited(block, changed, newline)
    # Anchors, or a header in braces, are rare enough to be written anew.
    return text if _reads_as(text, new) else _dumped(new, newline)


def _edited(block: str, changed: Mapping[str, Any], newline: str) -> str:
    root = yaml.compose(block, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    starts = [key.start_mark.index for key, _ in pairs]
    parts = [block[: starts[0]] if starts else block]
    for (key, _), start, end in zip(pairs, starts, [*starts, len(block)][1:], strict=True):
        entry = block[start:end]
        if key.value in changed:
            entry = _dumped({key.value: changed[key.value]}, newline) + _tail(entry, newline)
        parts.append(entry)
    text = "".join(parts)
    written = {key.value for key, _ in pairs}
    added = [_dumped({key: value}, newline) for key, value in changed.items() if key not in written]
    return newline.join([*([text.rstrip("\r\n")] if text.strip() else []), *added])


def _tail(entry: str, newline: str) -> str:
    """The comments and blank lines below an entry, which belong to the next one."""
    lines = entry.splitlines(keepends=True)
    end = len(lines)
    while end > 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return (newline if lines[end - 1].endswith(("\r", "\n")) else "") + "".join(lines[end:])


def _dumped(data: Mapping[str, Any], newline: str) -> str:
    text: str = yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, line_break=newline)
    return text.rstrip("\r\n")


def _reads_as(block: str, data: Mapping[str, Any]) -> bool:
    try:
        return bool(_parsed(f"{block}\n")[0] == data)
    except yaml.YAMLError:
        return False


@lru_cache(maxsize=8)
def _parsed(text: str) -> tuple[Any, str | None]:
    """What YAML reads, and a key that stands there twice, of which it would silently take the second.

    Remembered: a push reads the same header five times, 30 ms each for three configs. Nobody may change what it gives.
    """
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        pairs = root.value if isinstance(root, yaml.MappingNode) else []
        # Before `<<` is resolved, which puts its keys beside those that take their place.
        keys = [key.value for key, _ in pairs if isinstance(key.value, str)]
        data = None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()
    return data, next((key for key in keys if keys.count(key) > 1), None)


def _unreadable(what: str, destination: str) -> ConfigError:
    return ConfigError(
        f"The YAML header of README.md of {destination} {what}. Mend it, or delete the header with its two lines ---. "
        f"Nothing was written."
    )
