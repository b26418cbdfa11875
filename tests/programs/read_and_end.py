"""A process that ends behind its last read."""

import atexit
import json
import sys
import time
from asyncio.selector_events import BaseSelectorEventLoop
from vton_hf.storage import Store, obstore_reader, settings_for

inside, wake = [], BaseSelectorEventLoop._write_to_self


def slowly(loop):
    inside.append(1)
    wake(loop)
    time.sleep(0.1)
    inside.pop()


atexit.register(lambda: print(len(inside)))
BaseSelectorEventLoop._write_to_self = slowly
obstore_reader.FORK_SAFE_READS = 0
uri, options = sys.argv[1], json.loads(sys.argv[2])
assert Store(settings_for(options)).read([uri]) == [b"0"]
