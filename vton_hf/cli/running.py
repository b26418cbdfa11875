"""Runs one command: its text to stdout, warnings and errors to stderr, its end as an exit code."""

import logging
import os
import sys
from argparse import Namespace
from importlib import import_module
from typing import Final

from datasets.utils import tqdm

from vton_hf.cli.wording import in_its_words
from vton_hf.errors import ConfigError, VTONError, redacted

FAILED: Final = 1
MISUSED: Final = 2
_INTERRUPTED: Final = 130


class FoundError(Exception):
    """A command that went well found what it was to fail on, and has said so."""


def run(args: Namespace) -> int:
    """Run the command that was asked for.

    Args:
        args: Its arguments; `command` names the module and the function.

    Returns:
        0 if all went well, 1 if it failed, 2 if an argument is not allowed.
    """
    _show_warnings(args)
    module, _, function = args.command.partition(":")
    try:
        getattr(import_module(f"vton_hf.cli.{module}"), function)(args)
    except FoundError:
        return FAILED
    except VTONError as error:
        return _fail(error, args, MISUSED if isinstance(error, ConfigError) else FAILED)
    except BrokenPipeError:
        # Whoever reads has read enough, such as `head`; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # Not the store's, which has errors of its own: a cache or an output that cannot be written.
        return _fail(error, args, FAILED)
    except KeyboardInterrupt:
        print("Stopped. Finished chunks are kept; the same command goes on from there.", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _show_warnings(args: Namespace) -> None:
    logger = logging.getLogger("vton_hf")
    for handler in [each for each in logger.handlers if isinstance(each, _ToStderr)]:
        logger.removeHandler(handler)
    logger.addHandler(_ToStderr(args))


class _ToStderr(logging.Handler):
    """Prints beside progress bars instead of into them."""

    def __init__(self, args: Namespace) -> None:
        super().__init__()
        self._args = args

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(in_its_words(self.format(record), self._args), file=sys.stderr)


def _fail(error: Exception, args: Namespace, code: int) -> int:
    text = in_its_words(" ".join(str(error).split()), args)
    print(f"vton-hf: error: {redacted(text)}", file=sys.stderr)
    return code
