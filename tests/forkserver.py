"""`python` as multiprocessing starts its fork server: forked as well, where test workers are, in no time instead of 6 s."""

import os
import sys
from pathlib import Path

from tests.python import of_workers


def is_passed(descriptor: int) -> bool:
    """Whether it is no standard stream, and open since before this process began: Python passes on none of its own."""
    try:
        return descriptor > 2 and os.get_inheritable(descriptor)
    except OSError:  # of the listing itself
        return False


if __name__ == "__main__":
    workers = of_workers()
    assert workers
    passed = [number for number in (int(path.name) for path in Path("/dev/fd").iterdir()) if is_passed(number)]
    server = workers.start(sys.argv[-1], os.environ, stdout=sys.stdout, stderr=sys.stderr, passed=passed)
    sys.exit(server.wait())
