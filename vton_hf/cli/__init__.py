"""`vton-hf`: arguments in, library calls, text out. The only place that prints or exits."""

import sys
from collections.abc import Sequence
from importlib import import_module

from vton_hf.cli.arguments import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Those behind `vton-hf`; None takes the process's own.

    Returns:
        0 if all went well, 1 if it failed, 2 if an argument is not allowed.
    """
    args = parser().parse_args(arguments)
    # What takes seconds to import is imported behind `--help` and mistakes.
    try:
        run = import_module("vton_hf.cli.running").run
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return int(run(args))
