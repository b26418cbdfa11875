"""Which triplets are asked for: genders, a limit, names that are left out."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from vton_hf._core.checks import check_int, must_be
from vton_hf.errors import ConfigError
from vton_hf.naming import GENDERS

Exclude = str | PurePath | Iterable[str]


def check_gender(gender: str | Sequence[str] | None) -> list[str]:
    """The genders that are asked for; none for all.

    Raises:
        ConfigError: If a name is not one of `GENDERS`.
    """
    wanted = [] if gender is None else [gender] if isinstance(gender, str) else list(gender)
    if gender is not None and (not wanted or not set(wanted) <= set(GENDERS)):
        raise must_be("gender", gender, f"{', '.join(map(repr, GENDERS))}, or None for all")
    return wanted


def check_limit(limit: int | None) -> int | None:
    """How many triplets of each difficulty are asked for; None for all.

    Raises:
        ConfigError: If the limit is not a positive whole number.
    """
    return None if limit is None else check_int("limit", limit, least=1, or_else="None for all")


def read_names(exclude: Exclude | None) -> list[str]:
    """The names of `exclude=`, from a list or a file; blank lines and those that start with # are comments.

    Raises:
        ConfigError: If the file cannot be read or an entry is not a string.
    """
    if exclude is None:
        return []
    if isinstance(exclude, (str, PurePath)):
        try:
            text = Path(exclude).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise ConfigError(
                f"exclude={str(exclude)!r} cannot be read as a file ({reason}). "
                f"Pass a list of keys, or a text file with one key a line."
            ) from None
        lines = {line.strip() for line in text.splitlines()}
        return sorted(line for line in lines if line and not line.startswith("#"))
    if not isinstance(exclude, Iterable):
        raise must_be("exclude", exclude, "a list of keys, or a file with one a line")
    names = list(exclude)
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise ConfigError(f"exclude= takes keys as strings, but holds {wrong[0]!r}.")
    return sorted(set(names))
