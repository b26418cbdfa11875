"""A worker of pytest-xdist that is forked from a process that has imported what takes each of them seconds to import.

`pytest --tx "4*popen//python=python -m tests.worker"`, instead of `-n 4`.
"""

import os
import signal
import sys

from tests.python import Python

WORKERS = Python("tests.preloaded", "accelerate", "scipy.io")

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which this process only waits for
    worker = WORKERS.start(sys.argv[-1], os.environ, stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr)
    sys.exit(worker.wait())
