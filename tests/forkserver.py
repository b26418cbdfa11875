"""`python` as multiprocessing starts its fork server: forked as well, where test workers are, in no time instead of 6 s."""

import os
import sys
from pathlib import Path

from tests.python import of_workers


def is_inherited(descriptor: int) -> bool:
    """Whether it was open when this process began; what Python opens it does not pass on."""
    try:
        return os.get_inheritable(descriptor)
    except OSError:  # of the listing itself
        return False


if __name__ == "__main__":
    workers = of_workers()
    assert workers
    passed = [number for number in (int(path.name) for path in Path("/dev/fd").iterdir()) if number > 2]
    passed = [number for number in passed if is_inherited(number)]
    server = workers.start(sys.argv[-1], os.environ, stdout=sys.stdout, stderr=sys.stderr, passed=passed)
    sys.exit(server.wait())
