"""Values as they are written on the command line."""

import argparse
import re


def weights(text: str) -> dict[str, float]:
    """Read `easy=0.1,hard=0.9`.

    Raises:
        argparse.ArgumentTypeError: If it is written otherwise.
    """
    try:
        return {name.strip(): float(number) for name, number in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not written like easy=0.1,medium=0.4,hard=0.5") from None


def by_name(text: str) -> dict[str, str]:
    """Read `dresses=hard,tops=easy`; the library checks the values.

    Raises:
        argparse.ArgumentTypeError: If it is written otherwise.
    """
    try:
        return {name.strip(): value.strip() for name, value in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not written like dresses=hard,tops=easy") from None


def column_values(text: str) -> tuple[str, list[str]]:
    """Read `category=dresses,upper_body`; the library checks the column.

    Raises:
        argparse.ArgumentTypeError: If it is written otherwise.
    """
    name, equals, values = text.partition("=")
    if not (name and equals and values):
        raise argparse.ArgumentTypeError(f"{text!r} is not written like category=dresses,upper_body")
    return name.strip(), [value.strip() for value in values.split(",")]


def mix(text: str) -> str:
    """The name of a mix; which there are, argparse says.

    Raises:
        argparse.ArgumentTypeError: If it is a prefix, which stands behind it.
    """
    if "/" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no mix: easy, medium or hard stands before PREFIX")
    return text


def names(text: str) -> list[str]:
    """Read `easy,hard`; the library checks the names."""
    return [name.strip() for name in text.split(",")]


def positive(text: str) -> int:
    """Read a whole number from 1.

    Raises:
        argparse.ArgumentTypeError: If it is none.
    """
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def shard(text: str) -> tuple[int, int]:
    """Read `0/8`; the library checks the range.

    Raises:
        argparse.ArgumentTypeError: If it is written otherwise.
    """
    if (numbers := _pair(text, "/")) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not written like 0/8: the first of eight shares")
    return numbers


def threshold(text: str) -> tuple[str, float]:
    """Read `dark=0.2`; the library checks the name and the range.

    Raises:
        argparse.ArgumentTypeError: If it is written otherwise.
    """
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not written like dark=0.2") from None


def epoch_size(text: str) -> int | str | dict[str, int | str]:
    """A number, or one of the words, or such by split, as in `train=max,test=500`; the library checks them."""
    if "=" in text:
        return {name: _number_or_word(value) for name, value in by_name(text).items()}
    return _number_or_word(text)


def _number_or_word(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text


def splits(text: str) -> dict[str, float] | str:
    """Read `validation=0.05,test=0.05`; a text without an equals sign is the path of a split manifest.

    Raises:
        argparse.ArgumentTypeError: If it is written otherwise.
    """
    if "=" not in text:
        return text
    names = [part.partition("=")[0].strip() for part in text.split(",")]
    try:
        shares = weights(text)
    except argparse.ArgumentTypeError:
        shares = {}
    if len(shares) < len(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not written like validation=0.05,test=0.05, each split once")
    return shares


def entities(text: str) -> dict[str, str] | str:
    """Read `person=model_id,garment=sku`; anything else is a regular expression."""
    return by_name(text) if re.fullmatch(r"(?:person|garment)=[^=,]+(?:,(?:person|garment)=[^=,]+)?", text) else text


def size(text: str) -> tuple[int, int]:
    """Read `256x192` as (height, width).

    Raises:
        argparse.ArgumentTypeError: If it is written otherwise.
    """
    if (numbers := _pair(text, "x")) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not written like 256x192 (height x width)")
    return numbers


def _pair(text: str, separator: str) -> tuple[int, int] | None:
    one, _, other = text.partition(separator)
    return (int(one), int(other)) if one.isdigit() and other.isdigit() else None
