"""Captions of rows: a template over their columns of texts."""

import re
import string
from collections.abc import Sequence
from typing import Final

from vton_hf._core.checks import did_you_mean, must_be
from vton_hf.cache import TEXT_COLUMNS
from vton_hf.errors import ConfigError

CAPTION: Final = "dress the person in the garment"
"""The caption where none is given: the same for every row."""


def check_caption(template: object) -> None:
    """Refuse a template that could fail, or look into objects, while rows are written.

    Raises:
        ConfigError: Says what is wrong with it.
    """
    if not isinstance(template, str):
        raise must_be("caption", template, "a text", _fields_allowed(TEXT_COLUMNS))
    try:
        fields = [(name, spec or "") for _, name, spec, _ in string.Formatter().parse(template) if name is not None]
        if all(name.isidentifier() and not re.search(r"\{|\d{4}", spec) for name, spec in fields):
            template.format_map({name: "x" for name, _ in fields})
    except ValueError as error:
        raise ConfigError(f"caption={template!r} is malformed: {error}. {_fields_allowed(TEXT_COLUMNS)}") from None
    for name, spec in fields:
        if not name.isidentifier():
            raise _no_field(template, name, TEXT_COLUMNS)
        if re.search(r"\d{4}", spec):
            raise ConfigError(f"caption={template!r} asks for a text of {spec} characters. Allowed: up to 999.")
        if "{" in spec:
            raise ConfigError(
                f"caption={template!r} has a field within {{{name}:...}}. Write the width as a number. "
                f"{_fields_allowed(TEXT_COLUMNS)}"
            )


def check_fields(template: str, texts: Sequence[str]) -> None:
    """Refuse a template with a field that is no column.

    Raises:
        ConfigError: Says which one, and which columns there are.
    """
    for _, name, _, _ in string.Formatter().parse(template):
        if name is not None and name not in texts:
            raise _no_field(template, name, texts)


def _no_field(template: str, name: str, texts: Sequence[str]) -> ConfigError:
    hint = did_you_mean(name, texts)
    return ConfigError(
        f"caption={template!r} has the field {{{name}}}, which does not exist.{hint} {_fields_allowed(texts)}"
    )


def _fields_allowed(texts: Sequence[str]) -> str:
    return f"Allowed: text with any of {', '.join(f'{{{name}}}' for name in texts)}; a brace itself is {{{{."
