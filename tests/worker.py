"""Workers of pytest-xdist, forked from one process that has imported what takes each of them seconds to import.

`pytest --tx "4*popen//python=python -m tests.worker tests.preloaded"`, instead of `-n 4`. By itself,
`python -m tests.worker tests.preloaded` starts that process beforehand, and keeps it until its own input ends.
"""

import os
import signal
import sys

from tests.python import FORKED_FROM, Python

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which this process only waits for
    _, preloaded, *script = sys.argv
    imported = ["accelerate", "scipy.io", preloaded]
    workers = Python(*imported)
    if not script:
        with workers.connection:
            sys.exit(sys.stdin.read())
    environment = os.environ | {FORKED_FROM: " ".join(imported)}
    worker = workers.start(script[-1], environment, stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr)
    sys.exit(worker.wait())
