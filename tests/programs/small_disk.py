"""A disk with a kilobyte left."""

from vton_hf._core import disk

disk.free_bytes = lambda root: 1000
