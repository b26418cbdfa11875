"""`vton-hf`: arguments in, library calls, text out. The only place that prints or exits."""

import logging
import os
import sys
from collections.abc import Sequence
from typing import Final

from datasets.utils import tqdm

from vton_hf.cli.arguments import parser
from vton_hf.errors import ConfigError, VTONError, redacted
from vton_hf.storage import ANONYMOUSLY

FAILED: Final = 1
MISUSED: Final = 2
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 if all went well, 1 if it failed, 2 if it was asked for in a way that makes no sense.
    """
    _show_warnings()
    args = parser().parse_args(arguments)
    try:
        args.command(args)
    except ConfigError as error:
        return _fail(error, MISUSED)
    except VTONError as error:
        return _fail(error, FAILED)
    except BrokenPipeError:
        # Whoever reads has read enough, such as `head`; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # Not the store's, which has errors of its own: a cache or an output that cannot be written.
        return _fail(error, FAILED)
    except KeyboardInterrupt:
        print("Stopped. Finished chunks are kept; the same command goes on from there.", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _show_warnings() -> None:
    logger = logging.getLogger("vton_hf")
    if not any(isinstance(handler, _ToStderr) for handler in logger.handlers):
        logger.addHandler(_ToStderr())


class _ToStderr(logging.Handler):
    """Prints beside progress bars instead of into them."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)


def _fail(error: Exception, code: int) -> int:
    text = " ".join(str(error).split()).replace(ANONYMOUSLY, "add --anonymous")
    print(f"vton-hf: error: {redacted(text)}", file=sys.stderr)
    return code
