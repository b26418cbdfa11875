"""A build of `hard`, each chunk held up."""

import json
import sys
import time

import datasets

import vton_hf
from vton_hf.cache.chunks import write

seconds, options = json.loads(sys.argv[1])
publish = write.publish


def slowed(*args):
    publish(*args)
    time.sleep(seconds)


write.publish = slowed
assert vton_hf
ds = datasets.load_dataset("vton_hf", "hard", split="train", **options)
print(len(ds), ds["key"][0])
