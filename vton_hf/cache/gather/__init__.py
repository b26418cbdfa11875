"""Measuring the images of triplets that no build has measured: from chunks on disk, or else from the store."""

from vton_hf.cache.gather.collect import Statistics, collect, forget
from vton_hf.cache.gather.images import StoredImages, ThreeImages
from vton_hf.cache.gather.run import gather

__all__ = ["Statistics", "StoredImages", "ThreeImages", "collect", "forget", "gather"]
