"""A process that dies while a file is on its way."""

import os
import pathlib
import signal
import sys
from vton_hf.exports.staging import staging_directory

with staging_directory(pathlib.Path(sys.argv[1])) as folder:
    (folder / "half").write_text("a shard")
    os.kill(os.getpid(), signal.SIGKILL)
