"""Patterns of keys, such as `{split}/image/{stem}.jpg`: which keys fit one, and what stands at its fields."""

import re
from dataclasses import dataclass
from typing import Final

from vton_hf._core.checks import did_you_mean
from vton_hf.errors import ConfigError
from vton_hf.naming import DIFFICULTIES, GENDERS

PLACES: Final = ("split", "category", "difficulty", "gender")
"""Fields that say where an image belongs; they stand for a folder's name."""

SPLITS: Final = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
"""How folders and pair files spell splits, and what a row says."""

_VALUES: Final = {
    "split": f"(?i:{'|'.join(sorted(SPLITS, key=len, reverse=True))})",
    "difficulty": f"(?i:{'|'.join(DIFFICULTIES)})",
    "gender": f"(?i:{'|'.join(GENDERS)})",
    "category": "[^/]+",
    "stem": "[^/]+",
    "garment": "[^/]+",
}
FIELDS: Final = tuple(_VALUES)
_IMAGES: Final = ("png", "jpg", "jpeg", "webp")
_ROOT: Final = r"^(?P<root>(?:[A-Za-z][A-Za-z0-9+.-]*://[^/]*/)?(?:.*/)?)"
_TOKEN: Final = re.compile(r"\{([^{}]*)\}|\*")
_EXAMPLE: Final = "Write such as '{split}/image/{stem}.jpg'."


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern, read.

    Attributes:
        text: As it was written.
        fields: Those that it holds, in its order.
        folder: A regular expression, of Arrow's RE2, for a key up to its last slash.
        name: The same for what stands behind it.
        endings: Where the name is one field and an ending, what the usual spellings of that are; else empty.
    """

    text: str
    fields: tuple[str, ...]
    folder: str
    name: str
    endings: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: object, where: str, *, image: bool = True) -> "Pattern":
        """Read a pattern: folders below any folder, fields in braces, `*` for anything within a name.

        Args:
            text: What was written.
            where: What it stands for, for messages.
            image: Whether `.jpg` also stands for `.png`, `.jpeg` and `.webp`; upper case is the same for all files.

        Raises:
            ConfigError: If it cannot be read.
        """
        if not isinstance(text, str) or not text or text.startswith("/") or "://" in text or text.endswith("/"):
            raise ConfigError(f"{where} must be a pattern of keys below some folder, got {text!r}. {_EXAMPLE}")
        fields = tuple(match[1] for match in _TOKEN.finditer(text) if match[1] is not None)
        _check_fields(text, fields, where)
        folder, _, name = text.rpartition("/")
        misplaced = [field for field in PLACES if image and f"{{{field}}}" in name]
        if misplaced:
            raise ConfigError(
                f"{where} {text!r} has {{{misplaced[0]}}} in a file's name. Allowed there are {{stem}} and "
                f"{{garment}}; the others stand for folders."
            )
        of_folder = rf"(?s){_ROOT}{_regex(folder)}{'/' if folder else ''}$"
        return cls(text, fields, of_folder, rf"(?s)^{_name(name, image)}$", _endings(name, image))


def _check_fields(text: str, fields: tuple[str, ...], where: str) -> None:
    for field in fields:
        if field not in FIELDS:
            allowed = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise ConfigError(
                f"{where} {text!r} has the field {{{field}}}, which does not exist.{did_you_mean(field, FIELDS)} "
                f"Allowed: {allowed}, and * for anything."
            )
        if fields.count(field) > 1:
            raise ConfigError(f"{where} {text!r} has {{{field}}} twice. Allowed: each field once.")


def _name(name: str, image: bool) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or "}" in extension or "*" in extension:
        return _regex(name)
    endings = "|".join(_IMAGES) if image and extension.lower() in _IMAGES else re.escape(extension)
    return rf"{_regex(stem)}\.(?i:{endings})"


def _endings(name: str, image: bool) -> tuple[str, ...]:
    fits = re.fullmatch(r"\{(?:stem|garment)\}([^{}*]*)\.([^.{}*]+)", name)
    if not fits:
        return ()
    extensions = _IMAGES if image and fits[2].lower() in _IMAGES else (fits[2],)
    return tuple(f"{fits[1]}.{extension}" for extension in extensions)


def _regex(text: str) -> str:
    """Of two fields in one name the first is as short as can be: the mark between them is its first."""
    parts, last = [], 0
    tokens = list(_TOKEN.finditer(text))
    for number, match in enumerate(tokens):
        field, short = match[1], "?" if number < len(tokens) - 1 else ""
        parts.append(re.escape(text[last : match.start()]))
        value = "[^/]*" if field is None else _VALUES[field]
        value += short if value.endswith(("+", "*")) else ""
        parts.append(value if field is None else f"(?P<{field}>{value})")
        last = match.end()
    return "".join([*parts, re.escape(text[last:])])
