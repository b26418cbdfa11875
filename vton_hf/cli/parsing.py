"""The parser behind `vton-hf`: what is mistyped or missing is said with what to write instead."""

import argparse
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

from vton_hf._core.checks import did_you_mean
from vton_hf.errors import redacted

_IN_PYTHON: Final = {"--difficulty-weights": "--weights"}
"""An option as Python spells it, of which another is nearer by its letters."""


class Parser(argparse.ArgumentParser):
    """Of the whole command line, or of one command."""

    def error(self, message: str) -> NoReturn:
        """Show the usage and what is wrong, and exit."""
        if message.endswith("required: MIX"):
            message += " (easy, medium or hard; it stands before PREFIX and --s3-prefix)"
        super().error(redacted(message))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and refuse here what is left over: the whole command line knows no command's options."""
        found, left_over = super().parse_known_args(args, namespace)
        options = [text for text in left_over if text.startswith("--")]
        if options:
            name = options[0].partition("=")[0]
            known = re.findall(r"--[a-z][a-z-]+", self.format_help())
            hint = did_you_mean(_IN_PYTHON.get(name.replace("_", "-"), name), known)
            self.error(f"unknown option {name}.{hint} {self.prog} --help lists them.")
        if getattr(found, "prefixes", None) == [] and not found.s3_prefix:
            self.error(
                "PREFIX is missing. Write where the triplets lie, such as s3://bucket/dataset_ultimate/ or ./data/"
            )
        return found, left_over


Add = Callable[[str, str, str, str], Parser]
"""Adds a command: its usage, what runs it, what it does, an example."""


def adder(several: Any, program: str) -> Add:
    """What adds commands to subparsers; `program` is what is typed before them."""

    def add(usage: str, command: str, purpose: str, example: str) -> Parser:
        part: Parser = several.add_parser(
            usage.partition(" ")[0],
            usage=f"{program} {usage}",
            help=purpose,
            description=purpose[0].upper() + purpose[1:] + ".",
            epilog=f"example: {program} {example}",
            # Else the example is cut at a hyphen.
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        part.set_defaults(command=command)
        return part

    return add
