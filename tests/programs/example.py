"""One of scripts/examples, on one thread."""

import runpy
import sys
import torch

sys.stdout.reconfigure(line_buffering=True)
torch.set_num_threads(1)  # faster for tiny models, above all where other tests run beside them
script = sys.argv[1]
del sys.argv[0]
sys.path.insert(0, script.rpartition("/")[0])
runpy.run_path(script, run_name="__main__")
