"""A disk on which a kilobyte is left once the dataset is built."""

from vton_hf._core import disk

disk.free_bytes = lambda root: 10**12 if root.name == "chunks" else 1000
